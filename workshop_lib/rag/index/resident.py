"""The current chunks of a folder, held in memory and compared one by one with what is asked.

Why not by Chroma: a call into it takes 1.5 ms at 10,000 chunks of 384 numbers, and 0.5 ms more go by until what it
finds is checked and shaped. Comparing with all of them takes 0.3 to 0.6 ms, and the few texts wanted are at hand. A
folder is open in one process at a time, so nobody else can change what is held. What is found is exact, and the same
in every run: HNSW, Chroma's index, may miss a neighbour.

It is read at the first search (0.5 s for 10,000 chunks of 384) and kept in step by the writer, in the step in which
the manifest changes. A reader takes a `Snapshot`, which never changes: it needs neither a lock nor a second look.

Past `LIMIT` numbers (64 MiB of vectors, half as much again for room to grow, and as much for texts and metadata; 43,690
chunks of 384) it lets go of all of it, and Chroma answers until the folder is opened again: there its index is the
faster one too. A server's chunks are never held: other processes write there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workshop_lib.rag.index.entries import RESERVED, Place, Prepared, Vectors, place, record_id
from workshop_lib.rag.index.filters import Where
from workshop_lib.rag.index.manifest import Manifest
from workshop_lib.rag.index.predicates import fields, predicate
from workshop_lib.rag.index.search import ordered, rounded
from workshop_lib.rag.results import Result, Value

if TYPE_CHECKING:
    from chromadb import Collection

LIMIT = 2**24

_PAGE = 1_000
_SMALLEST = 1_024
# What 32 bits may lose over some hundred products of a vector of length 1, with room.
_BLUR = 1e-5
_OF_A_CHUNK = frozenset(RESERVED) - {"document_id"}


class _Record(NamedTuple):
    id: str
    text: str
    metadata: Mapping[str, Value]


class Snapshot:
    """The chunks that were current in one moment.

    The arrays and lists are shared with later snapshots, which only add behind what this one reads.
    """

    def __init__(
        self,
        vectors: Vectors,
        owners: npt.NDArray[np.int64],
        current: npt.NDArray[np.bool_],
        records: Sequence[_Record],
        first: Sequence[int],
    ) -> None:
        """`owners`: of each row, the document's version; `current` and `first` (row): of each version."""
        self._vectors, self._owners, self._records, self._first = vectors, owners, records, first
        self._current = current
        self._rows = current[owners]

    def nearest(self, vector: npt.NDArray[np.float32], top_k: int, where: Where | None) -> list[Result]:
        """As `search.nearest`."""
        rows = self._rows if where is None else self._rows & self._chosen(where)
        top_k = min(top_k, int(np.count_nonzero(rows)))
        if not top_k:
            return []
        asked = _unit(vector[None])[0]
        # Row by row. BLAS's product reads memory in an order that takes twice as long where other work has been in
        # between, as a model's is, and starts threads, which on a busy machine wait for one another.
        similar = np.where(rows, np.vecdot(self._vectors, asked.astype(np.float32)), -np.inf)
        least = np.partition(similar, -top_k)[-top_k]
        near = np.flatnonzero(similar >= least - _BLUR)
        # In 64 bits, so that equal vectors are equally near wherever they lie.
        distances = 1.0 - self._vectors[near].astype(np.float64) @ asked
        found: list[tuple[float, Place, int]] = sorted(
            (rounded(distance), place(self._records[row].id), row)
            for distance, row in zip(distances.tolist(), near.tolist(), strict=True)
        )
        return [self._result(row, distance) for distance, _, row in found[:top_k]]

    def _chosen(self, where: Where) -> npt.NDArray[np.bool_]:
        holds = predicate(where)
        if fields(where) & _OF_A_CHUNK:
            return np.fromiter((holds(self._records[row].metadata) for row in range(len(self._owners))), dtype=np.bool_)
        # All else is the document's: one look a document, at its first chunk.
        return np.fromiter(
            (
                bool(is_current) and holds(self._records[self._first[owner]].metadata)
                for owner, is_current in enumerate(self._current)
            ),
            dtype=np.bool_,
        )[self._owners]

    def _result(self, row: int, distance: float) -> Result:
        record = self._records[row]
        return Result(record.id, record.text, distance, dict(record.metadata))


class _Held:
    """Rows that are only ever added; what is no longer current stays until there is no room."""

    def __init__(self, dimension: int, capacity: int) -> None:
        self._vectors = np.zeros((capacity, dimension), dtype=np.float32)
        self._owners = np.zeros(len(self._vectors), dtype=np.int64)
        self._records: list[_Record] = []
        self._first: list[int] = []
        self._owner_of: dict[str, int] = {}

    @property
    def free(self) -> int:
        return len(self._vectors) - len(self._records)

    def add(self, document_id: str, records: Iterable[_Record], vectors: npt.NDArray[np.floating[Any]]) -> None:
        start = len(self._records)
        self._owner_of[document_id] = len(self._first)
        self._vectors[start : start + len(vectors)] = _unit(vectors)
        self._owners[start : start + len(vectors)] = len(self._first)
        self._first.append(start)
        self._records.extend(records)

    def remove(self, document_id: str) -> None:
        self._owner_of.pop(document_id, None)

    @property
    def chunks(self) -> int:
        """How many are current."""
        return sum(len(rows) for _, rows in self._documents())

    def compacted(self, capacity: int) -> "_Held":
        """The current ones alone, in new arrays: a reader may still have the old."""
        held = _Held(self._vectors.shape[1], capacity)
        for document_id, rows in self._documents():
            held.add(document_id, self._records[rows.start : rows.stop], self._vectors[rows.start : rows.stop])
        return held

    def snapshot(self) -> Snapshot:
        current = np.zeros(len(self._first), dtype=np.bool_)
        current[[*self._owner_of.values()]] = True
        rows = len(self._records)
        return Snapshot(self._vectors[:rows], self._owners[:rows], current, self._records, self._first)

    def _documents(self) -> Iterator[tuple[str, range]]:
        ends = [*self._first[1:], len(self._records)]
        for document_id, owner in self._owner_of.items():
            yield document_id, range(self._first[owner], ends[owner])


class Resident:
    """What of a folder's collection is in memory, if it is. All changes are made while `manifest.still` is held."""

    def __init__(self, collection: "Collection", manifest: Manifest, dimension: int) -> None:
        self._collection, self._manifest, self._dimension = collection, manifest, dimension
        self._held: _Held | None = None
        self._snapshot: Snapshot | None = None
        self._over = False

    def snapshot(self) -> Snapshot | None:
        """What is current now, read first if need be; None where Chroma has to be asked."""
        snapshot = self._snapshot
        if snapshot is not None or self._over:
            return snapshot
        with self._manifest.still:
            if self._snapshot is None and not self._over:
                self._read()
            return self._snapshot

    def replace(self, documents: Sequence[Prepared]) -> None:
        """These have become current."""
        with self._manifest.still:
            if (held := self._held) is None:
                return
            for document in documents:
                held.remove(document.document_id)
            new = sum(len(document.ids) for document in documents)
            if held.free < new:
                chunks = held.chunks + new
                if self._is_too_much(chunks):
                    self.end()
                    return
                self._held = held = held.compacted(_with_room(chunks))
            for document in documents:
                records = zip(document.ids, document.texts, map(ordered, document.metadatas), strict=True)
                held.add(document.document_id, map(_Record._make, records), document.vectors)
            self._snapshot = held.snapshot()

    def remove(self, document_id: str) -> None:
        """It has no current version any more."""
        with self._manifest.still:
            if self._held is not None:
                self._held.remove(document_id)
                self._snapshot = self._held.snapshot()

    def discard(self) -> None:
        """A write failed: what is held may not be what is there. The next search reads it anew."""
        with self._manifest.still:
            self._held = self._snapshot = None

    def end(self) -> None:
        """Hold nothing from now on."""
        with self._manifest.still:
            self._over = True
            self.discard()

    def _is_too_much(self, chunks: int) -> bool:
        return chunks * self._dimension > LIMIT

    def _read(self) -> None:
        editions = self._manifest.everything()
        chunks = sum(edition.chunks for edition in editions.values())
        if self._is_too_much(chunks):
            self.end()
            return
        held = _Held(self._dimension, _with_room(chunks))
        ids = {
            document_id: [record_id(document_id, index, edition.version) for index in range(edition.chunks)]
            for document_id, edition in editions.items()
        }
        for page in _pages(ids):
            there = self._get([each for _, of_document in page for each in of_document])
            for document_id, of_document in page:
                if found := [there[each] for each in of_document if each in there]:
                    held.add(document_id, [record for record, _ in found], np.stack([vector for _, vector in found]))
        self._held, self._snapshot = held, held.snapshot()

    def _get(self, ids: list[str]) -> dict[str, tuple[_Record, Vectors]]:
        got: Mapping[str, Any] = self._collection.get(ids=ids, include=["embeddings", "documents", "metadatas"])
        columns = (got[column] for column in ("ids", "documents", "metadatas", "embeddings"))
        return {
            each: (_Record(each, text, ordered(metadata)), vector)
            for each, text, metadata, vector in zip(*columns, strict=True)
        }


def _with_room(chunks: int) -> int:
    return max(chunks + chunks // 2, _SMALLEST)


def _pages(ids: Mapping[str, list[str]]) -> Iterator[list[tuple[str, list[str]]]]:
    """Whole documents, about `_PAGE` chunks at a time: fewer are slower to get, and more as well."""
    page: list[tuple[str, list[str]]] = []
    rows = 0
    for document_id, of_document in ids.items():
        page.append((document_id, of_document))
        rows += len(of_document)
        if rows >= _PAGE:
            yield page
            page, rows = [], 0
    if page:
        yield page


def _unit(vectors: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Each row at length 1; a row of zeros stays, and is as far from everything as what is at right angles."""
    exact = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0)
    return unit
