"""Which version of each document is current, and which writes are under way.

The manifest is a second Chroma collection, so that it is where the chunks are, folder or server. Chroma has no
transaction over many records, but writing one record is a single step: a document's new version becomes current by
one record.

A reader looks for chunks and then asks which are current. In between, documents may have been replaced, and Chroma's
own look takes several steps. So a commit is announced before it happens, by a mark that is never used again; a reader
to whom the mark is the same before and after knows that no version became current meanwhile whose records it may have
missed, and looks again otherwise. `OwnManifest` keeps editions and mark in memory, for a folder that this process has
to itself; `SharedManifest` asks the server, where others write too.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from workshop_lib.rag.index.owner import lives, signature

if TYPE_CHECKING:
    from chromadb import Collection

SUFFIX = ".manifest"
_DOCUMENT = "document:"
_WRITE = "write:"
_MARK = "mark"

_under_way: set[str] = set()
"""The writes of this process that have not failed. Another thread's may be under way on the same server."""


@dataclass(frozen=True)
class Edition:
    """The current version of a document, as in the ids of its records, and the number of its chunks."""

    version: str
    chunks: int


class Write(NamedTuple):
    """A write that was announced.

    Attributes:
        name: of its record.
        versions: that it writes, by document id; "" for a deletion.
        at: when it was announced, as `time.time`.
        at_work: whether it may still be written.
    """

    name: str
    versions: dict[str, str]
    at: float
    at_work: bool


class Manifest(ABC):
    """The records, and what is common to both ways of reading them.

    Attributes:
        lingers: seconds for which what a dead process had asked for may still be carried out.
    """

    lingers: float

    def __init__(self, collection: "Collection") -> None:
        self._collection = collection
        self.mark = ""
        """Of the latest commit that this process knows to be announced."""
        self.still = threading.RLock()
        """While it is held, this process commits nothing."""

    @abstractmethod
    def look(self, document_ids: Iterable[str]) -> tuple[dict[str, Edition], str]:
        """The current editions of those documents, without those that have none, and the mark."""

    @abstractmethod
    def everything(self) -> dict[str, Edition]:
        """All current editions."""

    @abstractmethod
    def read_again(self) -> None:
        """Believe nothing that was kept: a write failed, and may have been made nevertheless."""

    def commit(self, editions: Mapping[str, Edition]) -> None:
        """Make those current, of which all records are written: one step for each document."""
        with self.still:
            self._announce(uuid4().hex)
            self._collection.upsert(
                ids=[_DOCUMENT + document_id for document_id in editions],
                embeddings=_nowhere(len(editions)),
                metadatas=[{"kind": "document", **asdict(edition)} for edition in editions.values()],
            )
            self._note(editions)

    def remove(self, document_id: str) -> None:
        """Leave the document without a current version: it is gone for every reader."""
        with self.still:
            self._collection.delete(ids=[_DOCUMENT + document_id])
            self._note({document_id: None})

    @contextmanager
    def write(self, versions: Mapping[str, str]) -> Iterator[None]:
        """Say beforehand what is about to be written. What fails stays said, for `abandoned` to find."""
        name = _WRITE + uuid4().hex
        _under_way.add(name)
        try:
            self._collection.upsert(
                ids=[name],
                embeddings=_nowhere(1),
                metadatas=[{"kind": "write", "versions": json.dumps(versions), **signature()}],
            )
            yield
            self.forget([name])
        finally:
            _under_way.discard(name)

    def abandoned(self) -> list[Write]:
        """Writes that were begun and that nobody is going to end."""
        return [write for write in self._writes() if not write.at_work]

    def under_way(self) -> set[tuple[str, str]]:
        """Document id and version of all that may still be written."""
        return {pair for write in self._writes() if write.at_work for pair in write.versions.items()}

    def forget(self, writes: Iterable[str]) -> None:
        if names := list(writes):
            self._collection.delete(ids=names)

    def _writes(self) -> Iterator[Write]:
        found = self._collection.get(where={"kind": "write"}, include=["metadatas"])
        for name, metadata in zip(found["ids"], found["metadatas"] or [], strict=True):
            signed: Mapping[str, Any] = metadata
            mine = {key: signed[key] for key in ("host", "pid", "started")}.items() <= signature().items()
            at_work = name in _under_way if mine else lives(signed)
            yield Write(name, json.loads(signed["versions"]), float(signed["at"]), at_work)

    @abstractmethod
    def _announce(self, mark: str) -> None:
        """Let every reader see the mark."""

    @abstractmethod
    def _note(self, editions: Mapping[str, Edition | None]) -> None:
        """What has become current."""

    def _fetch_all(self) -> dict[str, Edition]:
        found = self._collection.get(where={"kind": "document"}, include=["metadatas"])
        records: list[tuple[str, Mapping[str, Any]]] = list(zip(found["ids"], found["metadatas"] or [], strict=True))
        return {name.removeprefix(_DOCUMENT): _edition(record) for name, record in records}


class OwnManifest(Manifest):
    """Of a folder: nobody else writes, so what was read at the start and written since is all there is."""

    lingers = 0.0

    def __init__(self, collection: "Collection") -> None:
        super().__init__(collection)
        self._known = self._fetch_all()

    def look(self, document_ids: Iterable[str]) -> tuple[dict[str, Edition], str]:
        known = self._known
        found = {each: edition for each in document_ids if (edition := known.get(each)) is not None}
        # After the editions: a commit is announced before they change.
        return found, self.mark

    def everything(self) -> dict[str, Edition]:
        with self.still:
            return dict(self._known)

    def read_again(self) -> None:
        with self.still:
            self._known = self._fetch_all()

    def _announce(self, mark: str) -> None:
        self.mark = mark

    def _note(self, editions: Mapping[str, Edition | None]) -> None:
        for document_id, edition in editions.items():
            if edition is None:
                self._known.pop(document_id, None)
            else:
                self._known[document_id] = edition


class SharedManifest(Manifest):
    """Of a server: asked each time, for the mark in the same call."""

    # A server goes on with the request of a client that was killed, after another has swept. It takes seconds at most.
    lingers = 600.0

    def look(self, document_ids: Iterable[str]) -> tuple[dict[str, Edition], str]:
        asked = [_MARK, *(_DOCUMENT + document_id for document_id in document_ids)]
        found = self._collection.get(ids=asked, include=["metadatas"])
        records: dict[str, Mapping[str, Any]] = dict(zip(found["ids"], found["metadatas"] or [], strict=True))
        mark = str(records.pop(_MARK, {}).get("mark", ""))
        self.mark = mark
        return {name.removeprefix(_DOCUMENT): _edition(record) for name, record in records.items()}, mark

    def everything(self) -> dict[str, Edition]:
        return self._fetch_all()

    def read_again(self) -> None:
        """Nothing is kept."""

    def _announce(self, mark: str) -> None:
        self._collection.upsert(ids=[_MARK], embeddings=_nowhere(1), metadatas=[{"kind": "mark", "mark": mark}])

    def _note(self, editions: Mapping[str, Edition | None]) -> None:
        """The server knows."""


def _edition(record: Mapping[str, Any]) -> Edition:
    return Edition(record["version"], record["chunks"])


def _nowhere(records: int) -> npt.NDArray[np.float32]:
    """Chroma wants a vector with each record."""
    return np.ones((records, 1), dtype=np.float32)
