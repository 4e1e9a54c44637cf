"""Chroma collections for a check, gone when it ends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from chromadb import Collection


@contextmanager
def collection(space: str = "cosine") -> Iterator["Collection"]:
    """A collection of this process's memory, with a name that nobody else has."""
    import chromadb

    client = chromadb.EphemeralClient()
    name = f"check-{uuid4().hex}"
    configuration: Any = {"hnsw": {"space": space}}
    try:
        yield client.create_collection(name, configuration=configuration, embedding_function=None)
    finally:
        client.delete_collection(name)


def one_hot(number: int, dimension: int = 16) -> list[list[float]]:
    """`number` vectors, no two alike."""
    return [[float(column == row % dimension) for column in range(dimension)] for row in range(number)]


def texts(records: "Collection", ids: Sequence[str] | None = None) -> list[str]:
    """What the collection holds, sorted."""
    return sorted(records.get(ids=None if ids is None else list(ids), include=["documents"])["documents"] or [])
