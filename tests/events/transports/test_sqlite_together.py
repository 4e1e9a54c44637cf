"""Publishes of several threads in one transaction."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.events.contract import LONG, wait_until
from tests.events.samples import event, numbers
from workshop_lib.events import BaseEvent, BrokerUnavailable, open_bus
from workshop_lib.events.transport import Outgoing
from workshop_lib.events.transports.sqlite.together import Batch, Together


class Writer:
    """Holds the first transaction back until `go`, and fails those that it is told to."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.groups: list[list[str]] = []
        self.failing = 0

    def __call__(self, batches: Sequence[Batch]) -> None:
        self.groups.append([batch.messages[0].routing_key for batch in batches])
        if len(self.groups) == 1:
            self.begun.set()
            assert self.go.wait(LONG)
        elif self.failing:
            self.failing -= 1
            raise BrokerUnavailable("no room")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(5) as made:
        yield made


def gathered(writer: Writer, pool: ThreadPoolExecutor) -> tuple[Future[Batch], list[Future[Batch]]]:
    """One that is being written, and four that wait."""
    together = Together(writer)
    first = pool.submit(together.publish, [Outgoing("first", b"")])
    assert writer.begun.wait(LONG)
    others = [pool.submit(together.publish, [Outgoing(f"other.{n}", b"")]) for n in range(4)]
    wait_until(lambda: len(together._waiting) == 4, "four threads to wait")
    return first, others


def test_what_gathers_during_a_transaction_shares_the_next(pool: ThreadPoolExecutor) -> None:
    writer = Writer()
    first, others = gathered(writer, pool)
    assert not any(other.done() for other in others)
    writer.go.set()
    assert first.result(LONG).written
    assert all(other.result(LONG).written for other in others)
    assert writer.groups[0] == ["first"]
    assert [sorted(group) for group in writer.groups[1:]] == [[f"other.{n}" for n in range(4)]]


def test_a_failed_transaction_is_the_error_of_one_and_the_others_try_again(pool: ThreadPoolExecutor) -> None:
    writer = Writer()
    first, others = gathered(writer, pool)
    writer.failing = 1
    writer.go.set()
    assert first.result(LONG).written
    errors = [other.exception(LONG) for other in others]
    assert sorted(type(error).__name__ for error in errors) == ["BrokerUnavailable"] + ["NoneType"] * 3
    written = [key for group in (writer.groups[0], *writer.groups[2:]) for key in group]
    assert len(written) == len(set(written)) == 4


def test_each_thread_s_events_keep_their_order(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    handled: list[BaseEvent] = []
    with open_bus(f"sqlite:///{tmp_path}/bus.db?synchronous=off") as bus:
        bus.subscribe("all", ["#"], handled.append)

        def publish(thread: int) -> None:
            for number in range(50):
                bus.publish(event(number=100 * thread + number))

        assert [*pool.map(publish, range(5))] == [None] * 5
        bus.drain(LONG)
    for thread in range(5):
        assert [n for n in numbers(handled) if n // 100 == thread] == [*range(100 * thread, 100 * thread + 50)]


def test_each_thread_hears_that_the_file_is_locked(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    path = tmp_path / "bus.db"
    with open_bus(f"sqlite:///{path}?synchronous=off&timeout=0.02") as bus:
        bus.subscribe("all", ["#"], print)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        tried = [pool.submit(bus.publish, event(number=n)) for n in range(5)]
        assert all(isinstance(one.exception(LONG), BrokerUnavailable) for one in tried)
        other.execute("ROLLBACK")
        other.close()
        assert bus.publish(event(number=9))
        assert bus.counts("all").ready == 1
