import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from workshop_lib.events import (
    BaseEvent,
    DataIngestedEvent,
    EventConflict,
    EventMetadata,
    EventType,
    InvalidEvent,
    NotAnEventStore,
    SQLiteEventStore,
    StoreClosed,
    StoreUnavailable,
    UnknownScheme,
    open_store,
)

# Stores numbered events for ever, and says each number once the store has said that it is kept.
WRITER = """
import sys
from itertools import count
from workshop_lib.events import BaseEvent, EventMetadata, EventType, SQLiteEventStore
path, work, limit = sys.argv[1:]
with SQLiteEventStore(path) as store:
    for number in count() if limit == "none" else range(int(limit)):
        metadata = EventMetadata(event_type=EventType("test.event"), source_service="writer", correlation_id=work)
        store.store_event(BaseEvent(metadata=metadata, payload={"number": number}))
        print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteEventStore]:
    with SQLiteEventStore(path) as store:
        yield store


def event(work: UUID | None = None, **payload: Any) -> BaseEvent:
    metadata = EventMetadata(event_type=EventType("test.event"), source_service="test", correlation_id=work)
    return BaseEvent(metadata=metadata, payload=payload)


def writer(path: Path, work: UUID, limit: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(work), limit]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_an_event_is_found_by_its_id(store: SQLiteEventStore) -> None:
    kept = event(scores=[1, 2.5, None])
    assert store.store_event(kept) is True
    assert store.get_event(kept.metadata.event_id) == kept
    assert store.get_event(str(kept.metadata.event_id).upper()) == kept
    assert store.get_event(uuid4()) is None


def test_a_document_comes_back_as_its_class(store: SQLiteEventStore) -> None:
    kept = DataIngestedEvent.for_document(
        document_id="a", filename="a.md", content="¿Qué?", size=7, source_service="test"
    )
    store.store_event(kept)
    assert store.get_event(kept.metadata.event_id) == kept


def test_the_events_of_one_work_come_in_stored_order(store: SQLiteEventStore) -> None:
    work, other = uuid4(), uuid4()
    kept = [event(work, number=number) for number in range(5)]
    for one in reversed(kept):
        store.store_event(event(other))
        store.store_event(one)
    store.store_event(event())
    assert store.get_events_by_correlation(work) == kept[::-1]
    assert len(store.get_events_by_correlation(str(other))) == 5
    assert store.get_events_by_correlation(uuid4()) == []


def test_the_index_is_used(store: SQLiteEventStore, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        query = "EXPLAIN QUERY PLAN SELECT body FROM events WHERE correlation_id = ? ORDER BY position"
        plan = connection.execute(query, ("x",)).fetchall()
    connection.close()
    assert "events_by_correlation" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


def test_the_same_event_twice_is_one(store: SQLiteEventStore) -> None:
    work = uuid4()
    kept = event(work, a=1, b=2)
    again = BaseEvent(metadata=kept.metadata, payload={"b": 2, "a": 1})
    assert store.store_event(kept) is store.store_event(again) is True
    assert store.get_events_by_correlation(work) == [kept]


@pytest.mark.parametrize("payload", [{"a": 2}, {"a": True}, {"a": 1.0}, {}])
def test_another_content_under_the_same_id_is_a_conflict(store: SQLiteEventStore, payload: dict[str, Any]) -> None:
    kept = event(a=1)
    store.store_event(kept)
    with pytest.raises(EventConflict, match=str(kept.metadata.event_id)):
        store.store_event(BaseEvent(metadata=kept.metadata, payload=payload))
    assert store.get_event(kept.metadata.event_id) == kept
    store.store_event(event())


def test_only_events_are_stored(store: SQLiteEventStore) -> None:
    with pytest.raises(InvalidEvent):
        store.store_event("training.started")  # type: ignore[arg-type]
    with pytest.raises(InvalidEvent, match="no UUID: '1'"):
        store.get_event("1")
    with pytest.raises(InvalidEvent, match="no UUID"):
        store.get_events_by_correlation("")


def test_a_damaged_row_is_told(store: SQLiteEventStore, path: Path) -> None:
    kept = event()
    store.store_event(kept)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET body = '{'")
    connection.close()
    with pytest.raises(InvalidEvent, match="Invalid JSON"):
        store.get_event(kept.metadata.event_id)


def test_events_outlive_the_store(path: Path) -> None:
    kept = event()
    with SQLiteEventStore(path) as first:
        first.store_event(kept)
    with SQLiteEventStore(str(path)) as second:
        assert second.get_event(kept.metadata.event_id) == kept


def test_a_closed_store_says_so(store: SQLiteEventStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        store.store_event(event())
    with pytest.raises(StoreClosed):
        store.get_event(uuid4())


def test_threads_share_one_store(store: SQLiteEventStore) -> None:
    work = uuid4()
    threads = [
        threading.Thread(target=lambda: [store.store_event(event(work, number=n)) for n in range(25)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.get_events_by_correlation(work)) == 200


def test_processes_share_one_file(path: Path) -> None:
    work = uuid4()
    writers = [writer(path, work, "50") for _ in range(2)]
    for process in writers:
        process.communicate()
    assert [process.returncode for process in writers] == [0, 0]
    with SQLiteEventStore(path) as store:
        numbers = [one.payload["number"] for one in store.get_events_by_correlation(work)]
    assert sorted(numbers) == sorted([*range(50)] * 2)


def test_a_killed_process_loses_nothing_that_it_kept(path: Path) -> None:
    work = uuid4()
    with SQLiteEventStore(path) as store, writer(path, work, "none") as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "20\n":
            assert line, "the writer ended by itself"
            store.store_event(event())
        os.kill(process.pid, signal.SIGKILL)
        said = [20, *map(int, process.stdout.read().split())]
        process.wait()
        numbers = [one.payload["number"] for one in store.get_events_by_correlation(work)]
        # One may have been kept and not been said.
        assert numbers in ([*range(said[-1] + 1)], [*range(said[-1] + 2)])
        assert store.store_event(event(work)) is True


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
        assert store.path == tmp_path / "home" / "state" / "events.db"
    assert store.path.is_file()
    with open_store(f"sqlite:///{tmp_path}/elsewhere.db") as store:
        assert store.path == tmp_path / "elsewhere.db"


@pytest.mark.parametrize("url", ["", "events.db", "sqlite:///", "postgres://user:secret@host/db"])
def test_an_unknown_store_lists_those_there_are(url: str) -> None:
    with pytest.raises(UnknownScheme, match="sqlite:///PATH") as raised:
        open_store(url)
    assert "secret" not in str(raised.value)
