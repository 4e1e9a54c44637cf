"""What a consumer holds: for how long, who gets it next, and how often it was in hand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.events.contract import LONG, wait_until
from tests.events.proxy import Proxy
from tests.events.redis_server import RedisProcess
from tests.events.samples import document, event, numbers
from workshop_lib.events import (
    BaseEvent,
    BusError,
    EventBus,
    QueueConflict,
    UnknownQueue,
    UnroutableError,
    open_bus,
    parse_event,
)
from workshop_lib.events.transport import Consumption, Delivery, QueueSpec, Transport
from workshop_lib.events.transports import make_transport
from workshop_lib.events.transports.redis_streams import consumption


@contextmanager
def transport(url: str) -> Iterator[Transport]:
    made = make_transport(url, "ml_events")
    made.connect()
    try:
        yield made
    finally:
        made.close()


class Taker:
    """Takes from a queue, and settles nothing by itself."""

    def __init__(self, of: Transport, queue: str = "one", prefetch: int = 100) -> None:
        self.seen: list[Delivery] = []
        self.failed: list[BusError] = []
        self.consumption: Consumption = of.consume(queue, prefetch, self.seen.append, self.failed.append)

    def number(self, place: int = 0) -> Any:
        return parse_event(self.seen[place].body).payload["number"]

    def end(self) -> None:
        self.consumption.stop()
        self.consumption.close()


@pytest.fixture
def bus(redis_url: str) -> Iterator[EventBus]:
    with open_bus(redis_url) as bus:
        bus.subscribe("one", ["#"], lambda _: None)
        yield bus


def test_what_was_held_by_the_dead_comes_again_and_says_so(
    bus: EventBus, redis_url: str, redis_server: RedisProcess
) -> None:
    bus.publish_many([event(number=number) for number in range(3)])
    with Proxy(redis_server.port) as proxy, transport(redis_url) as living:
        dead = make_transport(f"redis://127.0.0.1:{proxy.port}/0?lease=0.5&patience=0.1", "ml_events")
        dead.connect()
        first = Taker(dead, prefetch=2)
        wait_until(lambda: len(first.seen) == 2, "two")
        # It goes on running, and reaches the server no more.
        proxy.close()
        second = Taker(living)
        with redis_server.client() as client:
            # Its lease as the dead one's: the living one's own is 30 seconds.
            wait_until(lambda: len(second.seen) == 1, "the third")
            assert client.xpending("workshop:bus:stream:1:one", "workers")["pending"] == 3
        second.end()
    with transport(f"{redis_url}?lease=0.5") as sweeping:
        third = Taker(sweeping)
        wait_until(lambda: len(third.seen) == 3, "all")
        told = {third.number(place): third.seen[place].redelivered for place in range(3)}
        assert told == {0: 1, 1: 1, 2: 1}
        assert {delivery.attempt for delivery in third.seen} == {1}
        assert all(delivery.ack() for delivery in third.seen)
        third.end()
    assert first.seen[0].ack() is True, "it can't know yet"
    dead.close()


def test_given_back_untried_is_not_counted(bus: EventBus, redis_url: str) -> None:
    bus.publish_many([event(number=number) for number in range(3)])
    with transport(redis_url) as one:
        for _ in range(3):
            taker = Taker(one, prefetch=2)
            wait_until(lambda taker=taker: len(taker.seen) == 2, "two")
            assert (taker.number(0), taker.number(1)) == (0, 1)
            assert [delivery.redelivered for delivery in taker.seen] == [0, 0]
            assert [delivery.release() for delivery in reversed(taker.seen)] == [True, True]
            taker.consumption.stop()
            taker.end()
            assert bus.counts("one").ready == 3


def test_the_same_entry_in_hand_again_is_another_delivery(bus: EventBus, redis_url: str) -> None:
    bus.publish(event(number=1))
    with transport(redis_url) as one:
        taker = Taker(one)
        wait_until(lambda: taker.seen, "the event")
        assert taker.seen[0].release() is True
        wait_until(lambda: len(taker.seen) == 2, "the event again")
        assert taker.seen[0].ack() is False
        assert taker.seen[1].ack() is True
        taker.end()
        assert bus.counts("one").ready == 0


def test_a_consumer_leaves_no_name_behind(bus: EventBus, redis_url: str, redis_server: RedisProcess) -> None:
    bus.publish(event())
    assert bus.drain(LONG) == 1
    with redis_server.client() as client:
        names = [one["name"] for one in client.xinfo_consumers("workshop:bus:stream:1:one", "workers")]
        assert names in ([], [b"released"])
        assert client.xlen("workshop:bus:stream:1:one") == 0


def test_what_is_held_for_longer_than_a_lease_stays_held(
    bus: EventBus, redis_url: str, redis_server: RedisProcess
) -> None:
    bus.publish(event(number=1))
    url = f"{redis_url}?lease=1"
    with transport(url) as one, transport(url) as two, redis_server.client() as client:
        first = Taker(one)
        wait_until(lambda: first.seen, "the event")
        second = Taker(two)
        # Since when it is held, by the server's clock, changes with each word from its consumer: three a lease.
        words: set[int] = set()

        def heard_often() -> bool:
            [held] = client.xpending_range("workshop:bus:stream:1:one", "workers", "-", "+", 1)
            seconds, microseconds = client.time()
            words.add(round((seconds + microseconds / 1e6 - held["time_since_delivered"] / 1000) * 10))
            return len(words) > 9

        wait_until(heard_often, "three leases")
        bus.publish(event(number=2))
        wait_until(lambda: len(first.seen) + len(second.seen) == 2, "another event")
        assert [parse_event(one.body).payload["number"] for one in first.seen + second.seen] == [1, 2]
        assert first.seen[0].ack() is True
        first.end()
        second.end()
        assert bus.counts("one").ready == 1


def test_settled_too_late_does_nothing_and_is_logged(
    bus: EventBus, redis_server: RedisProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with Proxy(redis_server.port) as proxy, transport(f"redis://127.0.0.1:{proxy.port}/0?lease=0.5") as slow:
        bus.publish(event(number=1))
        first = Taker(slow)
        wait_until(lambda: first.seen, "the event")
        proxy.swallow_answers()
        with transport(f"{redis_server.url}?lease=0.5") as other:
            # Nothing that the first says arrives while it waits for an answer: its lease ends.
            second = Taker(other)
            wait_until(lambda: second.seen, "the event again")
            assert first.seen[0].ack() is True
            with caplog.at_level(logging.WARNING):
                proxy.cut()
                wait_until(lambda: "held for too long" in caplog.text, "the warning")
            assert second.seen[0].dead_letter("no use", "") is True
            second.end()
        assert [letter.reason for letter in bus.dead_letters("one")] == ["no use"]
        first.end()


def test_nobody_waits_for_the_next_look(bus: EventBus, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that never looks by itself hears of whatever comes, be it from elsewhere."""
    monkeypatch.setattr(consumption, "LOOK_EVERY", 3600.0)
    with transport(redis_url) as one, transport(redis_url) as two:
        elsewhere = Taker(one, prefetch=1)
        bus.publish(event(number=1))
        wait_until(lambda: elsewhere.seen, "the event")
        here = Taker(two)
        bus.publish(event(number=2))
        wait_until(lambda: len(here.seen) == 1, "what was published")
        elsewhere.seen[0].retry(0.3)
        wait_until(lambda: len(here.seen) + len(elsewhere.seen) == 3, "what was delayed")
        elsewhere.consumption.stop()
        for delivery in elsewhere.seen[1:]:
            delivery.release()
        elsewhere.consumption.close()
        wait_until(lambda: sorted(here.number(place) for place in range(len(here.seen))) == [1, 2], "what was released")
        here.end()


def test_what_an_unanswered_call_took_comes_at_once(bus: EventBus, redis_server: RedisProcess) -> None:
    """And not when its lease ends: nobody else could have it."""
    got: list[BaseEvent] = []
    with Proxy(redis_server.port) as proxy, open_bus(f"redis://127.0.0.1:{proxy.port}/0?lease=3600") as cut_off:
        cut_off.subscribe("one", ["#"], got.append)
        cut_off.start_consuming(block=False)
        cut_off.publish(event(number=0))
        wait_until(lambda: got, "the first")
        proxy.swallow_answers()
        bus.publish_many([event(number=number) for number in range(1, 6)])
        with redis_server.client() as client:
            pending = lambda: client.xpending("workshop:bus:stream:1:one", "workers")["pending"]  # noqa: E731
            wait_until(lambda: pending() == 5 or len(got) == 6, "a call that takes them")
        proxy.cut()
        wait_until(lambda: len(got) == 6, "the others")
        cut_off.stop()
    assert numbers(got) == list(range(6))


def test_a_temporary_queue_of_the_dead_is_swept_away(redis_url: str, redis_server: RedisProcess) -> None:
    with Proxy(redis_server.port) as proxy, transport(redis_url) as living, open_bus(redis_url) as bus:
        dead = make_transport(f"redis://127.0.0.1:{proxy.port}/0?lease=0.5&patience=0.1", "ml_events")
        dead.connect()
        dead.declare(QueueSpec("looking", ("data.*",), temporary=True))
        taker = Taker(dead, "looking")
        bus.publish(document())
        wait_until(lambda: taker.seen, "the document")
        assert living.queues() == ()
        with pytest.raises(QueueConflict, match="temporary"):
            living.declare(QueueSpec("looking", ("#",)))
        proxy.close()

        def unheard() -> bool:
            try:
                bus.publish(document())
            except UnroutableError:
                return True
            return False

        wait_until(unheard, "its end")
        with redis_server.client() as client:
            assert not [key for key in client.keys("workshop:*") if b"looking" in key]
        dead.close()


def test_a_queue_that_was_deleted_ends_its_consumer(bus: EventBus, redis_server: RedisProcess) -> None:
    bus.start_consuming(block=False)
    with redis_server.client() as client:
        client.flushall()
    with pytest.raises(UnknownQueue, match="'one'"):
        wait_until(lambda: bus.drain(0.1) is None, "the failure")


def test_urgent_ones_pass_when_given_back_too(redis_url: str) -> None:
    with open_bus(redis_url) as bus, transport(redis_url) as one:
        bus.subscribe("urgent", ["#"], lambda _: None, priorities=True)
        request = {"model_id": "m", "model_version": "1.0.0", "input_data": {}}
        for number, priority in enumerate(["low", "normal", "high"]):
            bus.publish(event("prediction.requested", priority=priority, request_id=str(number), **request))
        taker = Taker(one, "urgent", prefetch=3)
        wait_until(lambda: len(taker.seen) == 3, "three")
        for delivery in taker.seen:
            delivery.retry(0)
        wait_until(lambda: len(taker.seen) == 6, "three again")
        again = [(parse_event(one.body).payload.request_id, one.attempt) for one in taker.seen[3:]]
        assert sorted(again) == [("0", 2), ("1", 2), ("2", 2)]
        for delivery in taker.seen[3:]:
            delivery.release()
        wait_until(lambda: len(taker.seen) == 9, "three once more")
        taker.end()
        assert bus.counts("urgent").ready == 3
        order = Taker(one, "urgent", prefetch=3)
        wait_until(lambda: len(order.seen) == 3, "three at last")
        assert [parse_event(one.body).payload.request_id for one in order.seen] == ["2", "1", "0"]
        order.end()


@pytest.mark.parametrize("fields", [{"x": "1"}, {"k": b"\xff", "b": b"\xff", "h": "[1]", "a": "many"}, {"h": "{"}])
def test_what_somebody_else_put_into_a_stream_is_dead_and_stops_nobody(
    bus: EventBus, redis_server: RedisProcess, fields: dict[str, str | bytes]
) -> None:
    with redis_server.client() as client:
        client.xadd("workshop:bus:stream:1:one", fields)  # type: ignore[arg-type]
    bus.publish(event())
    assert bus.drain(LONG) == 2
    [letter] = bus.dead_letters("one")
    assert "Invalid JSON" in letter.reason
    assert bus.replay("one", letter.id) is True
    assert bus.drain(LONG) == 1
    assert bus.counts("one").dead == 1


def test_whatever_fails_in_the_consumer_is_told(bus: EventBus, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("no idea")

    monkeypatch.setattr(consumption, "read_entry", break_down)
    bus.publish(event())
    with pytest.raises(BusError, match="the consumer of queue one failed: no idea"):
        bus.drain(LONG)
