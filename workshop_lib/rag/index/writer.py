"""Replacing documents so that a reader sees the old one or the new one, and a kill leaves one or the other.

1. The manifest says what is about to be written.
2. The new version's records are written beside the old one's. Readers drop them: they are not current.
3. The manifest makes the new version current. This one record is the step that readers see.
4. The old version's records are deleted, and the manifest forgets the write.

A process killed before 3 leaves the old document, one killed after it the new one. What else it left is invisible,
and removed by whoever opens the index next, or writes next after a failure.

Where several processes write to one server, each document is whole and the last to commit wins. One case is not
covered: a process that puts back the very version that another is clearing away in the same milliseconds can lose
chunks of it. Let one consumer have a document at a time, as a queue does.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from workshop_lib.rag.index.entries import Prepared, place
from workshop_lib.rag.index.manifest import Edition, Manifest

if TYPE_CHECKING:
    from chromadb import Collection

    from workshop_lib.rag.index.resident import Resident

# A server takes 40 MB in one request: the floats of a batch are its largest part.
_FLOATS = 400_000


class Writer:
    """The one writer of a collection in this process; threads take turns."""

    def __init__(
        self,
        collection: "Collection",
        manifest: Manifest,
        dimension: int,
        limit: int,
        resident: "Resident | None" = None,
    ) -> None:
        """`limit` is what Chroma takes in one call; `resident` is kept in step."""
        self._collection = collection
        self._manifest = manifest
        self._resident = resident
        self._rows = max(1, min(limit, _FLOATS // dimension))
        self._turn = threading.Lock()
        self._failed = False

    def groups(self, documents: Iterable[Prepared]) -> Iterator[list[Prepared]]:
        """As many whole documents as fill a batch, or one that is larger; none of them twice."""
        group: dict[str, Prepared] = {}
        rows = 0
        for document in documents:
            if group and (document.document_id in group or rows + len(document.ids) > self._rows):
                yield [*group.values()]
                group, rows = {}, 0
            group[document.document_id] = document
            rows += len(document.ids)
        if group:
            yield [*group.values()]

    def replace(self, group: Sequence[Prepared]) -> int:
        """Write those of a group that are not there just so, and return how many that were."""
        with self._turn:
            self._recover_after_failure()
            before, _ = self._manifest.look([document.document_id for document in group])
            changed = [
                document
                for document in group
                if (edition := before.get(document.document_id)) is None or edition.version != document.version
            ]
            if not changed:
                return 0
            with (
                self._noting_failure(),
                self._manifest.write({document.document_id: document.version for document in changed}),
            ):
                self._write(changed)
                with self._manifest.still:
                    self._manifest.commit(
                        {document.document_id: Edition(document.version, len(document.ids)) for document in changed}
                    )
                    if self._resident:
                        self._resident.replace(changed)
                self._sweep([document.document_id for document in changed if document.document_id in before])
            return len(changed)

    def delete(self, document_id: str) -> bool:
        """Remove a document; False where there is none."""
        with self._turn:
            self._recover_after_failure()
            if not self._manifest.look([document_id])[0]:
                return False
            with self._noting_failure(), self._manifest.write({document_id: ""}):
                with self._manifest.still:
                    self._manifest.remove(document_id)
                    if self._resident:
                        self._resident.remove(document_id)
                self._sweep([document_id])
        return True

    def recover(self) -> None:
        """Remove what abandoned writes left. On a server the same are swept again for a while: `Manifest.lingers`."""
        with self._turn:
            self._recover()

    def _write(self, documents: Sequence[Prepared]) -> None:
        ids = [each for document in documents for each in document.ids]
        texts = [each for document in documents for each in document.texts]
        metadatas = [each for document in documents for each in document.metadatas]
        vectors = np.concatenate([document.vectors for document in documents])
        for start in range(0, len(ids), self._rows):
            rows = slice(start, start + self._rows)
            self._collection.upsert(
                ids=ids[rows], embeddings=vectors[rows], documents=texts[rows], metadatas=[*metadatas[rows]]
            )

    def _sweep(self, document_ids: Sequence[str]) -> None:
        """Delete the records of versions that are neither current nor being written.

        The order matters where others write too: what was listed first, and by then is neither announced nor current,
        is nobody's.
        """
        for start in range(0, len(document_ids), self._rows):
            some = list(document_ids[start : start + self._rows])
            where: Any = {"document_id": {"$in": some}}
            there = self._collection.get(where=where, include=[])["ids"]
            coming = self._manifest.under_way()
            current = {(each, edition.version) for each, edition in self._manifest.look(some)[0].items()}
            kept = coming | current
            stale = [each for each in there if (place(each).document_id, place(each).version) not in kept]
            for row in range(0, len(stale), self._rows):
                self._collection.delete(ids=stale[row : row + self._rows])

    def _recover(self) -> None:
        abandoned = self._manifest.abandoned()
        self._sweep(sorted({document_id for write in abandoned for document_id in write.versions}))
        before = time.time() - self._manifest.lingers
        self._manifest.forget(write.name for write in abandoned if write.at <= before)
        self._failed = False

    def _recover_after_failure(self) -> None:
        if self._failed:
            # The commit may have been what failed, before or after Chroma wrote it.
            with self._manifest.still:
                self._manifest.read_again()
                if self._resident:
                    self._resident.discard()
            self._recover()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._failed = True
            if self._resident:
                self._resident.discard()
            raise
