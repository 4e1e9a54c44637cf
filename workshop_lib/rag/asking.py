"""From a question to what was found, and to an answer: the reading half of the service."""

import asyncio
import math
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from workshop_lib.datasets import Question, load
from workshop_lib.evaluation import Scored, Threshold, choose_threshold
from workshop_lib.i18n import _
from workshop_lib.rag.answering import SHIPPED, ExtractiveAnswerer, cited, confidence
from workshop_lib.rag.embedders import Embedder, Vectors, knows
from workshop_lib.rag.embedders.texts import usable
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
    top_k: int = 5
    where: Mapping[str, Any] | None = None
    threshold: Limit = "calibrated"
    language: str | None = None


class Asking:
    """Embeds, searches and answers; each stage is timed."""

    def __init__(self, embedder: Embedder, index: ChromaIndex, metrics: RagMetrics) -> None:
        self._embedder, self._index, self._metrics = embedder, index, metrics

    def results(self, ask: Ask) -> list[Result]:
        """What is nearest to the question."""
        self._count_and_check(ask.question)
        return self._search(self._embed(ask.question), ask)

    def answer(self, ask: Ask) -> Answer:
        """What the documents say to it."""
        self._count_and_check(ask.question)
        return self._compose(ask, self._search(self._embed(ask.question), ask))

    def answer_from(self, ask: Ask, results: Sequence[Result]) -> Answer:
        """What these results say to it. It is no query: finding them was."""
        _check(ask.question)
        return self._compose(ask, results)

    def warning(self, question: str, language: str | None = None) -> str | None:
        """What a reader should know of how the model reads the question."""
        _check(question)
        warnings = [language_warning(self._embedder, question, language)]
        if self._is_cut(question):
            text = _("{model} read only the beginning of the question. Ask in fewer words.")
            warnings.append(text.format(model=self._embedder.name))
        return _joined(warnings)

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
        vector = await asyncio.to_thread(self._embed, ask.question)
        results = await asyncio.to_thread(self._search, vector, ask)
        answer = await asyncio.to_thread(self._compose, ask, results)
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
        _check(question)

    def _embed(self, question: str) -> Vectors:
        with self._metrics.duration.labels("embed").time():
            return self._embedder.embed_query(question)

    def _is_cut(self, question: str) -> bool:
        limit = self._embedder.max_tokens
        # A token takes a byte at the least, so a short question need not be counted.
        return (
            limit is not None
            and len(question.encode()) > limit - 2
            and self._embedder.count_tokens([question])[0] > limit
        )

    def _search(self, vector: Vectors, ask: Ask) -> list[Result]:
        with self._metrics.duration.labels("search").time():
            return self._index.search(vector, ask.top_k, ask.where)

    def _compose(self, ask: Ask, results: Sequence[Result]) -> Answer:
        with self._metrics.duration.labels("answer").time():
            warnings = [self.warning(ask.question, ask.language)]
            threshold = SHIPPED.get(self._embedder.name) if ask.threshold == "calibrated" else _number(ask.threshold)
            if ask.threshold == "calibrated" and threshold is None:
                text = _(
                    "No threshold is known for {model}, so an answer was given however little the documents seem "
                    "to know. RAGService.calibrate(questions) finds one."
                )
                warnings.append(text.format(model=self._embedder.name))
            return ExtractiveAnswerer(threshold).answer(ask.question, results, warning=_joined(warnings))


def _check(question: str) -> None:
    if not isinstance(question, str):
        raise InvalidQuery(_("expected a question as text, got {kind}").format(kind=type(question).__name__))
    if len(question) > LONGEST_QUESTION:
        raise QueryTooLong(len(question), LONGEST_QUESTION)
    if not question.strip():
        raise EmptyQuery
    usable([question])


def _number(threshold: object) -> float | None:
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or math.isnan(threshold):
        raise InvalidQuery(
            _("expected a threshold from 0 to 1, 'calibrated' or None, got {threshold!r}").format(threshold=threshold)
        )
    return threshold


def _joined(warnings: Iterable[str | None]) -> str | None:
    return " ".join(each for each in warnings if each) or None
