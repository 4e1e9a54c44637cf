"""Documents with cheap vectors: what they say doesn't matter here, only that it is kept whole."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workshop_lib.rag.chunking import Chunk
from workshop_lib.rag.index import ChromaIndex, Entry, open_index
from workshop_lib.rag.results import Result, Value

DIMENSION = 4
RECIPE: dict[str, Any] = {"model": "cheap", "dimension": DIMENSION, "chunk_size": 500, "chunk_overlap": 50}


class Place(NamedTuple):
    """A collection of one test's own."""

    url: str
    collection: str

    def open(self, **changes: Any) -> ChromaIndex:
        return open_index(self.url, self.collection, **(RECIPE | changes))


def chunks(texts: Iterable[str], headings: tuple[str, ...] = ()) -> list[Chunk]:
    """As if cut from a page in which they follow one another."""
    pieces, start = [*texts], 0
    made = []
    for index, text in enumerate(pieces):
        made.append(Chunk(text, start, start + len(text), index, len(pieces), headings))
        start += len(text) + 1
    return made


def vectors(number: int, seed: int = 0, dimension: int = DIMENSION) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(number, dimension)).astype(np.float32)


def entry(document_id: str, version: int = 0, size: int = 3, **metadata: Value) -> Entry:
    pieces = chunks(f"{document_id}, version {version}, chunk {number}." for number in range(size))
    seed = int.from_bytes(f"{document_id} {version}".encode(), "big")
    return Entry(document_id, pieces, vectors(size, seed), {"version": version, **metadata})


def put(index: ChromaIndex, one: Entry) -> bool:
    return index.replace(one.document_id, one.chunks, one.vectors, one.metadata)


def everything(index: ChromaIndex, where: Mapping[str, Any] | None = None) -> list[Result]:
    return index.search(np.ones(DIMENSION), 100_000, where)


def raw_ids(index: ChromaIndex) -> set[str]:
    """What is in Chroma, current or not: a full scan behind the index's back."""
    return set(index._store.collection.get(include=[])["ids"])


def by_document(results: Iterable[Result]) -> dict[str, list[Result]]:
    found = defaultdict(list)
    for result in results:
        found[result.document_id].append(result)
    return dict(found)


def is_whole(results: list[Result]) -> bool:
    """Whether these are all the chunks of one version of one document."""
    total = results[0].metadata["chunk_total"]
    return len({result.metadata["version"] for result in results}) == 1 and sorted(
        int(result.metadata["chunk_index"]) for result in results
    ) == [*range(int(total))]
