import json
import logging
import os
import random
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.contract import LONG, BusContract, ProcessContract, consuming, refuse, wait_until
from tests.events.processes import Process
from tests.events.samples import document, event, numbers
from workshop_lib.events import (
    BaseEvent,
    BrokerUnavailable,
    BusError,
    EventBus,
    NotAnEventBus,
    SQLiteEventStore,
    UnknownScheme,
    open_bus,
)
from workshop_lib.events.transport import Delivery, Outgoing, QueueSpec
from workshop_lib.events.transports.sqlite import SQLiteTransport


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.db"


def transport(path: Path, options: str = "lease=600&timeout=0.05&synchronous=off") -> SQLiteTransport:
    made = SQLiteTransport(f"sqlite:///{path}?{options}", "ml_events")
    made.connect()
    return made


def execute(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    rows = connection.execute(statement).fetchall()
    connection.close()
    return rows


class TestSQLite(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/a folder/bus.db?lease=0.5&synchronous=normal"

    def test_eight_processes_killed_at_random_lose_nothing(self, url: str, tmp_path: Path) -> None:
        work, effects, each = uuid4(), tmp_path / "effects.db", 30
        chance = random.Random(7)
        arguments = ("both", url, "one", effects, work, each)
        published: set[str] = set()
        with open_bus(url) as bus, SQLiteEventStore(effects) as store:
            bus.subscribe("one", ["#"], refuse)
            running = [Process(*arguments) for _ in range(8)]
            try:
                for _ in range(6):
                    victim = running.pop(chance.randrange(len(running)))
                    victim.wait_for("published")
                    victim.kill()
                    published |= set(victim.said("published"))
                    running.append(Process(*arguments))
                for process in running:
                    process.wait_for("all published")
                    published |= set(process.said("published"))

                def done() -> bool:
                    return {str(e.metadata.causation_id) for e in store.get_events_by_correlation(work)} >= published

                wait_until(done, "every published event's effect")
                for process in running:
                    process.signal(signal.SIGTERM)
                assert [process.ended() for process in running] == [0] * 8
            finally:
                for process in running:
                    process.kill()
            causes = [str(e.metadata.causation_id) for e in store.get_events_by_correlation(work)]
            assert len(published) >= 8 * each
            assert len(causes) == len(set(causes))
            # Killed between the commit and the confirm: handled, though it was never said to be published.
            assert len(set(causes) - published) <= 6
            assert bus.dead_letters("one") == ()

    def test_a_suspended_consumer_loses_its_lease_and_does_no_harm(self, url: str, tmp_path: Path) -> None:
        work, effects = uuid4(), tmp_path / "effects.db"
        with open_bus(url) as bus, SQLiteEventStore(effects) as store:
            bus.subscribe("one", ["#"], refuse)
            with Process("pause-before-ack", url, "one", effects, work) as first:
                published = event()
                bus.publish(published)
                first.wait_for("worked")
                first.signal(signal.SIGSTOP)
                with Process("consume", url, "one", effects, work) as second:
                    second.wait_for(f"delivered {published.metadata.event_id}")
                    first.signal(signal.SIGCONT)
                    second.signal(signal.SIGTERM)
                    assert second.ended() == 0
            assert len(store.get_events_by_correlation(work)) == 1
            assert bus.counts("one").ready == bus.counts("one").dead == 0


def test_a_stale_settlement_does_nothing_and_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = transport(path), transport(path)
    first.declare(QueueSpec("one", ("#",)))
    mine: list[Delivery] = []
    theirs: list[Delivery] = []
    slow = first.consume("one", 1, mine.append, pytest.fail)
    first.publish([Outgoing("a.b", b"x", {"event_id": "1"})])
    wait_until(lambda: mine, "the first delivery")
    slow.stop()
    execute(path, "UPDATE entries SET due = 0")
    other = second.consume("one", 1, theirs.append, pytest.fail)
    wait_until(lambda: theirs, "the second delivery")
    assert (theirs[0].redelivered, theirs[0].attempt, theirs[0].headers) == (1, 1, {"event_id": "1"})
    with caplog.at_level(logging.WARNING):
        mine[0].dead_letter("too late", "")
        slow.close()
    assert "settled too late" in caplog.text
    assert second.counts("one").dead == 0
    assert theirs[0].ack() is True
    other.stop()
    other.close()
    assert execute(path, "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM messages)") == [(0, 0)]
    first.close()
    second.close()


def test_a_consumer_that_lost_a_lease_hears_of_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    holder = transport(path, "lease=0.3&synchronous=off")
    holder.declare(QueueSpec("one", ("#",)))
    mine: list[Delivery] = []
    holder.consume("one", 1, mine.append, pytest.fail)
    holder.publish([Outgoing("a.b", b"x")])
    wait_until(lambda: mine, "the delivery")
    execute(path, "UPDATE entries SET token = 1")
    wait_until(lambda: "the lease of a message ran out" in caplog.text, "the renewal")
    assert mine[0].ack() is False
    holder.close()


def test_what_kills_its_process_every_time_is_given_up(path: Path) -> None:
    with open_bus(f"sqlite:///{path}?synchronous=off") as bus:
        bus.subscribe("one", ["#"], pytest.fail)
        bus.publish(event())
        execute(path, "UPDATE entries SET redelivered = 20")
        bus.drain(LONG)
        [letter] = bus.dead_letters("one")
        assert letter.reason == "its process ended 20 times while it was in hand"


def test_a_body_is_kept_once_and_only_while_it_waits(path: Path) -> None:
    with open_bus(f"sqlite:///{path}?synchronous=off") as bus:
        for name in ("one", "two", "three"):
            bus.subscribe(name, ["data.*"], lambda _: None)
        bus.publish(document())
        bus.publish(event("nobody.asked"))
        count = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM entries)"
        assert execute(path, count) == [(1, 3)]
        bus.drain(LONG)
        assert execute(path, count) == [(0, 0)]


def test_no_step_of_an_event_looks_at_all_that_waits(path: Path) -> None:
    """What is asked for each event is answered by an index: its cost doesn't grow with the queue."""
    asked: list[str] = []
    real = sqlite3.connect

    def watched(*args: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(asked.append)
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", watched)
        with open_bus(f"sqlite:///{path}?synchronous=off", backoff=lambda _: 0.0) as bus:
            bus.subscribe("one", ["#"], refuse, max_attempts=2)
            bus.publish(event())
            bus.start_consuming(block=False)
            wait_until(lambda: any("SET state = 3" in one for one in asked), "the death")
            bus.stop()
    steps = {one for one in asked if "entries" in one and one.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))}
    assert len(steps) >= 6
    for step in steps - {one for one in steps if "count(*)" in one}:
        plan = " ".join(str(row[-1]) for row in execute(path, f"EXPLAIN QUERY PLAN {step}"))
        assert "SCAN entries" not in plan, (step, plan)
        assert "TEMP B-TREE" not in plan, (step, plan)


def test_a_new_queue_of_another_process_is_seen_at_once(path: Path) -> None:
    one, two = transport(path), transport(path)
    one.declare(QueueSpec("one", ("a.*",)))
    one.publish([Outgoing("a.b", b"x")])
    two.declare(QueueSpec("two", ("a.b",)))
    one.publish([Outgoing("a.b", b"x")])
    assert (one.counts("one").ready, one.counts("two").ready) == (2, 1)
    one.close()
    two.close()


def test_a_temporary_queue_of_a_killed_process_goes_too(path: Path) -> None:
    killed, other = transport(path, "lease=0.2&synchronous=off"), transport(path, "lease=0.2&synchronous=off")
    killed.declare(QueueSpec("looking", ("#",), temporary=True))
    other.declare(QueueSpec("one", ("#",)))
    other.consume("one", 1, lambda _: None, pytest.fail)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE queues SET temporary_until = 0, id = 99 WHERE name = 'looking'")
    connection.close()
    wait_until(lambda: execute(path, "SELECT count(*) FROM queues") == [(1,)], "the queue to go")
    killed.close()
    other.close()


def test_its_file_remembers_across_processes(path: Path, tmp_path: Path) -> None:
    with open_bus(f"sqlite:///{path}") as bus:
        bus.subscribe("one", ["#"], refuse, backoff=lambda _: 0.0, max_attempts=1)
        bus.publish(event(number=1))
        bus.drain(LONG)
        bus.publish(event(number=2))
    # A copy of the file is the bus: nothing lies beside it once it is closed.
    shutil.copy(path, tmp_path / "copy.db")
    got: list[BaseEvent] = []
    with open_bus(f"sqlite:///{tmp_path}/copy.db") as bus:
        bus.subscribe("one", ["#"], got.append)
        bus.drain(LONG)
        assert numbers(got) == [2]
        assert len(bus.dead_letters("one")) == 1


@pytest.fixture
def bus(path: Path) -> Iterator[EventBus]:
    with open_bus(f"sqlite:///{path}?timeout=0.05&synchronous=off") as bus:
        bus.subscribe("one", ["#"], lambda _: None)
        yield bus


def test_a_locked_file_is_told_and_used_again(bus: EventBus, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BrokerUnavailable, match="locked"):
        bus.publish(event())
    other.execute("ROLLBACK")
    other.close()
    assert bus.publish(event()) is True
    assert bus.drain(LONG) == 1


def test_what_was_handled_while_the_file_was_locked_is_settled_later(bus: EventBus, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    handled = threading.Event()

    def callback(_: BaseEvent) -> None:
        other.execute("BEGIN IMMEDIATE")
        handled.set()

    bus.subscribe("two", ["test.event"], callback)
    bus.publish(event())
    with consuming(bus):
        assert handled.wait(LONG)
        other.execute("ROLLBACK")
        wait_until(lambda: execute(path, "SELECT count(*) FROM entries") == [(0,)], "the settlement")
    other.close()


def test_a_full_disk_is_told_and_nothing_is_half_there(path: Path) -> None:
    full = transport(path)
    full.declare(QueueSpec("one", ("#",)))
    connection = full._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(BrokerUnavailable, match="full"):
        full.publish([Outgoing("a.b", b"x"), Outgoing("a.b", os.urandom(100_000))])
    assert full.counts("one").ready == 0
    full.publish([Outgoing("a.b", b"x")])
    assert full.counts("one").ready == 1
    full.close()


@pytest.mark.parametrize("content", [b"hello", b"notes\n" * 1000, b"SQLite format 2\x00" + b"\x01" * 4096])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(NotAnEventBus, match=r"left as it is"), open_bus(f"sqlite:///{file}"):
        pass
    assert file.read_bytes() == content
    assert [*tmp_path.iterdir()] == [file]


def test_another_program_s_database_is_left_as_it_is(path: Path) -> None:
    execute(path, "CREATE TABLE calendar (day TEXT)")
    before = path.read_bytes()
    with pytest.raises(NotAnEventBus, match="another program"):
        open_bus(f"sqlite:///{path}").connect()
    with SQLiteEventStore(path.with_name("store.db")), pytest.raises(NotAnEventBus):
        open_bus(f"sqlite:///{path.with_name('store.db')}").publish(event())
    assert path.read_bytes() == before


def test_a_file_that_is_damaged_meanwhile_ends_the_consuming(bus: EventBus, path: Path) -> None:
    def damage(_: BaseEvent) -> None:
        execute(path, "DROP TABLE entries")

    bus.subscribe("two", ["#"], damage)
    bus.publish(event())
    with pytest.raises(NotAnEventBus, match="no such table"):
        bus.start_consuming()
    with pytest.raises(BusError):
        bus.publish(event())


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrokerUnavailable, match="EVENT_BUS_URL"):
        open_bus(f"sqlite:///{tmp_path}/file/bus.db").connect()


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    with pytest.raises(BrokerUnavailable, match="unable to open"):
        open_bus(f"sqlite:///{tmp_path}").connect()


def test_a_relative_path_lies_under_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    with open_bus("sqlite:///state/bus.db") as bus:
        bus.publish(event())
    assert (tmp_path / "home" / "state" / "bus.db").is_file()


@pytest.mark.parametrize("options", ["lease=0", "lease=soon", "timeout=-1", "synchronous=maybe", "leese=3", "lease"])
def test_a_wrong_option_shows_the_form(path: Path, options: str) -> None:
    with pytest.raises(UnknownScheme, match=r"lease=SECONDS"):
        open_bus(f"sqlite:///{path}?{options}")


def test_headers_are_any_text(path: Path) -> None:
    headers = {"a": "é\n\x00", "b": json.dumps({"c": 1})}
    one = transport(path)
    one.declare(QueueSpec("one", ("#",)))
    one.publish([Outgoing("a.b", b"\x00\xff", headers)])
    seen: list[Delivery] = []
    one.consume("one", 1, seen.append, pytest.fail)
    wait_until(lambda: seen, "the delivery")
    assert (seen[0].body, seen[0].headers, seen[0].routing_key, seen[0].queue_name) == (
        b"\x00\xff",
        headers,
        "a.b",
        "one",
    )
    one.close()
