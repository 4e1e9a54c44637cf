import sqlite3
from itertools import count
from pathlib import Path

import pytest

from workshop_lib.events.sqlite import BUSY_TIMEOUT, connect, transaction, write_ahead


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


def impatient(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0, isolation_level=None)


def test_the_switch_waits_for_another_process(path: Path) -> None:
    other, mine = connect(path), impatient(path)
    other.execute("BEGIN EXCLUSIVE")
    # The other is done while this one waits.
    assert write_ahead(mine, sleep=lambda _: other.execute("COMMIT")) == "wal"
    assert not other.in_transaction
    other.close()
    mine.close()


def test_the_wait_has_an_end(path: Path) -> None:
    waits: list[float] = []
    other, mine = connect(path), impatient(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(mine, clock=count(step=BUSY_TIMEOUT / 3).__next__, sleep=waits.append)
    assert len(waits) == 3
    other.close()
    mine.close()


def interrupted_write(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO t VALUES (1)")
        raise KeyboardInterrupt


def test_a_transaction_is_all_or_nothing(path: Path) -> None:
    connection = connect(path)
    with transaction(connection):
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(connection)
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert not connection.in_transaction
    connection.close()


def test_a_transaction_begins_as_a_writer(path: Path) -> None:
    one, two = connect(path), impatient(path)
    with transaction(one), pytest.raises(sqlite3.OperationalError, match="locked"), transaction(two):
        pass
    one.close()
    two.close()
