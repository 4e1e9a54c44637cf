"""The vector index: documents in, nearest chunks out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from workshop_lib.i18n import _
from workshop_lib.rag.chunking import Chunk
from workshop_lib.rag.errors import IndexClosed, InvalidQuery
from workshop_lib.rag.index.connection import Connection, connect
from workshop_lib.rag.index.entries import Entry, Vectors, check_id, identify, prepare
from workshop_lib.rag.index.filters import where as translated
from workshop_lib.rag.index.manifest import SUFFIX
from workshop_lib.rag.index.recipe import SPACE, Recipe
from workshop_lib.rag.index.search import nearest
from workshop_lib.rag.index.store import Store, drop_store, open_store
from workshop_lib.rag.results import Result, Value

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,500}[a-zA-Z0-9]")


@dataclass(frozen=True)
class Stats:
    """What an index holds, and how it was made.

    Attributes:
        documents, chunks: how many, without what is being written or was replaced.
        chunk_size, chunk_overlap: in characters.
        space: the distance, 1 − cosine similarity.
    """

    collection: str
    documents: int
    chunks: int
    model: str
    dimension: int
    chunk_size: int
    chunk_overlap: int
    space: str = SPACE

    def as_seed(self) -> dict[str, str | int]:
        """Under the names that the seed gave them."""
        return {
            "collection_name": self.collection,
            "num_documents": self.documents,
            "num_chunks": self.chunks,
            "embedding_model": self.model,
            "embedding_dimension": self.dimension,
            "chunk_size": self.chunk_size,
            "chunk_overlap": self.chunk_overlap,
            "space": self.space,
        }


class ChromaIndex:
    """The chunks of documents in a Chroma collection, found by their vectors.

    Threads may share one. A folder is open in one process at a time; several processes share a server. A document is
    replaced and deleted in one step for every reader, and what a killed process left unfinished is removed at the next
    start.
    """

    def __init__(self, connection: Connection, collection: str, store: Store) -> None:
        """Use `open_index`."""
        self.collection = collection
        self._connection: Connection | None = connection
        self._store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def location(self) -> str:
        """The folder or the server's URL.

        Raises:
            IndexClosed: after `close`.
        """
        with self._open():
            assert self._connection is not None
            return self._connection.location

    def close(self) -> None:
        """Let go of the folder or server once no other index of this process uses it; closing twice is no error."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.release()

    def replace(
        self, document_id: str, chunks: Sequence[Chunk], vectors: Vectors, metadata: Mapping[str, Value] | None = None
    ) -> bool:
        """Put a document in place of what is there under its id; False where it is there just so already.

        Args:
            document_id: any text.
            chunks: all of the document's, in order.
            vectors: one a chunk, shape (chunks, dimension).
            metadata: the caller's own, kept with each chunk.

        Raises:
            InvalidEntry: something of it can't be stored; nothing was written.
            IndexUnavailable: Chroma failed; what was there before is there still.
            IndexClosed: after `close`.
        """
        return self.replace_many([Entry(document_id, chunks, vectors, metadata or {})]) == 1

    def replace_many(self, entries: Iterable[Entry], progress: Callable[[int], None] | None = None) -> int:
        """Replace many documents, in as few calls as Chroma's limit allows, and return how many were written.

        `entries` is read as it is written, so it may embed on the way. Each document is replaced in one step; when one
        is refused, those before it may be written, and it and those after it are not.

        Args:
            entries: an id that comes twice is replaced twice.
            progress: called with the number of documents done, those included that were there just so already.

        Raises:
            InvalidEntry, IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            prepared = (prepare(entry, store.recipe.dimension) for entry in entries)
        written = done = 0
        # What `entries` and `progress` raise is theirs, not Chroma's.
        for group in store.writer.groups(prepared):
            with self._open():
                written += store.writer.replace(group)
            done += len(group)
            if progress:
                progress(done)
        return written

    def is_current(
        self, document_id: str, chunks: Sequence[Chunk], metadata: Mapping[str, Value] | None = None
    ) -> bool:
        """Whether `replace` would find just that content there, so that it need not be embedded.

        Raises:
            InvalidEntry, IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            version, _stored = identify(document_id, chunks, metadata or {})
            edition = store.manifest.look([document_id])[0].get(document_id)
            return edition is not None and edition.version == version

    def delete(self, document_id: str) -> bool:
        """Remove a document with all its chunks; False where there is none, so a repeated delete is no error.

        Raises:
            InvalidEntry: no document id.
            IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            check_id(document_id)
            return store.writer.delete(document_id)

    def search(
        self, vector: npt.NDArray[np.floating[Any]], top_k: int = 5, where: Mapping[str, Any] | None = None
    ) -> list[Result]:
        """The chunks nearest to `vector` by cosine, nearest first; fewer than `top_k` where there are fewer.

        Those equally near come in the order of document id and chunk index.

        Args:
            vector: shape (dimension,).
            top_k: 1 or more.
            where: a filter on metadata, as `filters` describes it.

        Raises:
            InvalidQuery: a vector of another shape or not finite, a `top_k` below 1.
            InvalidFilter: not a filter.
            IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            if isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1:
                raise InvalidQuery(_("expected top_k of 1 or more, usually 5; got {top_k!r}").format(top_k=top_k))
            checked, wanted = _vector(vector, store.recipe), translated(where)
            if store.resident and (snapshot := store.resident.snapshot()):
                return snapshot.nearest(checked, top_k, wanted)
            return nearest(store.collection, store.manifest, checked, top_k, wanted)

    def documents(self) -> list[str]:
        """The ids of all documents, sorted.

        Raises:
            IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            return sorted(store.manifest.everything())

    def stats(self) -> Stats:
        """How much there is, and how it was made.

        Raises:
            IndexUnavailable, IndexClosed: as `replace`.
        """
        with self._open() as store:
            editions = store.manifest.everything()
            recipe = store.recipe
            return Stats(
                collection=self.collection,
                documents=len(editions),
                chunks=sum(edition.chunks for edition in editions.values()),
                model=recipe.model,
                dimension=recipe.dimension,
                chunk_size=recipe.chunk_size,
                chunk_overlap=recipe.chunk_overlap,
            )

    @contextmanager
    def _open(self) -> Iterator[Store]:
        if self._connection is None:
            raise IndexClosed
        with self._connection.typed_errors():
            yield self._store


def open_index(
    url: str | Path,
    collection: str = "documents",
    *,
    model: str,
    dimension: int,
    chunk_size: int,
    chunk_overlap: int,
) -> ChromaIndex:
    """Open the index, made if it isn't there, and end what a killed process left unfinished.

    Args:
        url: a folder (a relative one under WORKSHOP_HOME), or a Chroma server's ``http://host:port``.
        collection: 3 to 502 letters, digits, dots, hyphens and underscores.
        model, dimension: the embedder's name and the length of its vectors.
        chunk_size, chunk_overlap: in characters.

    Raises:
        IndexInUse: another process has the folder open, if only to read.
        IndexMismatch: the collection was made with another distance, model or chunking; it is left as it is.
        IndexUnavailable: no server there, a file where the folder should be, or data that Chroma can't read.
        InvalidQuery: no collection can have that name.
    """
    _check_name(collection)
    connection = connect(url)
    try:
        recipe = Recipe(model, dimension, chunk_size, chunk_overlap)
        return ChromaIndex(connection, collection, open_store(connection, collection, recipe))
    except BaseException:
        connection.release()
        raise


def drop_index(url: str | Path, collection: str = "documents") -> bool:
    """Delete a collection with all its documents; False where there is none.

    Raises:
        IndexInUse, IndexUnavailable, InvalidQuery: as `open_index`.
    """
    _check_name(collection)
    connection = connect(url)
    try:
        return drop_store(connection, collection)
    finally:
        connection.release()


def _check_name(collection: str) -> None:
    if not _NAME.fullmatch(collection) or collection.endswith(SUFFIX):
        text = _(
            "expected the name of a collection, 3 to 502 of a-z, A-Z, 0-9, '.', '_' and '-' that begins and "
            "ends with a letter or digit, and not with {suffix!r}; got {collection!r}"
        )
        raise InvalidQuery(text.format(suffix=SUFFIX, collection=collection))


def _vector(vector: npt.NDArray[np.floating[Any]], recipe: Recipe) -> npt.NDArray[np.float32]:
    try:
        checked = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidQuery(_("expected a vector of numbers, but: {error}").format(error=error)) from None
    if checked.shape != (recipe.dimension,):
        text = _(
            "expected a vector of {model}, shape ({dimension},); got shape {shape}. Embed the question with "
            "the model that embedded the documents"
        )
        raise InvalidQuery(text.format(model=recipe.model, dimension=recipe.dimension, shape=checked.shape))
    if not np.isfinite(checked).all():
        raise InvalidQuery(_("expected a finite vector, got one with NaN or infinity"))
    return checked
