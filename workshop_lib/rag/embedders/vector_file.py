"""Vectors by key in one SQLite file, which never fails its reader: what it can't read is not there."""

import contextlib
import fcntl
import itertools
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from workshop_lib.i18n import _
from workshop_lib.rag.embedders.base import Vectors

_log = logging.getLogger(__name__)
_PATIENCE = 60.0
_AT_ONCE = 500
# "WKEM": told apart from any other program's file, which is left as it is.
_APPLICATION = 0x574B454D
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, cut INTEGER NOT NULL)"
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)

T = TypeVar("T")


@dataclass(frozen=True)
class Kept:
    """A vector, and whether its text was longer than the model reads."""

    vector: Vectors
    cut: bool


class VectorFile:
    """Opened for each call, so that threads, processes and forks may share it.

    A damaged file is moved aside and begun anew. A file that can't be used (another program's, a full disk, no
    permission, held by others for a minute) is done without. Each is said through logging.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, keys: list[bytes], dimension: int) -> dict[bytes, Kept]:
        """Those of the keys that hold a sound vector of this dimension."""
        return self._run(lambda: self._read(keys, dimension), nothing={}) if keys and self.path.exists() else {}

    def write(self, vectors: Mapping[bytes, Kept]) -> None:
        """Keep them, over what there was, all or none."""
        self._run(lambda: self._write(vectors), nothing=None)

    def _read(self, keys: list[bytes], dimension: int) -> dict[bytes, Kept]:
        found: dict[bytes, Kept] = {}
        with self._connection() as db:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                # Only question marks are put into the statement.
                for key, blob, cut in db.execute(f"SELECT * FROM vectors WHERE key IN ({marks})", some):  # noqa: S608
                    if (vector := _vector(blob, dimension)) is not None:
                        found[key] = Kept(vector, bool(cut))
        return found

    def _write(self, vectors: Mapping[bytes, Kept]) -> None:
        rows = [(key, np.asarray(kept.vector, dtype="<f4").tobytes(), kept.cut) for key, kept in vectors.items()]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # The default rollback journal, not WAL: a cache may lie on a network disk (JupyterHub).
        with contextlib.closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as db:
            (application,) = db.execute("PRAGMA application_id").fetchone()
            if application != _APPLICATION:
                self._found(db)
            # A lost cache costs time, a wait for the disk at each write more.
            db.execute("PRAGMA synchronous = OFF")
            yield db

    def _found(self, db: sqlite3.Connection) -> None:
        db.execute("BEGIN IMMEDIATE")
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != _APPLICATION:
            if application or tables:
                raise sqlite3.OperationalError(_("it is another program's database"))
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(_SCHEMA)
        db.execute("COMMIT")

    def _run(self, work: Callable[[], T], *, nothing: T) -> T:
        try:
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._move_aside()
                return work()
        except (sqlite3.Error, OSError) as error:
            _log.warning(_("doing without the cache of embeddings %s: %s"), self.path, error)
            return nothing

    def _move_aside(self) -> None:
        with self.path.with_name(f"{self.path.name}.lock").open("w") as lock:
            # Under a lock, and looked at once more: another process may have begun anew already.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_sound():
                return
            names = (self.path.with_name(f"{self.path.name}.corrupt-{number}") for number in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            self.path.rename(aside)
            journal = Path(f"{self.path}-journal")
            if journal.exists():
                journal.rename(f"{aside}-journal")
        text = _("%s was no readable cache of embeddings; it is kept as %s, and begun anew")
        _log.warning(text, self.path, aside.name)

    def _is_sound(self) -> bool:
        if not self.path.exists():
            return True
        try:
            with self._connection() as db:
                return bool(db.execute("PRAGMA quick_check").fetchone() == ("ok",))
        except sqlite3.DatabaseError as error:
            return not _is_damage(error)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED


def _vector(blob: object, dimension: int) -> Vectors | None:
    """None where it isn't that many finite numbers."""
    if not isinstance(blob, bytes) or len(blob) != 4 * dimension:
        return None
    vector = np.frombuffer(blob, dtype="<f4").astype(np.float32)
    return vector if np.isfinite(vector).all() else None
