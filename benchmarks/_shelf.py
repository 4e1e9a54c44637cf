"""The shelf's chunks with their vectors, as many of them as a benchmark wants, and embedders that tell their time."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from workshop_lib.datasets import Document
from workshop_lib.rag.chunking import Chunk, split
from workshop_lib.rag.embedders import Embedder, Progress, Vectors
from workshop_lib.rag.index import Entry

SIZE, OVERLAP = 500, 50
# Copies are told apart from the page, and from one another, by about as much as neighbouring chunks are.
_PERTURBED = 0.5


class Timed:
    """An embedder that adds up the seconds it took, so that what is beyond encoding can be told."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.seconds = 0.0
        self.name, self.dimension = embedder.name, embedder.dimension
        self.max_tokens, self.languages = embedder.max_tokens, embedder.languages

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        start = time.perf_counter()
        try:
            return self._embedder.embed_documents(texts, progress)
        finally:
            self.seconds += time.perf_counter() - start

    def embed_query(self, text: str) -> Vectors:
        start = time.perf_counter()
        try:
            return self._embedder.embed_query(text)
        finally:
            self.seconds += time.perf_counter() - start

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)


class Given:
    """An embedder that was told the vectors: what is left of indexing is not encoding."""

    max_tokens, languages = None, frozenset[str]()

    def __init__(self, embedder: Embedder, vectors: Mapping[str, Vectors]) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self._vectors = vectors

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        return np.stack([self._vectors[text] for text in texts])

    def embed_query(self, text: str) -> Vectors:
        return self._vectors[text]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


@dataclass(frozen=True)
class Shelf:
    """Pages, and their chunks embedded."""

    pages: list[Document]
    texts: list[str]
    vectors: Vectors

    def entries(self, chunks: int) -> Iterator[Entry]:
        """At least so many chunks: each page, then copies of it with perturbed vectors, until there are enough."""
        random = np.random.default_rng(0)
        made = 0
        for copy, page, rows in self._pages_for_ever():
            if made >= chunks:
                return
            vectors = self.vectors[rows.start : rows.stop]
            if copy:
                noise = random.normal(size=vectors.shape) * _PERTURBED / np.sqrt(vectors.shape[1])
                vectors = vectors + noise.astype(np.float32)
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            made += len(rows)
            yield Entry(f"{page.id}#{copy}", chunked(page), vectors, metadata(page))

    def _pages_for_ever(self) -> Iterator[tuple[int, Document, range]]:
        start = copy = 0
        for page in cycle(self.pages):
            rows = range(start, start + len(chunked(page)))
            yield copy, page, rows
            start = rows.stop
            if start == len(self.texts):
                start, copy = 0, copy + 1


def chunked(page: Document) -> list[Chunk]:
    return split(page.text, size=SIZE, overlap=OVERLAP, headings=page.headings)


def metadata(page: Document) -> dict[str, str]:
    return {"title": page.title, "language": page.language, "source": page.filename}
