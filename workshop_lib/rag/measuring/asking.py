"""Asks a service, and keeps the times."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any, Protocol

from workshop_lib.rag.measuring.judging import page_ranking
from workshop_lib.rag.measuring.report import Latency
from workshop_lib.rag.results import Result

Filter = Mapping[str, Any]

_CHUNKS_A_PAGE = 5


class Retriever(Protocol):
    """What is measured. If it also has `answer(question)`, whose result says `abstained`, its silence is measured; if
    it has `embedder` and `index`, as `RAGService` does, the time of each is, and pages that aren't there don't count.
    """

    def query(self, query_text: str, top_k: int = 5, filter: Filter | None = None) -> list[Result]:
        """The nearest chunks, nearest first."""
        ...


class Asking:
    """Asks, and keeps the times."""

    def __init__(self, service: Retriever, top_k: int, filter: Filter | None) -> None:
        self._service, self._top_k, self._filter = service, top_k, filter
        self._answer = getattr(service, "answer", None)
        self._embed = getattr(getattr(service, "embedder", None), "embed_query", None)
        self._search = getattr(getattr(service, "index", None), "search", None)
        self._times: dict[str, list[float]] = {}

    def warm_up(self, question: str) -> None:
        """The first question loads the model: it is no question's time."""
        self._service.query(question, top_k=self._top_k, filter=self._filter)

    def rank(self, question: str, places: int) -> list[Result]:
        """Chunks enough for `places` pages, where there are so many."""
        self._timed("query", self._service.query, question, self._top_k, self._filter)
        if self._embed and self._search:
            vector = self._timed("embedding", self._embed, question)
            self._timed("search", self._search, vector, self._top_k, self._filter)
        top_k = places * _CHUNKS_A_PAGE
        while True:
            results = self._service.query(question, top_k=top_k, filter=self._filter)
            if len(results) < top_k or len(page_ranking(results)) >= places:
                return results
            top_k *= 2

    def abstains(self, question: str) -> bool | None:
        if self._answer is None:
            return None
        # As a reader asks: `answer` has a top_k of its own, on which its threshold was chosen.
        return bool(self._timed("answer", partial(self._answer, filter=self._filter), question).abstained)

    def latency(self) -> Latency:
        def of(name: str) -> float | None:
            return median(self._times[name]) * 1000 if name in self._times else None

        return Latency(of("query") or 0.0, of("embedding"), of("search"), of("answer"))

    def _timed(self, name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        result = call(*arguments)
        self._times.setdefault(name, []).append(time.perf_counter() - start)
        return result
