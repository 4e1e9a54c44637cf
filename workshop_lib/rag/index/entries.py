"""A document as the index takes it, checked and turned into records before anything is written.

A record's id is `document id:chunk index:version`. The version is a hash of all that a document's chunks and metadata
say, so the same content has the same ids wherever and however often it is indexed, and two versions of a document
never share one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _
from workshop_lib.rag.chunking import Chunk
from workshop_lib.rag.errors import InvalidEntry
from workshop_lib.rag.index.values import STORABLE, encodes, storable
from workshop_lib.rag.results import Value

Vectors = npt.NDArray[np.float32]

RESERVED = ("document_id", "chunk_index", "chunk_total", "start", "end", "headings")
_SEPARATOR = " > "


@dataclass(frozen=True, eq=False)
class Entry:
    """A document to index.

    Attributes:
        document_id: names the document; indexing another under the same id replaces it.
        chunks: all of them, in order.
        vectors: one a chunk, shape (chunks, dimension).
        metadata: the caller's own: text, finite numbers, integers of 64 bits, true and false.
    """

    document_id: str
    chunks: Sequence[Chunk]
    vectors: Vectors
    metadata: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The records of one document, ready to be written."""

    document_id: str
    version: str
    ids: list[str]
    vectors: Vectors
    texts: list[str]
    metadatas: list[dict[str, Value]]


class Place(NamedTuple):
    """What a record's id says."""

    document_id: str
    chunk_index: int
    version: str


def record_id(document_id: str, chunk_index: int, version: str) -> str:
    """The id of one chunk's record: nothing in it depends on when, where or how often the document is indexed."""
    return f"{document_id}:{chunk_index}:{version}"


def place(record: str) -> Place:
    """Read a record's id. A document id may hold colons: the other two parts can't."""
    document_id, index, version = record.rsplit(":", 2)
    return Place(document_id, int(index), version)


def chunk_metadata(document_id: str, chunk: Chunk, metadata: Mapping[str, Value]) -> dict[str, Value]:
    """What is kept with a chunk: the `RESERVED` keys, then the caller's own."""
    return {
        "document_id": document_id,
        "chunk_index": chunk.index,
        "chunk_total": chunk.total,
        "start": chunk.start,
        "end": chunk.end,
        "headings": _SEPARATOR.join(chunk.headings),
        **metadata,
    }


def prepare(entry: Entry, dimension: int) -> Prepared:
    """The records of `entry`.

    Raises:
        InvalidEntry: no chunks or not all of them, vectors of another shape or not finite, a reserved metadata key, or
            a value that Chroma would not give back as it was.
    """
    version, metadata = identify(entry.document_id, entry.chunks, entry.metadata)
    total = len(entry.chunks)
    return Prepared(
        document_id=entry.document_id,
        version=version,
        ids=[record_id(entry.document_id, index, version) for index in range(total)],
        vectors=_vectors(entry, dimension),
        texts=[chunk.text for chunk in entry.chunks],
        metadatas=[chunk_metadata(entry.document_id, chunk, metadata) for chunk in entry.chunks],
    )


def identify(document_id: str, chunks: Sequence[Chunk], metadata: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """The version of that content, and the metadata as it will be stored.

    Raises:
        InvalidEntry: as `prepare` says.
    """
    check_id(document_id)
    if not chunks:
        raise InvalidEntry(document_id, _("expected at least one chunk, got none. To remove it: delete(document_id)"))
    for position, chunk in enumerate(chunks):
        if (chunk.index, chunk.total) != (position, len(chunks)):
            text = _(
                "expected all chunks of the document in order, got chunk {index} of {total} as number {position} "
                "of {count}"
            )
            raise InvalidEntry(
                document_id, text.format(index=chunk.index, total=chunk.total, position=position, count=len(chunks))
            )
        if not chunk.text or not encodes(chunk.text) or not all(map(encodes, chunk.headings)):
            raise InvalidEntry(
                document_id,
                _("expected text that UTF-8 can hold in chunk {position}, got {text!r}").format(
                    position=position, text=chunk.text
                ),
            )
    stored = {_key(document_id, key): _value(document_id, key, value) for key, value in metadata.items()}
    content = [sorted(stored.items()), [(chunk.text, chunk.start, chunk.end, chunk.headings) for chunk in chunks]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:20], stored


def check_id(document_id: str) -> None:
    """Raise InvalidEntry unless it is text, and not empty."""
    if not isinstance(document_id, str) or not document_id or not encodes(document_id):
        raise InvalidEntry(document_id, _("expected a document id, which is text that UTF-8 can hold and is not empty"))


def _vectors(entry: Entry, dimension: int) -> Vectors:
    try:
        vectors = np.asarray(entry.vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidEntry(
            entry.document_id, _("expected vectors of numbers, but: {error}").format(error=error)
        ) from None
    if vectors.shape != (expected := (len(entry.chunks), dimension)):
        raise InvalidEntry(
            entry.document_id,
            _("expected a vector for each chunk, shape {expected}; got shape {shape}").format(
                expected=expected, shape=vectors.shape
            ),
        )
    if not np.isfinite(vectors).all():
        raise InvalidEntry(entry.document_id, _("expected finite vectors, got one with NaN or infinity"))
    return vectors


def _key(document_id: str, key: object) -> str:
    if not isinstance(key, str) or not key or not encodes(key) or key.startswith(("#", "$", "chroma:")):
        text = _("expected a metadata key that is text and begins with neither '#', '$' nor 'chroma:', got {key!r}")
        raise InvalidEntry(document_id, text.format(key=key))
    if key in RESERVED:
        text = _(
            "expected metadata of your own, got the key {key!r}, which the index sets itself (as it does "
            "{known}). Give it another name"
        )
        raise InvalidEntry(document_id, text.format(key=key, known=", ".join(RESERVED)))
    return str.__str__(key)


def _value(document_id: str, key: str, value: object) -> Value:
    if (kept := storable(value)) is None:
        text = _(
            "expected {storable} under metadata key {key!r}, got {value!r} ({kind}). Leave the key out, or "
            "store it as text"
        )
        raise InvalidEntry(
            document_id, text.format(storable=_(STORABLE), key=key, value=value, kind=type(value).__name__)
        )
    return kept
