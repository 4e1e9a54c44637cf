"""From a question to what was found, and to an answer: the reading half of the service."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from workshop_lib.datasets import Question, load
from workshop_lib.evaluation import Scored, Threshold, choose_threshold
from workshop_lib.i18n import _
from workshop_lib.rag.answering import SHIPPED, ExtractiveAnswerer, cited, confidence
from workshop_lib.rag.embedders import Embedder, Vectors, knows, last_call
from workshop_lib.rag.errors import EmptyQuery, InvalidQuery, QueryTooLong
from workshop_lib.rag.index import ChromaIndex
from workshop_lib.rag.languages import language_warning
from workshop_lib.rag.metrics import RagMetrics
from workshop_lib.rag.results import Answer, AnswerEnd, AnswerText, Result

LONGEST_QUESTION = 4_000
"""In characters. minilm reads about a thousand of them; what is longer is a text, not a question."""

Limit = float | Literal["calibrated"] | None
"""A threshold; "calibrated" for the embedder's own; None to answer whatever was found."""


class Ask(NamedTuple):
    """A question and how to answer it, as `RAGService.answer` takes it."""

    question: str
    top_k: int
    where: Mapping[str, Any] | None
    threshold: Limit = "calibrated"
    language: str | None = None


class Asking:
    """Embeds, searches and answers; each stage is timed."""

    def __init__(self, embedder: Embedder, index: ChromaIndex, metrics: RagMetrics) -> None:
        self._embedder, self._index, self._metrics = embedder, index, metrics

    def results(self, ask: Ask) -> list[Result]:
        """What is nearest to the question."""
        self._count_and_check(ask.question)
        return self._search(self._embed(ask.question)[0], ask)

    def answer(self, ask: Ask) -> Answer:
        """What the documents say to it."""
        self._count_and_check(ask.question)
        vector, cut = self._embed(ask.question)
        return self._compose(ask, self._search(vector, ask), cut)

    def stream(self, ask: Ask) -> AsyncGenerator[AnswerText | AnswerEnd, None]:
        """The same a sentence at a time. A question that can't be asked is refused here, not at the first part."""
        self._count_and_check(ask.question)
        return self._stream(ask)

    def calibrate(self, questions: Iterable[Question] | None) -> Threshold:
        """The threshold that tells best which questions the documents answer."""
        if questions is None:
            calibration = load("questions").select(split="calibrate")
            questions = [question for question in calibration if knows(self._embedder, question.language)]
        return choose_threshold([self._scored(question) for question in questions])

    async def _stream(self, ask: Ask) -> AsyncGenerator[AnswerText | AnswerEnd, None]:
        # Each stage is its own call of a thread: when the consumer leaves, the one under way ends and none begins.
        vector, cut = await asyncio.to_thread(self._embed, ask.question)
        results = await asyncio.to_thread(self._search, vector, ask)
        answer = await asyncio.to_thread(self._compose, ask, results, cut)
        if not answer.citations:
            yield AnswerText(answer.text)
        for citation in answer.citations:
            space = "" if citation.number == 1 else " "
            yield AnswerText(space + cited(citation), citation)
        yield AnswerEnd(answer)

    def _scored(self, question: Question) -> Scored:
        vector = self._embedder.embed_query(question.question)
        return Scored(confidence(question.question, self._index.search(vector)), question.answerable)

    def _count_and_check(self, question: str) -> None:
        self._metrics.queries.inc()
        if not isinstance(question, str):
            raise InvalidQuery(_("expected a question as text, got {kind}").format(kind=type(question).__name__))
        if len(question) > LONGEST_QUESTION:
            raise QueryTooLong(len(question), LONGEST_QUESTION)
        if not question.strip():
            raise EmptyQuery

    def _embed(self, question: str) -> tuple[Vectors, bool]:
        """The vector, and whether the model read only the question's beginning."""
        with self._metrics.duration.labels("embed").time():
            vector = self._embedder.embed_query(question)
            return vector, bool((call := last_call(self._embedder)) and call.cut)

    def _search(self, vector: Vectors, ask: Ask) -> list[Result]:
        with self._metrics.duration.labels("search").time():
            return self._index.search(vector, ask.top_k, ask.where)

    def _compose(self, ask: Ask, results: list[Result], cut: bool) -> Answer:
        with self._metrics.duration.labels("answer").time():
            warnings = [language_warning(self._embedder, ask.question, ask.language)]
            threshold = SHIPPED.get(self._embedder.name) if ask.threshold == "calibrated" else ask.threshold
            if ask.threshold == "calibrated" and threshold is None:
                warnings.append(
                    _(
                        "No threshold is known for {model}, so an answer was given however little the documents seem "
                        "to know. RAGService.calibrate(questions) finds one."
                    ).format(model=self._embedder.name)
                )
            if cut:
                warnings.append(
                    _("{model} read only the beginning of the question. Ask in fewer words.").format(
                        model=self._embedder.name
                    )
                )
            warning = " ".join(each for each in warnings if each) or None
            return ExtractiveAnswerer(threshold).answer(ask.question, results, warning=warning)
