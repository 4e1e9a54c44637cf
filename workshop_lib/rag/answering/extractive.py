"""An answer made of the documents' own sentences."""

from collections.abc import Sequence

from workshop_lib.i18n import _
from workshop_lib.rag.answering.scoring import Overlap, confidence
from workshop_lib.rag.answering.sentences import Sentence, sentences
from workshop_lib.rag.results import Answer, Citation, Result


class ExtractiveAnswerer:
    """Cites the sentences that seem to answer best, as `scoring` describes; the same input gives the same answer.

    Args:
        threshold: abstain where the `confidence` is below it; None to abstain only where nothing was found.
        most: the most sentences in an answer.
    """

    def __init__(self, threshold: float | None = None, *, most: int = 3) -> None:
        self.threshold = threshold
        self.most = most

    def answer(self, question: str, results: Sequence[Result], *, warning: str | None = None) -> Answer:
        """The best sentences of `results`, best first, or none where the documents don't seem to know.

        Args:
            results: nearest first, as `RAGService.query` and `ChromaIndex.search` give them.
            warning: handed on in the answer.
        """
        score = confidence(question, results)
        abstained = not results or (self.threshold is not None and score < self.threshold)
        citations: tuple[Citation, ...] = ()
        if not abstained:
            best = Overlap(question, list(sentences(results))).best(self.most)
            citations = tuple(_citation(number, *scored) for number, scored in enumerate(best, start=1))
        return Answer(
            question=question,
            text=" ".join(map(cited, citations)) if citations else _("The documents don't answer this."),
            citations=citations,
            abstained=abstained,
            score=score,
            threshold=self.threshold,
            results=tuple(results),
            warning=warning,
        )


def cited(citation: Citation) -> str:
    """The sentence on one line, followed by its number: ``Use a Response. [1]``."""
    return f"{' '.join(citation.text.split())} [{citation.number}]"


def _citation(number: int, sentence: Sentence, score: float) -> Citation:
    title = sentence.result.metadata.get("title")
    return Citation(
        number=number,
        document_id=sentence.result.document_id,
        chunk_id=sentence.result.id,
        start=sentence.start,
        end=sentence.end,
        text=sentence.text,
        score=score,
        title=str(title) if title else None,
    )
