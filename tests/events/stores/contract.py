"""What every event store does. A test module of a store subclasses this and says how one is opened."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.events.samples import document, event, numbers
from workshop_lib.events import (
    BaseEvent,
    EventConflict,
    EventStore,
    InvalidEvent,
    StoreClosed,
    StoreError,
    open_store,
)

LONG = 30.0

# Stores numbered events for ever, and says each number once the store has said that it is kept.
WRITER = """
import sys
from itertools import count
from workshop_lib.events import BaseEvent, open_store
url, work, limit = sys.argv[1:]
with open_store(url) as store:
    for number in count() if limit == "none" else range(int(limit)):
        store.store_event(BaseEvent.new(
            {"number": number}, event_type="test.event", source_service="writer", correlation_id=work))
        print(number, flush=True)
"""


def writer(url: str, work: UUID, limit: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, url, str(work), limit], stdout=subprocess.PIPE, text=True)


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end, f"waited {LONG:.0f} s for {what}"
        time.sleep(0.01)


class StoreContract:
    """A subclass overrides `url`: of a store that is empty and this test's own."""

    @pytest.fixture
    def url(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def store(self, url: str) -> Iterator[EventStore]:
        with open_store(url) as store:
            yield store

    def test_an_event_is_found_by_its_id(self, store: EventStore) -> None:
        kept = event(scores=[1, 2.5, None], text="¿Qué?\n\x00")
        assert store.store_event(kept) is True
        assert store.get_event(kept.metadata.event_id) == kept
        assert store.get_event(str(kept.metadata.event_id).upper()) == kept
        assert store.get_event(uuid4()) is None

    def test_a_document_comes_back_as_its_class(self, store: EventStore) -> None:
        kept = document("¿Qué?")
        store.store_event(kept)
        found = store.get_event(kept.metadata.event_id)
        assert found == kept
        assert type(found) is type(kept)

    def test_the_events_of_one_work_come_in_stored_order(self, store: EventStore) -> None:
        work, other = uuid4(), uuid4()
        kept = [event("test.event", work, number=number) for number in range(5)]
        for one in reversed(kept):
            store.store_event(event("test.event", other))
            store.store_event(one)
        store.store_event(event())
        assert store.get_events_by_correlation(work) == kept[::-1]
        assert len(store.get_events_by_correlation(str(other))) == 5
        assert store.get_events_by_correlation(uuid4()) == []

    def test_a_type_s_last_events_come_newest_first(self, store: EventStore) -> None:
        kept = [event("test.one", number=number) for number in range(7)]
        for one in kept:
            store.store_event(one)
            store.store_event(event("test.two"))
        assert store.get_stream_events("test.one") == kept[::-1]
        assert store.get_stream_events("test.one", 2) == [kept[6], kept[5]]
        assert store.get_stream_events("test.none") == []
        with pytest.raises(StoreError, match="1 or more"):
            store.get_stream_events("test.one", 0)

    def test_a_type_s_other_name_is_the_same_type(self, store: EventStore) -> None:
        payload: dict[str, Any] = {
            "experiment_id": "e",
            "run_id": "r",
            "model_path": "p",
            "metrics": {},
            "duration_seconds": 1,
            "artifacts": {},
        }
        store.store_event(event("model.trained", **payload))
        assert len(store.get_stream_events("model.trained")) == len(store.get_stream_events("training.completed")) == 1

    def test_many_are_kept_at_once_or_none(self, store: EventStore) -> None:
        work = uuid4()
        there = event("test.event", work, number=0)
        store.store_event(there)
        many = [event("test.event", work, number=number) for number in range(1, 1201)]
        assert store.store_events([there, *many, many[0]]) is True
        assert numbers(store.get_events_by_correlation(work)) == list(range(1201))
        assert numbers(store.get_stream_events("test.event", 1100)) == list(range(1200, 100, -1))
        assert store.store_events([]) is True
        other = BaseEvent(metadata=there.metadata, payload={"number": 99})
        for batch in ([event("test.event", work), other], [event("test.event", work, number=1), "no event"]):
            with pytest.raises((EventConflict, InvalidEvent)):
                store.store_events(batch)  # type: ignore[arg-type]
        twice = event(number=1)
        with pytest.raises(EventConflict):
            store.store_events([twice, BaseEvent(metadata=twice.metadata, payload={"number": 2})])
        assert store.get_event(twice.metadata.event_id) is None
        assert len(store.get_events_by_correlation(work)) == 1201

    def test_the_same_event_twice_is_one(self, store: EventStore) -> None:
        work = uuid4()
        kept = event("test.event", work, a=1, b=2)
        again = BaseEvent(metadata=kept.metadata, payload={"b": 2, "a": 1})
        assert store.store_event(kept) is store.store_event(again) is True
        assert store.get_events_by_correlation(work) == [kept]
        assert store.get_stream_events("test.event") == [kept]

    @pytest.mark.parametrize("payload", [{"a": 2}, {"a": True}, {"a": 1.0}, {}])
    def test_another_content_under_the_same_id_is_a_conflict(self, store: EventStore, payload: dict[str, Any]) -> None:
        kept = event(a=1)
        store.store_event(kept)
        with pytest.raises(EventConflict, match=str(kept.metadata.event_id)):
            store.store_event(BaseEvent(metadata=kept.metadata, payload=payload))
        assert store.get_event(kept.metadata.event_id) == kept
        store.store_event(event())

    def test_only_events_are_stored(self, store: EventStore) -> None:
        with pytest.raises(InvalidEvent):
            store.store_event("training.started")  # type: ignore[arg-type]
        with pytest.raises(InvalidEvent, match="no UUID: '1'"):
            store.get_event("1")
        with pytest.raises(InvalidEvent, match="no UUID"):
            store.get_events_by_correlation("")

    def test_events_outlive_the_store(self, url: str) -> None:
        kept = event()
        with open_store(url) as first:
            first.store_event(kept)
        with open_store(url) as second:
            assert second.get_event(kept.metadata.event_id) == kept

    def test_a_closed_store_says_so(self, store: EventStore) -> None:
        store.close()
        store.close()
        with pytest.raises(StoreClosed):
            store.store_event(event())
        with pytest.raises(StoreClosed):
            store.get_event(uuid4())

    # A time to live

    def test_kept_for_a_time_and_then_forgotten(self, url: str, store: EventStore) -> None:
        work = uuid4()
        for_ever = event("test.event", work, number=0)
        short = event("test.event", work, number=1)
        store.store_event(for_ever)
        with open_store(url, ttl=0.2) as brief:
            brief.store_event(short)
            assert brief.ttl == 0.2
            with brief.handling("one", short.metadata.event_id) as new:
                assert new
            until(lambda: store.get_event(short.metadata.event_id) is None, "its end")
            assert store.get_events_by_correlation(work) == [for_ever]
            assert store.get_stream_events("test.event", 1) == [for_ever]
            until(lambda: _is_new(brief, "one", short.metadata.event_id), "the end of the mark")
            # Forgotten, it is new.
            brief.store_event(short)
            assert store.get_events_by_correlation(work) == [for_ever, short]
            assert store.get_stream_events("test.event") == [short, for_ever]
        assert store.get_event(for_ever.metadata.event_id) == for_ever

    @pytest.mark.parametrize("ttl", [0, -1.0, float("nan"), float("inf")])
    def test_a_time_to_live_that_is_none_is_told(self, url: str, ttl: float) -> None:
        with pytest.raises(StoreError, match="time to live"):
            open_store(url, ttl=ttl)

    # Handled once

    def test_what_a_handler_stores_is_kept_with_its_mark(self, store: EventStore) -> None:
        work, handled = uuid4(), event()
        event_id = handled.metadata.event_id

        def fail_half_way() -> None:
            store.store_event(event("test.effect", work))
            raise OSError

        with pytest.raises(OSError), store.handling("one", event_id):  # noqa: PT011
            fail_half_way()
        assert store.get_events_by_correlation(work) == []
        for expected in (True, False, False):
            with store.handling("one", event_id) as new:
                assert new is expected
                if new:
                    store.store_events([event("test.effect", work), event("test.effect", work)])
                    assert store.get_events_by_correlation(work) == []
        assert len(store.get_events_by_correlation(work)) == 2
        with store.handling("two", event_id) as new:
            assert new
        with pytest.raises(InvalidEvent), store.handling("one", "1"):
            pass

    def test_of_two_at_once_one_counts(self, url: str, store: EventStore) -> None:
        work, event_id = uuid4(), uuid4()
        with open_store(url) as other, store.handling("one", event_id) as here:
            store.store_event(event("test.effect", work, number=1))
            with other.handling("one", event_id) as there:
                other.store_event(event("test.effect", work, number=2))
            assert here
            assert there
        assert numbers(store.get_events_by_correlation(work)) == [2]

    def test_a_conflict_at_the_end_leaves_no_mark(self, store: EventStore) -> None:
        kept, event_id = event(number=1), uuid4()
        store.store_event(kept)
        with pytest.raises(EventConflict), store.handling("one", event_id):
            store.store_event(BaseEvent(metadata=kept.metadata, payload={"number": 2}))
        assert _is_new(store, "one", event_id)

    def test_what_another_thread_stores_does_not_wait(self, store: EventStore) -> None:
        work = uuid4()
        with store.handling("one", uuid4()):
            thread = threading.Thread(target=store.store_event, args=(event("test.event", work),))
            thread.start()
            thread.join()
            assert len(store.get_events_by_correlation(work)) == 1

    # What led to what

    def test_the_trace_of_a_work(self, store: EventStore) -> None:
        work = uuid4()
        first = event("test.first", work)
        second = BaseEvent.new({}, event_type="test.second", source_service="other", cause=first)
        store.store_events([first, second])
        trace = store.trace(work)
        assert trace.roots == (first,)
        assert trace.children(first) == (second,)
        assert len(store.trace(uuid4())) == 0

    # Many at once

    def test_threads_share_one_store(self, store: EventStore) -> None:
        work = uuid4()
        threads = [
            threading.Thread(target=lambda: [store.store_event(event("test.event", work, number=n)) for n in range(25)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.get_events_by_correlation(work)) == 200

    def test_processes_share_one_store(self, url: str) -> None:
        work = uuid4()
        writers = [writer(url, work, "50") for _ in range(2)]
        for process in writers:
            process.communicate()
        assert [process.returncode for process in writers] == [0, 0]
        with open_store(url) as store:
            assert sorted(numbers(store.get_events_by_correlation(work))) == sorted([*range(50)] * 2)

    def test_a_killed_process_loses_nothing_that_it_kept(self, url: str) -> None:
        work = uuid4()
        with open_store(url) as store, writer(url, work, "none") as process:
            assert process.stdout is not None
            while (line := process.stdout.readline()) != "20\n":
                assert line, "the writer ended by itself"
                store.store_event(event())
            os.kill(process.pid, signal.SIGKILL)
            said = [20, *map(int, process.stdout.read().split())]
            process.wait()
            kept = numbers(store.get_events_by_correlation(work))
            # One may have been kept and not been said.
            assert kept in ([*range(said[-1] + 1)], [*range(said[-1] + 2)])
            assert store.store_event(event("test.event", work)) is True


def _is_new(store: EventStore, consumer: str, event_id: UUID) -> bool:
    """Asked so that nothing is marked."""
    with pytest.raises(_NotThisTimeError), store.handling(consumer, event_id) as new:
        raise _NotThisTimeError
    return new


class _NotThisTimeError(Exception):
    pass
