"""What every backend of the bus must do. A test module of a backend subclasses these and says where one is."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.events.processes import Process
from tests.events.samples import document, event, numbers
from workshop_lib.events import (
    BaseEvent,
    BusClosed,
    DataIngestedEvent,
    EventBus,
    EventTooLarge,
    InvalidSubscription,
    NotConfirmed,
    QueueConflict,
    SQLiteEventStore,
    UnknownQueue,
    UnroutableError,
    current_handling,
    open_bus,
    parse_event,
)
from workshop_lib.events.transport import Delivery, Outgoing, QueueCounts, QueueSpec
from workshop_lib.events.transports import make_transport

LONG = 60.0
"""Seconds after which a wait is a failure. Nothing is measured by it."""


def wait_until(true: Callable[[], object], what: str) -> None:
    until = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < until, f"waited {LONG:.0f} s for {what}"
        time.sleep(0.005)


@contextmanager
def consuming(bus: EventBus) -> Iterator[None]:
    bus.start_consuming(block=False)
    try:
        yield
    finally:
        bus.stop()


def refuse(_: BaseEvent) -> None:
    raise ValueError("too long")


class BusContract:
    """One process, any number of buses. A subclass overrides `url`."""

    @pytest.fixture
    def url(self) -> str:
        """Of a backend that is empty and this test's own; every bus on the same URL reaches the same."""
        raise NotImplementedError

    @pytest.fixture
    def bus(self, url: str) -> Iterator[EventBus]:
        with open_bus(url, backoff=lambda attempt: 0.0) as bus:
            yield bus

    @pytest.fixture
    def other(self, url: str) -> Iterator[EventBus]:
        with open_bus(url, backoff=lambda attempt: 0.0) as bus:
            yield bus

    # What is published and who gets it

    def test_every_queue_that_asked_gets_the_typed_event(self, bus: EventBus) -> None:
        index: list[BaseEvent] = []
        audit: list[BaseEvent] = []
        trained: list[BaseEvent] = []
        bus.subscribe("index", ["data.ingested"], index.append)
        bus.subscribe("audit", ["#"], audit.append)
        bus.subscribe("trained", ["training.*"], trained.append)
        published = document("¿Qué?")
        assert bus.publish(published) is True
        assert bus.drain(LONG) == 2
        assert (index, audit, trained) == ([published], [published], [])
        assert type(index[0]) is DataIngestedEvent

    def test_nothing_is_handled_before_consuming_starts(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        bus.publish(event())
        assert got == []
        assert bus.counts("one").ready == 1
        bus.drain(LONG)
        assert len(got) == 1
        counts = bus.counts("one")
        assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)

    def test_another_bus_on_the_same_url_publishes_into_the_same_queues(self, bus: EventBus, other: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        with consuming(bus):
            published = event(number=1)
            other.publish(published)
            wait_until(lambda: got, "the event")
        assert got == [published]

    @pytest.mark.parametrize(
        ("patterns", "key", "taken"),
        [
            (["*"], "one", True),
            (["*"], "one.two", False),
            (["one.*"], "one.two", True),
            (["one.*"], "one", False),
            (["one.#"], "one", True),
            (["#.three"], "one.two.three", True),
            (["one.*.three", "#"], "one.two.three", True),
            (["*.two.#"], "one.two", True),
        ],
    )
    def test_wildcards(self, bus: EventBus, patterns: list[str], key: str, taken: bool) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("asking", patterns, got.append)
        bus.subscribe("all", ["#"], lambda _: None)
        bus.publish(event(), routing_key=key)
        bus.drain(LONG)
        assert len(got) == taken

    def test_an_alias_is_the_same_key(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("registry", ["model.trained"], got.append)
        payload = {
            "experiment_id": "e",
            "run_id": "r",
            "model_path": "p",
            "metrics": {},
            "duration_seconds": 1,
            "artifacts": {},
        }
        bus.publish(event("model.trained", **payload))
        bus.publish(event("training.completed", **payload))
        bus.drain(LONG)
        assert [one.metadata.event_type for one in got] == ["training.completed", "training.completed"]

    def test_what_must_find_a_queue(self, bus: EventBus) -> None:
        bus.subscribe("other", ["something.else"], refuse)
        assert bus.publish(event("training.noticed")) is True
        for unheard in (document(), event("anything.requested")):
            with pytest.raises(UnroutableError, match="Subscribe before publishing"):
                bus.publish(unheard)
            with pytest.raises(UnroutableError):
                bus.publish(unheard, routing_key="some.where")
        with pytest.raises(UnroutableError):
            bus.publish(event("test.event"), routing_key="data.ingested")

    def test_of_many_only_the_unroutable_are_refused(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["test.*"], got.append)
        batch = [event(number=0), event("test.requested", number=1), event("a.requested"), event(number=3)]
        with pytest.raises(NotConfirmed) as raised:
            bus.publish_many(batch)
        assert raised.value.confirmed == {0, 1, 3}
        assert isinstance(raised.value.refused[2], UnroutableError)
        bus.drain(LONG)
        assert numbers(got) == [0, 1, 3]

    def test_an_exchange_hears_its_own_only(self, bus: EventBus, url: str) -> None:
        bus.subscribe("one", ["#"], lambda _: None)
        with open_bus(url, "elsewhere") as elsewhere, pytest.raises(UnroutableError):
            elsewhere.publish(document())
        assert bus.drain(LONG) == 0

    def test_an_event_of_five_megabytes_arrives_whole_and_a_larger_one_is_refused(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        published = document("é\n" * 1_300_000)
        bus.publish(published)
        bus.drain(LONG)
        assert got == [published]
        with pytest.raises(EventTooLarge, match="this bus takes 5242880"):
            bus.publish(document("é\n" * 1_320_000))
        assert bus.counts("one").ready == 0

    def test_order_is_kept(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        bus.publish_many([event(number=number) for number in range(50)])
        with consuming(bus):
            for number in range(50, 100):
                bus.publish(event(number=number))
            wait_until(lambda: len(got) == 100, "100 events")
        assert numbers(got) == list(range(100))

    def test_the_urgent_pass_where_the_queue_says_so(self, bus: EventBus) -> None:
        plain: list[BaseEvent] = []
        urgent: list[BaseEvent] = []
        bus.subscribe("plain", ["#"], plain.append)
        bus.subscribe("urgent", ["#"], urgent.append, priorities=True)
        for number, priority in enumerate(["low", "normal", "high", "low", "high"]):
            request = {"request_id": str(number), "model_id": "m", "model_version": "1.0.0", "input_data": {}}
            bus.publish(event("prediction.requested", priority=priority, **request))
        bus.drain(LONG)
        assert [one.payload.request_id for one in plain] == ["0", "1", "2", "3", "4"]
        assert [one.payload.request_id for one in urgent] == ["2", "4", "1", "0", "3"]

    # Queues

    def test_a_queue_keeps_what_comes_while_nobody_is_there(self, bus: EventBus, other: EventBus, url: str) -> None:
        other.subscribe("one", ["#"], refuse)
        other.disconnect()
        published = event()
        bus.publish(published)
        got: list[BaseEvent] = []
        with open_bus(url) as later:
            later.subscribe("one", ["#"], got.append)
            later.drain(LONG)
        assert got == [published]

    def test_consumers_of_one_queue_share_it(self, bus: EventBus, other: EventBus) -> None:
        here: list[BaseEvent] = []
        there: list[BaseEvent] = []
        both = threading.Barrier(2)

        def take(into: list[BaseEvent]) -> Callable[[BaseEvent], None]:
            def callback(received: BaseEvent) -> None:
                into.append(received)
                if len(into) == 1:
                    both.wait(LONG)

            return callback

        bus.subscribe("one", ["test.*"], take(here), prefetch=1)
        other.subscribe("one", ["test.*"], take(there), prefetch=1)
        with consuming(bus), consuming(other):
            bus.publish_many([event(number=number) for number in range(10)])
            wait_until(lambda: len(here) + len(there) == 10, "10 events")
        assert sorted(numbers(here + there)) == list(range(10))

    def test_a_queue_has_its_arguments_for_life(self, bus: EventBus, other: EventBus) -> None:
        bus.subscribe("one", ["#"], refuse)
        with pytest.raises(QueueConflict, match="one"):
            other.subscribe("one", ["#"], refuse, priorities=True)
        assert other.publish(event()) is True

    def test_an_unknown_queue_is_told(self, bus: EventBus) -> None:
        bus.subscribe("index", ["#"], refuse)
        assert bus.queues() == ("index",)
        for ask in (
            bus.counts,
            bus.dead_letters,
            lambda name: bus.replay(name, "1"),
            lambda name: bus.drop(name, "1"),
            lambda name: bus.replay_many(name, []),
            lambda name: bus.drop_many(name, []),
        ):
            with pytest.raises(UnknownQueue, match="indx"):
                ask("indx")

    def test_a_temporary_queue_ends_with_its_transport(self, bus: EventBus, url: str) -> None:
        looker = make_transport(url, bus.exchange_name)
        looker.connect()
        looker.declare(QueueSpec("looking", ("#",), temporary=True))
        seen: list[Delivery] = []
        consumption = looker.consume("looking", 10, seen.append, pytest.fail)
        bus.publish(event(number=1))
        wait_until(lambda: seen, "the event")
        assert parse_event(seen[0].body).payload == {"number": 1}
        seen[0].ack()
        consumption.stop()
        consumption.close()
        looker.close()
        wait_until(lambda: "looking" not in bus.queues(), "the queue to go")
        with pytest.raises(UnroutableError):
            bus.publish(document())

    # Failing, trying again, giving up

    def test_a_failed_try_is_repeated_while_others_flow(self, bus: EventBus) -> None:
        tries: list[tuple[int, int]] = []
        waits: list[int] = []

        def callback(received: BaseEvent) -> None:
            work = current_handling()
            assert work is not None
            tries.append((received.payload["number"], work.attempt))
            if received.payload["number"] == 1 and work.attempt < 3:
                raise OSError("not yet")

        def backoff(attempt: int) -> float:
            waits.append(attempt)
            return 0.2

        bus.subscribe("one", ["#"], callback, backoff=backoff)
        bus.publish_many([event(number=1), event(number=2)])
        with consuming(bus):
            wait_until(lambda: (1, 3) in tries, "the third try")
        assert tries == [(1, 1), (2, 1), (1, 2), (1, 3)]
        assert waits == [1, 2]
        assert bus.dead_letters("one") == ()

    def test_a_wait_is_not_cut_short(self, bus: EventBus) -> None:
        at: list[float] = []

        def callback(_: BaseEvent) -> None:
            at.append(time.monotonic())
            raise OSError

        bus.subscribe("one", ["#"], callback, backoff=lambda _: 0.3, max_attempts=2)
        bus.publish(event())
        bus.drain(LONG)
        assert at[1] - at[0] >= 0.29

    def test_a_poison_event_ends_in_the_dead_letters_and_can_be_replayed(self, bus: EventBus, other: EventBus) -> None:
        tries: list[int] = []
        good: list[BaseEvent] = []
        mended: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            if received.payload["number"] != 0:
                good.append(received)
            else:
                work = current_handling()
                assert work is not None
                tries.append(work.attempt)
                raise ValueError("too long")

        bus.subscribe("one", ["#"], callback, max_attempts=4)
        poison = event(number=0)
        bus.publish_many([poison, *(event(number=number) for number in range(1, 20))])
        bus.drain(LONG)
        assert tries == [1, 2, 3, 4]
        assert numbers(good) == list(range(1, 20))
        [letter] = bus.dead_letters("one")
        assert (letter.queue_name, letter.routing_key, letter.attempts) == ("one", "test.event", 4)
        assert letter.reason == "ValueError: too long"
        assert letter.digest.endswith("in callback")
        assert parse_event(letter.body) == poison
        assert letter.headers["event_id"] == str(poison.metadata.event_id)
        assert letter.died_at.tzinfo is not None
        assert bus.dead_letters("one") == (letter,)
        assert bus.counts("one").dead == 1

        other.subscribe("one", ["#"], mended.append)
        assert bus.replay("one", "none such") is False
        assert bus.replay("one", letter.id) is True
        assert bus.replay("one", letter.id) is False
        other.drain(LONG)
        assert mended == [poison]
        assert bus.dead_letters("one") == ()

    def test_dead_letters_are_listed_in_order_and_dropped_one_by_one(self, bus: EventBus) -> None:
        bus.subscribe("one", ["#"], refuse, max_attempts=1)
        bus.publish_many([event(number=number) for number in range(5)])
        bus.drain(LONG)
        letters = bus.dead_letters("one")
        assert [parse_event(letter.body).payload["number"] for letter in letters] == list(range(5))
        assert bus.dead_letters("one", limit=2) == letters[:2]
        assert bus.drop("one", letters[2].id) is True
        assert bus.drop("one", letters[2].id) is False
        assert bus.dead_letters("one") == letters[:2] + letters[3:]
        assert bus.drain(LONG) == 0

    def test_dead_letters_are_replayed_and_dropped_together(self, bus: EventBus, other: EventBus) -> None:
        mended: list[BaseEvent] = []
        bus.subscribe("one", ["#"], refuse, max_attempts=1)
        bus.publish_many([event(number=number) for number in range(250)])
        bus.drain(LONG)
        ids = [letter.id for letter in bus.dead_letters("one")]
        assert bus.replay_many("one", []) == 0
        assert bus.drop_many("one", []) == 0
        assert bus.replay_many("one", ["none such", ids[7], ids[3], ids[7]]) == 2
        assert bus.drop_many("one", [ids[3], ids[4], "none such", ids[5], ids[4]]) == 2
        counts = bus.counts("one")
        assert (counts.ready, counts.dead) == (2, 246)
        assert [letter.id for letter in bus.dead_letters("one")] == ids[:3] + ids[6:7] + ids[8:]
        assert bus.replay_many("one", ids) == 246
        assert bus.replay_many("one", ids) == bus.drop_many("one", ids) == 0
        assert bus.dead_letters("one") == ()
        other.subscribe("one", ["#"], mended.append)
        other.drain(LONG)
        assert sorted(numbers(mended)) == [number for number in range(250) if number not in (4, 5)]
        assert bus.counts("one") == QueueCounts(0, 0, 0)

    def test_a_dead_letter_of_one_queue_is_no_other_s(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("bad", ["#"], refuse, max_attempts=1)
        bus.subscribe("good", ["#"], got.append)
        bus.publish(event())
        bus.drain(LONG)
        [letter] = bus.dead_letters("bad")
        assert bus.dead_letters("good") == ()
        bus.replay("bad", letter.id)
        bus.drain(LONG)
        assert len(got) == 1

    @pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt()], ids=["exit", "interrupt"])
    def test_a_handler_that_would_end_the_process_has_failed(self, bus: EventBus, error: BaseException) -> None:
        got: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            if received.payload["number"] == 0:
                raise error
            got.append(received)

        bus.subscribe("one", ["#"], callback, max_attempts=2)
        bus.publish_many([event(number=0), event(number=1)])
        bus.drain(LONG)
        assert numbers(got) == [1]
        assert [letter.attempts for letter in bus.dead_letters("one")] == [2]

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"{", "Invalid JSON"),
            (b"\xff\x00", "Invalid JSON"),
            (b"{}", "metadata: Field required"),
            (
                b'{"metadata": {"event_type": "drift.detected", "source_service": "x"}, "payload": {"a": 1}}',
                "payload.drift_type",
            ),
            (
                b'{"payload": {}, "metadata": '
                b'{"event_type": "drift.detected", "source_service": "x", "version": "9.0.0"}}',
                "UnknownVersion: drift.detected of version 9.0.0",
            ),
        ],
        ids=["no JSON", "bytes", "no event", "another payload", "newer"],
    )
    def test_what_is_no_event_is_dead_at_once_and_stops_nobody(
        self, bus: EventBus, url: str, body: bytes, reason: str
    ) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        stranger = make_transport(url, bus.exchange_name)
        stranger.connect()
        stranger.publish([Outgoing("drift.detected", body)])
        stranger.close()
        published = event()
        bus.publish(published)
        bus.drain(LONG)
        assert got == [published]
        [letter] = bus.dead_letters("one")
        assert (letter.body, letter.attempts) == (body, 1)
        assert reason in letter.reason

    def test_acknowledged_on_delivery_means_lost_on_failure(self, bus: EventBus) -> None:
        tries: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            tries.append(received)
            refuse(received)

        bus.subscribe("one", ["#"], callback, auto_ack=True)
        bus.publish(event())
        bus.drain(LONG)
        assert len(tries) == 1
        assert bus.dead_letters("one") == ()
        assert bus.counts("one").ready == 0

    @pytest.mark.parametrize("wait", [-1.0, float("nan"), "soon", None])
    def test_a_back_off_that_is_none_loses_nothing(self, bus: EventBus, wait: Any) -> None:
        bus.subscribe("one", ["#"], refuse, backoff=lambda _: wait)
        bus.publish(event())
        bus.drain(LONG)
        [letter] = bus.dead_letters("one")
        assert letter.reason.startswith("ValueError: too long (and its back-off")

    def test_an_event_is_settled_once(self, bus: EventBus, url: str) -> None:
        bus.subscribe("one", ["#"], refuse)
        taker = make_transport(url, bus.exchange_name)
        taker.connect()
        seen: list[Delivery] = []
        consumption = taker.consume("one", 1, seen.append, pytest.fail)
        bus.publish(event())
        wait_until(lambda: seen, "the event")
        assert seen[0].ack() is True
        assert (seen[0].ack(), seen[0].retry(0), seen[0].dead_letter("", ""), seen[0].release()) == (False,) * 4
        consumption.stop()
        consumption.close()
        taker.close()
        assert bus.counts("one").ready == bus.counts("one").dead == 0

    # Handlers

    def test_handlers_run_side_by_side(self, bus: EventBus) -> None:
        together = threading.Barrier(3)
        bus.subscribe("one", ["#"], lambda _: together.wait(LONG) and None, concurrency=3)
        bus.publish_many([event() for _ in range(6)])
        assert bus.drain(LONG) == 6
        assert bus.dead_letters("one") == ()

    def test_what_a_handler_publishes_is_part_of_its_trace(self, bus: EventBus) -> None:
        work = uuid4()
        seen: list[tuple[str, str | None]] = []

        def first(received: BaseEvent) -> None:
            note(received)
            bus.publish(BaseEvent.new({}, event_type="test.second", source_service="test", cause=received))

        def note(received: BaseEvent) -> None:
            now = current_handling()
            assert now is not None
            assert received.metadata.correlation_id == work
            seen.append((str(received.metadata.event_type), now.traceparent))

        bus.subscribe("first", ["test.event"], first)
        bus.subscribe("second", ["test.second"], note)
        bus.publish(event(correlation_id=work))
        bus.drain(LONG)
        (_one, parent), (name, child) = seen
        assert name == "test.second"
        assert parent is not None
        assert child is not None
        assert parent.split("-")[1] == child.split("-")[1] == work.hex
        assert parent.split("-")[2] != child.split("-")[2]
        assert current_handling() is None

    def test_the_same_event_twice_has_its_effect_once(self, bus: EventBus, tmp_path: Path) -> None:
        handled: list[BaseEvent] = []
        work = uuid4()
        with SQLiteEventStore(tmp_path / "effects.db") as store:

            def callback(received: BaseEvent) -> None:
                handled.append(received)
                store.store_event(event("test.effect", work))
                if len(handled) == 1:
                    raise OSError("after the effect")

            bus.subscribe("one", ["test.event"], callback, idempotent=store)
            published = event()
            bus.publish(published)
            bus.publish(published)
            bus.drain(LONG)
            assert handled == [published, published]
            assert len(store.get_events_by_correlation(work)) == 1

    def test_a_slow_handler_keeps_what_it_holds(self, bus: EventBus, other: EventBus) -> None:
        """More than a lease and a heartbeat long (the URL of the test gives short ones), three times the prefetch."""
        got: list[BaseEvent] = []

        def slow(received: BaseEvent) -> None:
            time.sleep(0.6)
            got.append(received)

        bus.subscribe("one", ["#"], slow, prefetch=2, concurrency=2)
        bus.publish_many([event(number=number) for number in range(6)])
        assert bus.drain(LONG) == 6
        assert sorted(numbers(got)) == list(range(6))

    def test_a_handler_that_hangs_stops_nobody_else(self, bus: EventBus, other: EventBus) -> None:
        hung, go = threading.Event(), threading.Event()
        got: list[BaseEvent] = []
        again: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            if received.payload["number"] == 0:
                hung.set()
                assert go.wait(LONG)
            else:
                got.append(received)

        bus.subscribe("one", ["#"], callback, concurrency=2, prefetch=4)
        bus.publish_many([event(number=number) for number in range(20)])
        bus.start_consuming(block=False)
        try:
            assert hung.wait(LONG)
            wait_until(lambda: len(got) == 19, "the others")
            # Given up, it comes again elsewhere: nothing waits for who hangs.
            assert bus.stop(timeout=0.1) is False
            other.subscribe("one", ["#"], again.append)
            with consuming(other):
                wait_until(lambda: 0 in numbers(again), "the one that hung")
        finally:
            go.set()
        assert sorted(numbers(got)) == list(range(1, 20))

    # Beginning and ending

    def test_it_blocks_until_a_handler_stops_it(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            got.append(received)
            if len(got) == 3:
                bus.stop()

        bus.subscribe("one", ["#"], callback)
        bus.publish_many([event(number=number) for number in range(5)])
        bus.start_consuming()
        assert numbers(got) == [0, 1, 2]
        assert bus.counts("one").ready == 2
        bus.drain(LONG)
        assert numbers(got) == [0, 1, 2, 3, 4]

    def test_stopping_lets_work_end_and_gives_the_rest_back(self, bus: EventBus, other: EventBus) -> None:
        begun, go = threading.Event(), threading.Event()
        ended: list[BaseEvent] = []
        attempts: list[tuple[int, int]] = []

        def slow(received: BaseEvent) -> None:
            begun.set()
            assert go.wait(LONG)
            ended.append(received)

        def rest(received: BaseEvent) -> None:
            now = current_handling()
            assert now is not None
            attempts.append((received.payload["number"], now.attempt))

        bus.subscribe("one", ["#"], slow)
        bus.publish_many([event(number=number) for number in range(4)])
        bus.start_consuming(block=False)
        assert begun.wait(LONG)
        assert bus.stop(timeout=0) is False
        assert ended == []
        go.set()
        other.subscribe("one", ["#"], rest)
        other.drain(LONG)
        assert {number for number, _attempt in attempts} >= {1, 2, 3}
        assert {attempt for _number, attempt in attempts} == {1}

    def test_stop_waits_for_the_handler(self, bus: EventBus) -> None:
        begun = threading.Event()
        ended: list[BaseEvent] = []

        def slow(received: BaseEvent) -> None:
            begun.set()
            time.sleep(0.1)
            ended.append(received)

        bus.subscribe("one", ["#"], slow)
        bus.publish(event())
        bus.start_consuming(block=False)
        assert begun.wait(LONG)
        assert bus.stop() is True
        assert len(ended) == 1
        assert bus.drain(LONG) == 0

    def test_subscribing_later_joins_in(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["test.one"], got.append)
        with consuming(bus):
            bus.subscribe("two", ["test.two"], got.append)
            bus.publish(event("test.two"))
            wait_until(lambda: got, "the event")

    def test_a_bus_is_closed_and_opened_again(self, bus: EventBus) -> None:
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        bus.publish(event(number=1))
        bus.disconnect()
        bus.disconnect()
        with pytest.raises(BusClosed):
            bus.publish(event())
        with pytest.raises(BusClosed):
            bus.subscribe("two", ["#"], got.append)
        with pytest.raises(BusClosed):
            bus.drain()
        bus.connect()
        bus.publish(event(number=2))
        bus.drain(LONG)
        assert numbers(got) == [1, 2]

    def test_consuming_without_a_subscription_is_told(self, bus: EventBus) -> None:
        with pytest.raises(InvalidSubscription, match="Subscribe first"):
            bus.start_consuming()


class ProcessContract:
    """Several processes, some of them killed. A subclass overrides `url`, as in `BusContract`."""

    def test_killed_between_the_work_and_the_ack(self, url: str, tmp_path: Path) -> None:
        work, effects = uuid4(), tmp_path / "effects.db"
        with open_bus(url) as bus, SQLiteEventStore(effects) as store:
            bus.subscribe("one", ["#"], refuse)
            with Process("pause-before-ack", url, "one", effects, work) as first:
                first.wait_for("consuming")
                published = event()
                bus.publish(published)
                first.wait_for(f"worked {published.metadata.event_id}")
                first.kill()
            assert len(store.get_events_by_correlation(work)) == 1
            with Process("consume", url, "one", effects, work) as second:
                second.wait_for(f"delivered {published.metadata.event_id}")
                second.signal(signal.SIGTERM)
                assert second.ended() == 0
            assert len(store.get_events_by_correlation(work)) == 1
            counts = bus.counts("one")
            assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)

    def test_killed_by_its_own_handler(self, url: str, tmp_path: Path) -> None:
        work, effects = uuid4(), tmp_path / "effects.db"
        with open_bus(url) as bus, SQLiteEventStore(effects) as store:
            bus.subscribe("one", ["#"], refuse)
            published = event()
            bus.publish(published)
            with Process("exit-hard", url, "one", effects, work) as first:
                assert first.ended() == 3
            with Process("consume", url, "one", effects, work) as second:
                second.wait_for(f"handled {published.metadata.event_id}")
                second.signal(signal.SIGTERM)
                assert second.ended() == 0
            assert len(store.get_events_by_correlation(work)) == 1

    def test_sigterm_under_load_ends_what_it_began_and_nothing_else(self, url: str, tmp_path: Path) -> None:
        work, effects = uuid4(), tmp_path / "effects.db"
        total = 200
        with open_bus(url) as bus, SQLiteEventStore(effects) as store:
            bus.subscribe("one", ["#"], refuse)
            bus.publish_many([event(number=number) for number in range(total)])
            with Process("consume-slowly", url, "one", effects, work) as first:
                first.wait_for("handled")
                first.signal(signal.SIGTERM)
                assert first.ended() == 0
                begun, ended = first.said("delivered"), first.said("handled")
            assert begun == ended
            assert 0 < len(ended) < total
            assert bus.counts("one").ready == total - len(ended)
            with Process("consume", url, "one", effects, work) as second:
                wait_until(lambda: len(store.get_events_by_correlation(work)) == total, "the rest")
                second.signal(signal.SIGTERM)
                assert second.ended() == 0
                assert not set(second.said("handled")) & set(ended)
