"""Retrieval: indexing beside the bare encoder, queries, LangChain's Chroma wrapper, and how well each model finds.

    python -m benchmarks.rag [--quick] [--rounds 5] [--only indexing|query|langchain|recall]

Peers run in this process, in turn, on the same chunks. No cache of vectors but for `recall`, which times nothing. A
round of queries asks every answerable question once; its value is the median. *Beyond encoding* is what a call took
less what it spent in the embedder, timed there.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings as Quiet
from langchain_chroma import Chroma
from langchain_core.embeddings import Embeddings
from rich.console import Console
from rich.table import Table

from benchmarks._measure import Figure, figure, in_turn, show
from benchmarks._shelf import OVERLAP, SIZE, Given, Shelf, Timed, chunked
from tests.rag.index.server import Server
from workshop_lib.datasets import Question, load
from workshop_lib.evaluation import Interval
from workshop_lib.rag.embedders import KNOWN, Embedder, TransformerEmbedder, minilm, open_embedder
from workshop_lib.rag.index import Entry
from workshop_lib.rag.measuring import evaluate_retrieval
from workshop_lib.rag.service import RAGService
from workshop_lib.settings import Settings

CHUNKS = 10_000
TOP_K = 5
# In one call of the wrapper: Chroma takes 5,461.
_TOGETHER = 5_000
# A server takes 40 MB.
_A_REQUEST = 1_000

_progress = Console(stderr=True)


class ForLangChain(Embeddings):
    """An embedder as LangChain wants it. To make lists of its vectors is not encoding: the interface asks for it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows: list[list[float]] = self._embedder.embed_documents(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        row: list[float] = self._embedder.embed_query(text).tolist()
        return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="a few pages, 1,000 chunks, 2 rounds: not the figures")
    parser.add_argument("--only", choices=("indexing", "query", "langchain", "recall"), help="this one alone")
    arguments = parser.parse_args()
    chosen = {arguments.only} if arguments.only else {"indexing", "query", "langchain", "recall"}
    rounds, pages, chunks = arguments.rounds, [*load("documents")], CHUNKS
    if arguments.quick:
        rounds, pages, chunks = min(rounds, 2), pages[:20], 1_000
    if chosen - {"recall"}:
        _say("Loading minilm")
        model = minilm()
        model.embed_query("Warm up")
        if "indexing" in chosen:
            show("Indexing, minilm, no cache", indexing(model, pages, rounds))
        if chosen & {"query", "langchain"}:
            texts = [chunk.text for page in pages for chunk in chunked(page)]
            _say(f"Embedding {len(texts):,} chunks for the queries")
            shelf = Shelf(pages, texts, model.embed_documents(texts))
            with Places(model, [*shelf.entries(chunks)]) as places:
                if "query" in chosen:
                    show(f"Query, minilm, {places.chunks:,} chunks, top {TOP_K}", queries(places, rounds))
                if "langchain" in chosen:
                    beside = [*indexing_beside_langchain(model, shelf, rounds), *query_beside_langchain(places, rounds)]
                    show("Beyond encoding, beside LangChain's Chroma wrapper", beside)
    if "recall" in chosen:
        recall(pages)


def indexing(model: TransformerEmbedder, pages: Sequence[Any], rounds: int) -> list[Figure]:
    """`RAGService.index_documents` into a new folder, splitting included, beside the same model's own `encode`."""
    texts = [chunk.text for page in pages for chunk in chunked(page)]
    transformer: Any = model._model()

    def ours() -> float:
        with tempfile.TemporaryDirectory() as folder, _service(model, folder) as service:
            seconds = _seconds(partial(service.index_documents, pages))
            assert service.index.stats().chunks == len(texts)
            return seconds

    def bare() -> float:
        # It sorts by length too; its batch is the one that we take.
        return _seconds(partial(transformer.encode, texts, batch_size=model.batch, show_progress_bar=False))

    _say(f"Indexing {len(texts):,} chunks, {rounds} rounds")
    taken = in_turn({"ours": _told("index", ours), "bare": _told("encode", bare)}, rounds)
    ratios = [b / a for a, b in zip(taken["ours"], taken["bare"], strict=True)]
    return [
        figure(f"encode, {len(texts):,} chunks", taken["bare"]),
        figure("index_documents", taken["ours"]),
        figure("index_documents / encode, chunks per second", ratios, 0.9, "x", at_least=True),
    ]


class Places:
    """The same chunks in a folder and on a `chroma run` server, each by the service and by the wrapper."""

    def __init__(self, model: Embedder, entries: Sequence[Entry]) -> None:
        self._model, self._entries = model, entries
        self._closing = ExitStack()
        self.chunks = sum(len(entry.chunks) for entry in entries)
        self.embedder = Timed(model)
        self.services: dict[str, RAGService] = {}
        self.wrappers: dict[str, Chroma] = {}

    def __enter__(self) -> "Places":
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            server = Server(folder / "server")
            server.start()
            stack.callback(server.stop)
            for name, url in {"folder": str(folder / "ours"), "server": server.url}.items():
                _say(f"Writing {self.chunks:,} chunks, {name}")
                self.services[name] = service = stack.enter_context(_service(self.embedder, url))
                service.index.replace_many(self._entries)
            for name, client in {"folder": _folder(folder / "theirs"), "server": _client(server.url)}.items():
                stack.callback(client.close)
                self.wrappers[name] = wrapper = _wrapper(client, self.embedder)
                self._fill(wrapper)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _fill(self, wrapper: Chroma) -> None:
        # Past the wrapper, which would encode: only its queries are timed here.
        texts, metadatas, ids = _columns(self._entries)
        vectors = np.concatenate([entry.vectors for entry in self._entries])
        for rows in _slices(len(texts), _A_REQUEST):
            wrapper._collection.upsert(ids[rows], vectors[rows], [*metadatas[rows]], texts[rows])


def queries(places: Places, rounds: int) -> list[Figure]:
    """`RAGService.query` on both, beside encoding the question alone."""
    questions = [question.question for question in load("questions").select(answerable=True)]
    calls: dict[str, Callable[[str], object]] = {"encode": places.embedder.embed_query}
    calls |= {name: partial(_query, service) for name, service in places.services.items()}
    _say(f"Asking {len(questions)} questions, {rounds} rounds")
    medians = _rounds_of({name: _whole(call) for name, call in calls.items()}, questions, rounds)
    found = [figure("encode the question, p50", medians["encode"], unit="ms")]
    for name in places.services:
        beyond = [a - b for a, b in zip(medians[name], medians["encode"], strict=True)]
        found += [
            figure(f"query, {name}, p50", medians[name], unit="ms"),
            figure(f"query, {name}, p50 less encoding's", beyond, 5, "ms"),
        ]
    return found


def query_beside_langchain(places: Places, rounds: int) -> list[Figure]:
    """`query` and `similarity_search_with_score` beyond encoding, on both."""
    questions = [question.question for question in load("questions").select(answerable=True)]
    calls: dict[str, Callable[[str], object]] = {}
    for name in places.services:
        calls[f"ours, {name}"] = partial(_query, places.services[name])
        calls[f"langchain, {name}"] = partial(_similar, places.wrappers[name])
    _say(f"Asking {len(questions)} questions of both, {rounds} rounds")

    def beyond(call: Callable[[str], object]) -> Callable[[str], float]:
        return lambda question: _beyond(partial(call, question), places.embedder)

    timed = {name: beyond(call) for name, call in calls.items()}
    return _pairs("query", _rounds_of(timed, questions, rounds), [*places.services], "ms")


def indexing_beside_langchain(model: Embedder, shelf: Shelf, rounds: int) -> list[Figure]:
    """The whole shelf into a new folder, and the same once more, given its vectors."""
    entries = [*shelf.entries(len(shelf.texts))]
    embedder = Timed(Given(model, dict(zip(shelf.texts, shelf.vectors, strict=True))))

    def ours(folder: str) -> Callable[[], object]:
        service = stack.enter_context(_service(embedder, folder))
        return partial(service.index_documents, shelf.pages)

    def theirs(folder: str) -> Callable[[], object]:
        client = _folder(Path(folder))
        stack.callback(client.close)
        wrapper = _wrapper(client, embedder)
        texts, metadatas, ids = _columns(entries)

        def add() -> None:
            for rows in _slices(len(texts), _TOGETHER):
                wrapper.add_texts(texts[rows], metadatas[rows], ids[rows])

        return add

    _say(f"Writing {len(shelf.texts):,} chunks by both, {rounds} rounds")
    taken: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        for name, open_it in {"ours": ours, "langchain": theirs}.items():
            with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
                write = open_it(folder)
                for when in ("new", "again"):
                    seconds = _beyond(write, embedder)
                    if number:
                        taken.setdefault(f"{name}, {when}", []).append(seconds)
    first = _pairs("index the shelf", taken, ["new"], "s")
    again = _pairs("index it, unchanged,", taken, ["again"], "s", goal=None)
    return [*first, *again]


def recall(pages: Sequence[Any]) -> None:
    """recall@1, recall@5 and MRR of each model: pages, of all questions that one answers."""
    table = Table(title="Pages found, with 95 % bootstrap intervals over questions")
    for heading in ("model", "questions", "number", "recall@1", "recall@5", "MRR@10"):
        table.add_column(heading, justify="right" if heading == "number" else "left")
    questions: list[Question] = [*load("questions").select(answerable=True)]
    for name in KNOWN:
        _say(f"Indexing and asking, {name}")
        embedder = open_embedder(name, cache=Settings().workshop_cache)
        with tempfile.TemporaryDirectory() as folder, _service(embedder, folder) as service:
            service.index_documents(pages)
            report = evaluate_retrieval(service, questions, ks=(1, 5))
        for part in report.parts:
            if part.language and part.pages:
                found = part.pages.recall[1], part.pages.recall[5], part.pages.mrr
                table.add_row(name, part.language, str(part.answerable), *map(_interval, found))
    Console(width=120).print(table)


def _service(embedder: Embedder, url: str) -> RAGService:
    return RAGService(embedding_model=embedder, chunk_size=SIZE, chunk_overlap=OVERLAP, url=url, cache=None)


def _wrapper(client: Any, embedder: Embedder) -> Chroma:
    cosine: Any = {"hnsw": {"space": "cosine"}}
    return Chroma("langchain", ForLangChain(embedder), client=client, collection_configuration=cosine)


def _folder(folder: Path) -> Any:
    return chromadb.PersistentClient(folder, settings=Quiet(anonymized_telemetry=False))


def _client(url: str) -> Any:
    port = int(url.rpartition(":")[2])
    return chromadb.HttpClient("127.0.0.1", port, settings=Quiet(anonymized_telemetry=False))


def _columns(entries: Sequence[Entry]) -> tuple[list[str], list[Any], list[str]]:
    """Texts, metadata and ids. The service's own metadata too, so that the wrapper writes as much."""
    rows = [
        (
            chunk.text,
            {
                **entry.metadata,
                "document_id": entry.document_id,
                "chunk_index": chunk.index,
                "chunk_total": chunk.total,
                "start": chunk.start,
                "end": chunk.end,
                "headings": " > ".join(chunk.headings),
            },
            f"{entry.document_id}:{chunk.index}",
        )
        for entry in entries
        for chunk in entry.chunks
    ]
    texts, metadatas, ids = zip(*rows, strict=True)
    return [*texts], [*metadatas], [*ids]


def _slices(rows: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, rows, size)]


def _query(service: RAGService, question: str) -> object:
    found = service.query(question, TOP_K)
    assert len(found) == TOP_K
    return found


def _similar(wrapper: Chroma, question: str) -> object:
    found = wrapper.similarity_search_with_score(question, TOP_K)
    assert len(found) == TOP_K
    return found


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _whole(call: Callable[[str], object]) -> Callable[[str], float]:
    return lambda question: _seconds(partial(call, question))


def _beyond(call: Callable[[], object], embedder: Timed) -> float:
    before = embedder.seconds
    seconds = _seconds(call)
    return seconds - (embedder.seconds - before)


def _rounds_of(
    calls: dict[str, Callable[[str], float]], questions: Sequence[str], rounds: int
) -> dict[str, list[float]]:
    """The median of each round, in milliseconds. Each question is asked of all in turn; the first round warms up."""
    medians: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for question in questions:
            for name, call in calls.items():
                taken[name].append(1000 * call(question))
        if number:
            for name, values in taken.items():
                medians[name].append(statistics.median(values))
    return medians


def _pairs(
    what: str, taken: dict[str, list[float]], cases: Sequence[str], unit: str, goal: float | None = 0.5
) -> list[Figure]:
    figures = []
    for case in cases:
        ours, theirs = taken[f"ours, {case}"], taken[f"langchain, {case}"]
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        figures += [
            figure(f"{what} {case}: LangChain", theirs, unit=unit),
            figure(f"{what} {case}: ours", ours, unit=unit),
            figure(f"{what} {case}: ours / LangChain", ratios, goal, "x"),
        ]
    return figures


def _told(what: str, run: Callable[[], float]) -> Callable[[], float]:
    def telling() -> float:
        seconds = run()
        _say(f"  {what}: {seconds:.1f} s")
        return seconds

    return telling


def _interval(interval: Interval) -> str:
    return f"{interval.estimate:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def _say(what: str) -> None:
    _progress.log(what, _stack_offset=2)


if __name__ == "__main__":
    main()
