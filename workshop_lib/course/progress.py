"""A student's progress: an append-only log in SQLite, `progress.db` under the home."""

import contextlib
import fcntl
import itertools
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from workshop_lib.course.exercises.model import is_exercise_id, sort_key
from workshop_lib.home import HomeNotWritable, writable
from workshop_lib.i18n import _, mark

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    exercise TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
)
"""
_COLUMNS = {"id", "at", "kind", "exercise", "detail"}


class State(StrEnum):
    """How an exercise stands."""

    NOT_STARTED = mark("not started")
    TRIED = mark("tried")
    LIBRARY = mark("library's answer")
    PASSED = mark("passed")


@dataclass
class Standing:
    """How one exercise stands, with how often it was tried and how many hints were shown. `at` is ISO 8601, UTC."""

    state: State = State.NOT_STARTED
    attempts: int = 0
    hints: int = 0
    at: str = ""

    def apply(self, kind: str) -> None:
        """Count one more entry of this kind."""
        match kind:
            case "hint":
                self.hints += 1
            case "reset":
                self.state, self.hints = State.NOT_STARTED, 0
            case "library":
                if self.state is not State.PASSED:
                    self.state = State.LIBRARY
            case "passed":
                self.attempts += 1
                self.state = State.PASSED
            case "incorrect" | "error" | "needs another":
                self.attempts += 1
                if self.state is State.NOT_STARTED:
                    self.state = State.TRIED


@dataclass(frozen=True)
class Summary:
    """One notebook's run: exercises passed, of how many seen, and which backends ran."""

    passed: int
    total: int
    backend: str


class Progress:
    """Several notebooks and commands may write at once; each write is one transaction.

    A file that isn't a database any more is moved aside, said through `say`, and progress begins anew.
    """

    def __init__(
        self,
        home: Path,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        say: Callable[[str], None] = lambda text: print(text, file=sys.stderr),  # noqa: T201
    ) -> None:
        self._home, self._clock, self._say = home, clock, say
        self.path = home / "progress.db"

    def record(self, kind: str, exercise_id: str = "", detail: str = "") -> None:
        """Append one entry: an outcome's status, "hint", "library", "reset" or "backend".

        Raises:
            HomeNotWritable: the state folder takes no files.
        """
        writable(self._home)

        def write(db: sqlite3.Connection) -> None:
            db.execute("BEGIN IMMEDIATE")
            db.execute(_SCHEMA)
            db.execute(
                "INSERT INTO log (at, kind, exercise, detail) VALUES (?, ?, ?, ?)",
                (self._clock().isoformat(timespec="seconds"), kind, exercise_id, detail),
            )
            db.execute("COMMIT")

        self._with_repair(write)

    def entries(self) -> list[tuple[str, str, str, str]]:
        """Every entry in order: at, kind, exercise id, detail."""
        if not self.path.exists():
            return []
        rows: list[tuple[str, str, str, str]] = []

        def read(db: sqlite3.Connection) -> None:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'log'").fetchone():
                rows.extend(db.execute("SELECT at, kind, exercise, detail FROM log ORDER BY id"))

        self._with_repair(read)
        return rows

    def standings(self) -> dict[str, Standing]:
        """How each exercise that was ever touched stands, in the order of their ids."""
        found: dict[str, Standing] = {}
        for at, kind, exercise_id, _detail in self.entries():
            if is_exercise_id(exercise_id):
                standing = found.setdefault(exercise_id, Standing())
                standing.at = at
                standing.apply(kind)
        return dict(sorted(found.items(), key=lambda item: sort_key(item[0])))

    def standing(self, exercise_id: str) -> Standing:
        """How one exercise stands."""
        return self.standings().get(exercise_id, Standing())

    def summary(self) -> Summary:
        """Counts over everything recorded in this home."""
        standings = self.standings().values()
        backends = [detail for _at, kind, _id, detail in self.entries() if kind == "backend" and detail]
        passed = sum(s.state is State.PASSED for s in standings)
        return Summary(passed, len(standings), ", ".join(dict.fromkeys(backends)))

    def _with_repair(self, work: Callable[[sqlite3.Connection], None]) -> None:
        for last in (False, True):
            try:
                with self._connection() as db:
                    work(db)
                return
            except sqlite3.DatabaseError as error:
                # An OperationalError is a full disk, a lock, a missing permission; or a table of somebody else's.
                if last or (isinstance(error, sqlite3.OperationalError) and not self._is_anothers()):
                    raise HomeNotWritable(self._home, f"{self.path.name}: {error}") from error
                self._set_aside_or_raise()

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # The default rollback journal, not WAL: a home may lie on a network disk (JupyterHub).
        with contextlib.closing(sqlite3.connect(self.path, timeout=60, isolation_level=None)) as db:
            yield db

    def _set_aside_or_raise(self) -> None:
        try:
            self._move_aside()
        except OSError as error:
            why = _("{file} is corrupt and can't be moved: {why}").format(file=self.path.name, why=error)
            raise HomeNotWritable(self._home, why) from error

    def _move_aside(self) -> None:
        with (self._home / "progress.lock").open("w") as lock:
            # Under a lock, and looked at once more: another notebook may have begun anew already.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_sound():
                return
            stem = f"progress.corrupt-{self._clock():%Y%m%dT%H%M%S}"
            names = (self.path.with_name(f"{stem}-{number}.db") for number in itertools.count(1))
            aside = next(name for name in names if not name.exists())
            self.path.rename(aside)
            journal = Path(f"{self.path}-journal")
            if journal.exists():
                journal.rename(f"{aside}-journal")
        self._say(
            _("{file} was not a readable progress file. It is kept as {aside}; progress begins anew.").format(
                file=self.path, aside=aside.name
            )
        )

    def _is_sound(self) -> bool:
        try:
            with self._connection() as db:
                return bool(db.execute("PRAGMA quick_check").fetchone() == ("ok",)) and not self._is_anothers()
        except sqlite3.DatabaseError:
            return False

    def _is_anothers(self) -> bool:
        """Whether the file is a sound database with a table `log` that isn't ours."""
        try:
            with self._connection() as db:
                columns = {row[1] for row in db.execute("PRAGMA table_info(log)")}
        except sqlite3.DatabaseError:
            return False
        return bool(columns) and columns != _COLUMNS
