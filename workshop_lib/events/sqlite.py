"""SQLite for many processes: a write-ahead log, a long wait for the other's write, and transactions that say so."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_TIMEOUT = 60.0
"""Seconds to wait for another process's write."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that threads may share under a lock of theirs, with no transactions but those asked for."""
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit at the end, roll back on any exception.

    It begins as a writer. One that begins as a reader and writes after another process did fails at once, whatever
    the timeout.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def write_ahead(
    connection: sqlite3.Connection,
    *,
    wait: float = BUSY_TIMEOUT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Switch to the write-ahead log, which the file remembers, and return the journal mode that it then has.

    SQLite doesn't wait for another process that is switching too, so this does, for `wait` seconds.
    """
    until = clock() + wait
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock() > until:
                raise
            sleep(0.01)


@contextmanager
def typed_errors(unavailable: Callable[[str], Exception], foreign: Callable[[str], Exception]) -> Iterator[None]:
    """What SQLite says of a file, as the caller's own errors: it can't be used now, or it holds something else."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise unavailable(str(error)) from error
    except sqlite3.DatabaseError as error:
        raise foreign(str(error)) from error
