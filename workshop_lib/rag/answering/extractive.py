"""An answer made of the documents' own sentences."""

from collections.abc import Sequence

from workshop_lib.i18n import _
from workshop_lib.rag.answering.scoring import score
from workshop_lib.rag.answering.sentences import Sentence, sentences
from workshop_lib.rag.results import Answer, Citation, Result


class ExtractiveAnswerer:
    """Chooses the sentences that answer best; no model is called.

    Args:
        threshold: abstain where the best relevance score is below it; None to abstain only where nothing is found.
        most: the most sentences in an answer.
    """

    def __init__(self, threshold: float | None = None, *, most: int = 2) -> None:
        self.threshold = threshold
        self.most = most

    def answer(self, question: str, results: Sequence[Result], *, warning: str | None = None) -> Answer:
        """The sentences of `results` that answer best, cited, or none where they don't seem to.

        Args:
            results: nearest first.
            warning: handed on in the answer.
        """
        best = max((result.relevance_score for result in results), default=0.0)
        candidates = list(sentences(results))
        if not candidates or (self.threshold is not None and best < self.threshold):
            return Answer(
                question, _("The documents don't answer this."), (), True, best, self.threshold, tuple(results), warning
            )
        scores = score(question, candidates)
        order = sorted(range(len(candidates)), key=lambda index: (-scores[index], index))[: self.most]
        citations = tuple(
            _citation(number, candidates[index], scores[index]) for number, index in enumerate(order, start=1)
        )
        return Answer(
            question, " ".join(map(shown, citations)), citations, False, best, self.threshold, tuple(results), warning
        )


def shown(citation: Citation) -> str:
    """The sentence on one line, with its number."""
    return f"{' '.join(citation.text.split())} [{citation.number}]"


def _citation(number: int, sentence: Sentence, points: float) -> Citation:
    title = sentence.result.metadata.get("title")
    return Citation(
        number,
        sentence.result.document_id,
        sentence.result.id,
        sentence.start,
        sentence.end,
        sentence.text,
        points,
        str(title) if title else None,
    )
