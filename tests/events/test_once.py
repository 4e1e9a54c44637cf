import sqlite3
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from workshop_lib.events.once import HANDLED_TABLE, handle_once
from workshop_lib.events.sqlite import connect


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "service.db")
    connection.execute(HANDLED_TABLE)
    connection.execute("CREATE TABLE effects (number INTEGER)")
    yield connection
    connection.close()


def add(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO effects VALUES (1)")


def effects(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM effects").fetchone()[0])


def test_once_for_each_event_and_consumer(connection: sqlite3.Connection) -> None:
    one, two = uuid4(), uuid4()
    told = [
        handle_once(connection, consumer, i, add) for consumer, i in [("a", one), ("a", one), ("b", one), ("a", two)]
    ]
    assert told == [True, False, True, True]
    assert effects(connection) == 3
    assert handle_once(connection, "a", str(one), add) is False


def test_work_that_fails_leaves_neither_effect_nor_mark(connection: sqlite3.Connection) -> None:
    seen = uuid4()

    def fail(connection: sqlite3.Connection) -> None:
        add(connection)
        raise OSError("after the effect")

    with pytest.raises(OSError, match="after the effect"):
        handle_once(connection, "a", seen, fail)
    assert effects(connection) == 0
    assert handle_once(connection, "a", seen, add) is True


def test_another_process_sees_both_or_neither(connection: sqlite3.Connection, tmp_path: Path) -> None:
    def look(connection: sqlite3.Connection) -> None:
        add(connection)
        with sqlite3.connect(tmp_path / "service.db") as other:
            assert effects(other) == 0
            assert other.execute("SELECT count(*) FROM handled").fetchone() == (0,)

    assert handle_once(connection, "a", uuid4(), look) is True
    with sqlite3.connect(tmp_path / "service.db") as other:
        assert effects(other) == 1
