"""What `subscribe(..., idempotent=store)` asks of the store."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.samples import event
from workshop_lib.events import BaseEvent, EventConflict, InvalidEvent, SQLiteEventStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteEventStore]:
    with SQLiteEventStore(path) as store:
        yield store


def test_what_was_handled_is_remembered_by_consumer(store: SQLiteEventStore) -> None:
    seen = event()
    for consumer, new in [("one", True), ("one", False), ("two", True)]:
        with store.handling(consumer, seen.metadata.event_id) as found:
            assert found is new
    with pytest.raises(InvalidEvent, match="no UUID"), store.handling("one", "1"):
        pass


def test_the_mark_and_what_was_stored_are_one(store: SQLiteEventStore, path: Path) -> None:
    seen, effect = event(), event()

    def handle(error: Exception | None) -> None:
        with store.handling("one", seen.metadata.event_id) as new:
            assert new
            assert store.store_event(effect) is True
            with SQLiteEventStore(path) as other:
                assert other.get_event(effect.metadata.event_id) is None
            if error is not None:
                raise error

    with pytest.raises(OSError, match="after the effect"):
        handle(OSError("after the effect"))
    assert store.get_event(effect.metadata.event_id) is None
    handle(None)
    assert store.get_event(effect.metadata.event_id) == effect


def test_a_conflict_leaves_no_mark(store: SQLiteEventStore) -> None:
    seen, kept = event(), event(a=1)
    store.store_event(kept)
    with pytest.raises(EventConflict), store.handling("one", seen.metadata.event_id):
        store.store_event(BaseEvent(metadata=kept.metadata, payload={"a": 2}))
    with store.handling("one", seen.metadata.event_id) as new:
        assert new


def test_of_two_that_handle_the_same_one_counts(store: SQLiteEventStore, path: Path) -> None:
    seen, work = event(), uuid4()
    with SQLiteEventStore(path) as other:
        with store.handling("one", seen.metadata.event_id) as mine:
            store.store_event(event(correlation_id=work, by="slow"))
            with other.handling("one", seen.metadata.event_id) as theirs:
                other.store_event(event(correlation_id=work, by="quick"))
        assert mine
        assert theirs
    assert [one.payload["by"] for one in store.get_events_by_correlation(work)] == ["quick"]


def test_other_threads_store_at_once_meanwhile(store: SQLiteEventStore) -> None:
    kept = event()
    with store.handling("one", uuid4()):
        thread = threading.Thread(target=store.store_event, args=(kept,))
        thread.start()
        thread.join()
        assert store.get_event(kept.metadata.event_id) == kept
