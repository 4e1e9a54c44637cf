import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.samples import event
from tests.events.stores.contract import StoreContract, until
from workshop_lib.events import (
    InvalidEvent,
    NotAnEventStore,
    SQLiteEventStore,
    StoreUnavailable,
    open_store,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteEventStore]:
    with SQLiteEventStore(path) as store:
        yield store


class TestSQLiteEventStore(StoreContract):
    @pytest.fixture
    def url(self, path: Path) -> str:
        return f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("where", "order", "index"),
    [
        ("correlation_id = ?", "position", "events_by_correlation"),
        ("event_type = ?", "position DESC", "events_by_type"),
    ],
)
def test_the_index_is_used(store: SQLiteEventStore, path: Path, where: str, order: str, index: str) -> None:
    with sqlite3.connect(path) as connection:
        query = f"EXPLAIN QUERY PLAN SELECT body FROM events WHERE {where} ORDER BY {order}"
        plan = connection.execute(query, ("x",)).fetchall()
    connection.close()
    assert index in str(plan)
    assert "TEMP B-TREE" not in str(plan)


def test_what_has_ended_leaves_the_file(path: Path) -> None:
    with SQLiteEventStore(path, ttl=0.05) as store:
        store.store_events([event(number=number) for number in range(10)])
        with store.handling("one", uuid4()):
            pass
        until(lambda: store.get_stream_events("test.event") == [], "their end")
        time.sleep(0.05)
        last = event()
        store.store_event(last)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT event_id FROM events").fetchall() == [(str(last.metadata.event_id),)]
        assert connection.execute("SELECT count(*) FROM event_ends").fetchone() == (1,)
        assert connection.execute("SELECT * FROM handled UNION ALL SELECT * FROM handled_ends").fetchall() == []
    connection.close()


def test_a_damaged_row_is_told(store: SQLiteEventStore, path: Path) -> None:
    kept = event()
    store.store_event(kept)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET body = '{'")
    connection.close()
    with pytest.raises(InvalidEvent, match="Invalid JSON"):
        store.get_event(kept.metadata.event_id)


def test_a_file_of_the_first_version_goes_on(path: Path) -> None:
    kept = event()
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, "
            "event_type TEXT NOT NULL, correlation_id TEXT, body TEXT NOT NULL)"
        )
        row = (str(kept.metadata.event_id), "test.event", kept.model_dump_json())
        connection.execute("INSERT INTO events (event_id, event_type, body) VALUES (?, ?, ?)", row)
    connection.close()
    with SQLiteEventStore(path) as store:
        assert store.get_stream_events("test.event") == [kept]


@pytest.mark.parametrize("content", [b"hello", b"notes\n" * 1000, b"SQLite format 2\x00" + b"\x01" * 4096])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(NotAnEventStore, match=r"left as it is"):
        SQLiteEventStore(file)
    assert file.read_bytes() == content
    assert [*tmp_path.iterdir()] == [file]


def test_another_program_s_events_are_left_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "calendar.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE events (day TEXT, title TEXT)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(NotAnEventStore, match="columns day, title"):
        SQLiteEventStore(file)
    assert file.read_bytes() == before


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="EVENT_STORE_URL"):
        SQLiteEventStore(tmp_path / "file" / "events.db")


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        SQLiteEventStore(tmp_path)


def test_no_write_ahead_log_no_store() -> None:
    with pytest.raises(StoreUnavailable, match=r"no write-ahead log \(journal_mode memory\)"):
        SQLiteEventStore(":memory:")


def test_a_relative_path_lies_under_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    with open_store("sqlite:///state/events.db") as store:
        assert isinstance(store, SQLiteEventStore)
        assert store.path == tmp_path / "home" / "state" / "events.db"
    assert store.path.is_file()
    with open_store(f"sqlite:///{tmp_path}/elsewhere.db") as store:
        assert isinstance(store, SQLiteEventStore)
        assert store.path == tmp_path / "elsewhere.db"


def test_a_locked_file_is_told_and_used_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_lib.events.sqlite.BUSY_TIMEOUT", 0.05)
    kept = event()
    with SQLiteEventStore(path) as store:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.store_event(kept)
        holder.execute("ROLLBACK")
        holder.close()
        assert store.store_event(kept) is True


def test_a_full_disk_is_told_and_nothing_is_half_there(store: SQLiteEventStore) -> None:
    work, connection = uuid4(), store._connection
    assert connection is not None
    # SQLite's own limit, which fails as a full disk does.
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    many = [event("test.event", work, text=str(number) * 2000) for number in range(20)]
    with pytest.raises(StoreUnavailable, match="full"):
        store.store_events(many)
    assert store.get_events_by_correlation(work) == []
    connection.execute("PRAGMA max_page_count = 100000")
    assert store.store_events(many) is True
    assert store.get_events_by_correlation(work) == many
