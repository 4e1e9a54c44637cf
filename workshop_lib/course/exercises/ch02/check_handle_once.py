"""The check of 2.6: in a real file, looked at from outside in the middle of the work, as a killed process leaves it."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call
from workshop_lib.events.once import HANDLED_TABLE
from workshop_lib.events.sqlite import connect, write_ahead
from workshop_lib.i18n import _

_PAGE, _OTHER = UUID(int=0xA << 124), UUID(int=0xB << 124)
_CALL = "handle_once(connection, {consumer!r}, {event}, count_page)"


class _Full(Exception):
    """What the work raises."""


class _Ledger:
    """A file with the two tables, and a look at it from another connection, which sees what is committed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.connection = connect(path)
        write_ahead(self.connection)
        self.connection.execute(HANDLED_TABLE)
        self.connection.execute("CREATE TABLE totals (pages INTEGER)")
        self.inside: tuple[int, int] | None = None

    def count_page(self, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO totals VALUES (1)")
        self.inside = self.seen()

    def fail(self, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO totals VALUES (1)")
        raise _Full("the disk is full")

    def seen(self) -> tuple[int, int]:
        """How many pages and marks another process finds now."""
        with closing(sqlite3.connect(self._path, timeout=1)) as other:
            one, two = (other.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("totals", "handled"))  # noqa: S608
        return one, two


@contextmanager
def _ledger() -> Iterator[_Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        ledger = _Ledger(Path(folder) / "ledger.db")
        try:
            yield ledger
        finally:
            ledger.connection.close()


def check_handle_once(handle_once: Callable[..., Any]) -> None:
    """Mark and effect at once or neither; again is False and does nothing; each consumer and event for itself."""
    # Twice, with the same event: what is remembered outside the file shows.
    for _round in range(2):
        with _ledger() as ledger:
            _check_first(handle_once, ledger)
            _check_again(handle_once, ledger)
    with _ledger() as ledger:
        _check_failure(handle_once, ledger)


def _check_first(handle_once: Callable[..., Any], ledger: _Ledger) -> None:
    got = call(handle_once, ledger.connection, "tally", _PAGE, ledger.count_page)
    tried = _CALL.format(consumer="tally", event="page_1")
    pages, marks = ledger.seen()
    if (pages, marks) != (1, 1):
        raise Incorrect(
            tried=_("{call}, for the first time").format(call=tried),
            expected=_told(1, 1),
            got=_told(pages, marks),
            mistake="in-memory" if marks == 0 else None,
        )
    if ledger.inside != (0, 0):
        pages, marks = ledger.inside or (0, 0)
        raise Incorrect(
            tried=_("{call}, killed in the middle of count_page").format(call=tried),
            expected=_told(0, 0),
            got=_told(pages, marks),
            mistake={(1, 0): "effect-first", (0, 1): "mark-first", (1, 1): "mark-first"}.get((pages, marks)),
        )
    _check_answer(tried, got, True)


def _check_again(handle_once: Callable[..., Any], ledger: _Ledger) -> None:
    for consumer, event_id, name, new in [
        ("tally", _PAGE, "page_1", False),
        ("audit", _PAGE, "page_1", True),
        ("tally", _OTHER, "page_2", True),
        ("tally", _PAGE, "page_1", False),
    ]:
        before = ledger.seen()[0]
        got = call(handle_once, ledger.connection, consumer, event_id, ledger.count_page)
        added = ledger.seen()[0] - before
        tried = _CALL.format(consumer=consumer, event=name)
        if added != new:
            raise Incorrect(
                tried=tried + (_(", a consumer that has not seen it") if consumer == "audit" else ""),
                expected=_("{n} more counted").format(n=int(new)),
                got=_("{n} more counted").format(n=added),
                mistake="any-consumer" if consumer == "audit" else None,
            )
        _check_answer(tried, got, new)


def _check_answer(tried: str, got: object, right: bool) -> None:
    if bool(got) is not right or got is None:
        raise Incorrect(tried=tried, expected=right, got=got, mistake="no-answer" if got is None else None)


def _check_failure(handle_once: Callable[..., Any], ledger: _Ledger) -> None:
    tried = _("{call}, where count_page raises").format(call=_CALL.format(consumer="tally", event="page_1"))
    try:
        got = call(handle_once, ledger.connection, "tally", _PAGE, ledger.fail)
    except _Full:
        pass
    else:
        raise Incorrect(
            tried=tried,
            expected=_("the exception comes out, so that the bus tries again"),
            got=_("{result} came back").format(result=got),
            mistake="marks-failures",
        )
    if ledger.connection.in_transaction:
        raise Incorrect(tried=tried, expected=_("the transaction is rolled back"), got=_("it is still open"))
    pages, marks = ledger.seen()
    if (pages, marks) != (0, 0):
        raise Incorrect(
            tried=tried,
            expected=_told(0, 0),
            got=_told(pages, marks),
            mistake="marks-failures" if marks else "effect-first",
        )


def _told(pages: int, marks: int) -> str:
    return _("another process finds {pages} counted, {marks} marked").format(pages=pages, marks=marks)
