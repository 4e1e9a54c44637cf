"""Vectors that were computed once, kept by model and text."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from workshop_lib.rag.embedders.base import Call, Embedder, Progress, Vectors, last_call
from workshop_lib.rag.embedders.batched import Told
from workshop_lib.rag.embedders.texts import usable
from workshop_lib.rag.embedders.vector_file import Kept, VectorFile

# A run that is killed loses at most so many texts' vectors.
SLICE = 256


class CachedEmbedder:
    """Wraps any embedder, and has its name: its vectors are the same.

    Several processes and threads may share the file. It holds hashes of the texts, not the texts, and may be deleted at
    any time. What is wrong with it is said through logging, and costs only time.

    Queries pass through unless `queries` says otherwise: a query's time should be the model's, and what people ask is
    not written down.

    Args:
        embedder: told from others by its `identity`, or else its name, and its dimension.
        path: the file; its folder is made.
        queries: keep their vectors too, as an evaluation that asks the same ones again and again may want.
    """

    def __init__(self, embedder: Embedder, path: Path, *, queries: bool = False) -> None:
        self._embedder = embedder
        self._file = VectorFile(path)
        self._queries = queries
        self._told = Told()

    @property
    def name(self) -> str:
        """As the wrapped embedder's."""
        return self._embedder.name

    @property
    def identity(self) -> str:
        """As the wrapped embedder's."""
        return str(getattr(self._embedder, "identity", self._embedder.name))

    @property
    def dimension(self) -> int:
        """As the wrapped embedder's."""
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int | None:
        """As the wrapped embedder's."""
        return self._embedder.max_tokens

    @property
    def languages(self) -> frozenset[str]:
        """As the wrapped embedder's."""
        return self._embedder.languages

    @property
    def last(self) -> Call:
        """What the calling thread's last call did: `str(embedder.last)` is "500 cached" or "500 computed"."""
        return self._told.call

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the wrapped embedder's."""
        return self._embedder.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """As `Embedder`; equal texts are computed once."""
        texts = usable(texts)
        keys = [self._key("document", text) for text in texts]
        rows: dict[bytes, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        cut: list[int] = []

        def fill(key: bytes, kept: Kept) -> None:
            vectors[rows[key]] = kept.vector
            cut.extend(rows[key] if kept.cut else ())

        found = self._file.read(list(rows), self.dimension)
        for key, kept in found.items():
            fill(key, kept)
        missing = sorted((key for key in rows if key not in found), key=lambda key: len(texts[rows[key][0]]))
        done = len(texts) - sum(len(rows[key]) for key in missing)
        if progress and done:
            progress(done, len(texts))
        for part in _slices(missing[::-1]):
            computed = self._compute([texts[rows[key][0]] for key in part], progress, done, len(texts))
            fresh = dict(zip(part, computed, strict=True))
            self._file.write(fresh)
            for key, kept in fresh.items():
                fill(key, kept)
            before, done = done, done + sum(len(rows[key]) for key in part)
            if progress and done > before + len(part):
                progress(done, len(texts))
        self._told.call = Call(len(texts), len(missing), tuple(sorted(cut)))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """As `Embedder`."""
        if not self._queries:
            vector = self._embedder.embed_query(text)
            self._told.call = last_call(self._embedder) or Call(1, 1)
            return vector
        key = self._key("query", *usable([text]))
        kept = self._file.read([key], self.dimension).get(key)
        computed = 0
        if kept is None:
            vector, computed = self._embedder.embed_query(text), 1
            kept = Kept(vector, bool((last_call(self._embedder) or Call()).cut))
            self._file.write({key: kept})
        self._told.call = Call(1, computed, (0,) if kept.cut else ())
        return kept.vector

    def _compute(self, texts: list[str], progress: Progress | None, before: int, total: int) -> list[Kept]:
        def onwards(done: int, _: int) -> None:
            if progress:
                progress(before + done, total)

        vectors = self._embedder.embed_documents(texts, onwards if progress else None)
        cut = set((last_call(self._embedder) or Call()).cut)
        return [Kept(vector, row in cut) for row, vector in enumerate(vectors)]

    def _key(self, kind: str, text: str) -> bytes:
        # A model may embed a query and a document with one text differently.
        return hashlib.sha256("\0".join((self.identity, str(self.dimension), kind, text)).encode()).digest()


def _slices(keys: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(keys), SLICE):
        yield keys[start : start + SLICE]
