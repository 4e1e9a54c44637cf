import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.events.contract import LONG, refuse, wait_until
from tests.events.samples import document, event
from workshop_lib.events import (
    BaseEvent,
    BrokerUnavailable,
    BusClosed,
    BusError,
    EventBus,
    EventTooLarge,
    EventType,
    InvalidEvent,
    InvalidSubscription,
    InvalidTopic,
    SQLiteEventStore,
    UnknownQueue,
    UnknownScheme,
    open_bus,
)
from workshop_lib.events.transport import Consumption, Delivery
from workshop_lib.events.transports.memory import MemoryTransport


@pytest.fixture
def bus() -> Iterator[EventBus]:
    with open_bus("memory://", max_attempts=1) as bus:
        yield bus


def test_the_bus_is_built_as_in_the_seed() -> None:
    bus = EventBus("memory://", "ml_events", "topic")
    assert bus.exchange_name == "ml_events"
    assert bus.publish(event()) is True
    bus.disconnect()
    with pytest.raises(BusError, match="expected exchange_type 'topic'"):
        EventBus("memory://", exchange_type="fanout")


@pytest.mark.parametrize("url", ["", "memory", "carrier-pigeon://loft", "smtp://user:secret@host"])
def test_an_unknown_backend_lists_those_there_are(url: str) -> None:
    with pytest.raises(UnknownScheme, match="memory://") as raised:
        open_bus(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("wrong", [{"metadata": {}}, None, "training.started"])
def test_only_events_are_published(bus: EventBus, wrong: object) -> None:
    with pytest.raises(InvalidEvent):
        bus.publish(cast("BaseEvent", wrong))


def test_a_payload_that_is_not_its_type_s_is_not_published(bus: EventBus) -> None:
    bus.subscribe("one", ["#"], refuse)
    with pytest.raises(InvalidEvent, match=r"payload\.document_id"):
        bus.publish(event("data.ingested"))
    with pytest.raises(InvalidEvent):
        bus.publish_many([event(), event("data.ingested")])
    assert bus.counts("one").ready == 0


def test_a_large_event_is_refused_before_it_travels() -> None:
    with open_bus("memory://", max_bytes=1000) as bus:
        bus.subscribe("one", ["#"], refuse)
        assert bus.publish(document("a" * 500)) is True
        with pytest.raises(EventTooLarge, match="this bus takes 1000"):
            bus.publish(document("a" * 1000))
        assert bus.counts("one").ready == 1


def test_the_setting_says_how_large_an_event_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_MAX_BYTES", "1000")
    with open_bus("memory://") as bus, pytest.raises(EventTooLarge, match=r"takes 1000\..*EVENT_MAX_BYTES"):
        bus.publish(document("a" * 1000))


@pytest.mark.parametrize("key", ["", "data.*", "a..b"])
def test_a_wrong_routing_key_is_refused(bus: EventBus, key: str) -> None:
    for _ in range(2):
        with pytest.raises(InvalidTopic):
            bus.publish(event(), routing_key=key)


async def _coroutine(_: BaseEvent) -> None: ...


@pytest.mark.parametrize(
    ("queue_name", "routing_keys", "callback", "options"),
    [
        ("", ["#"], refuse, {}),
        ("q" * 256, ["#"], refuse, {}),
        ("q", [], refuse, {}),
        ("q", "data.ingested", refuse, {}),
        ("q", ["#"], _coroutine, {}),
        ("q", ["#"], None, {}),
        ("q", ["#"], refuse, {"max_attempts": 0}),
        ("q", ["#"], refuse, {"concurrency": 0}),
        ("q", ["#"], refuse, {"prefetch": 0}),
    ],
)
def test_a_wrong_subscription_is_refused(
    bus: EventBus, queue_name: str, routing_keys: Any, callback: Any, options: dict[str, int]
) -> None:
    with pytest.raises(InvalidSubscription):
        bus.subscribe(queue_name, routing_keys, callback, **options)
    assert bus.queues() == ()


def test_a_wrong_pattern_leaves_no_queue_behind(bus: EventBus) -> None:
    with pytest.raises(InvalidTopic):
        bus.subscribe("one", ["#", "data*"], refuse)
    with pytest.raises(UnknownQueue):
        bus.dead_letters("one")


def test_each_gets_a_copy_of_its_own(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", ["#"], got.append)
    bus.subscribe("two", ["#"], got.append)
    published = event(scores=[1])
    bus.publish(published)
    bus.drain()
    got[0].payload["scores"].append(2)
    assert got[1].payload == published.payload == {"scores": [1]}


def test_a_failing_handler_is_in_the_log_without_the_payload(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    bus.subscribe("bad", ["#"], refuse)
    bus.publish(event(secret="sesame"))
    bus.drain()
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert "queue bad" in record.getMessage()
    assert "sesame" not in caplog.text


def test_what_a_handler_publishes_is_drained_too(bus: EventBus) -> None:
    count = 0

    def again(_: BaseEvent) -> None:
        nonlocal count
        count += 1
        if count < 500:
            bus.publish(event())

    bus.subscribe("chain", ["#"], again)
    bus.publish(event())
    assert bus.drain() == count == 500


def test_draining_has_an_end(bus: EventBus) -> None:
    bus.subscribe("loop", ["#"], bus.publish)
    bus.publish(event())
    assert bus.drain(timeout=0.05) > 0


def test_what_failed_in_the_background_is_told_by_the_next_drain(
    bus: EventBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = MemoryTransport.consume

    def consume(
        self: MemoryTransport,
        queue: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> Consumption:
        consumption = real(self, queue, prefetch, deliver, failed)
        failed(BrokerUnavailable("gone for good"))
        return consumption

    monkeypatch.setattr(MemoryTransport, "consume", consume)
    bus.subscribe("one", ["#"], refuse)
    bus.start_consuming(block=False)
    with pytest.raises(BrokerUnavailable, match="gone for good"):
        bus.drain(LONG)
    assert bus.stop() is True


def test_nothing_subscribed_nothing_drained(bus: EventBus) -> None:
    assert bus.drain() == 0


def test_a_handler_may_close_the_bus(bus: EventBus) -> None:
    handled: list[BaseEvent] = []

    def last(received: BaseEvent) -> None:
        handled.append(received)
        bus.disconnect()

    bus.subscribe("one", ["#"], last)
    bus.publish_many([event(), event()])
    bus.start_consuming()
    assert len(handled) == 1
    with pytest.raises(BusClosed):
        bus.publish(event())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_work(bus: EventBus, number: signal.Signals) -> None:
    begun: list[BaseEvent] = []
    ended: list[BaseEvent] = []
    before = signal.getsignal(number)

    def callback(received: BaseEvent) -> None:
        begun.append(received)
        if len(begun) == 1:
            os.kill(os.getpid(), number)
            wait_until(lambda: signal.getsignal(number) is before, "the signal")
        ended.append(received)

    bus.subscribe("one", ["#"], callback)
    bus.publish_many([event() for _ in range(1000)])
    bus.start_consuming()
    assert begun == ended
    assert bus.counts("one").ready == 1000 - len(ended) > 0


def test_off_the_main_thread_it_leaves_signals_alone(bus: EventBus) -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []
    bus.subscribe("one", ["#"], lambda _: seen.append(signal.getsignal(signal.SIGTERM)))
    bus.publish(event())
    thread = threading.Thread(target=bus.start_consuming, daemon=True)
    thread.start()
    wait_until(lambda: seen, "the event")
    bus.stop()
    thread.join(LONG)
    assert not thread.is_alive()
    assert seen == [before]


def test_published_events_are_kept_before_it_is_said(bus: EventBus) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.kept: list[BaseEvent] = []

        def store_event(self, received: BaseEvent) -> bool:
            self.kept.append(received)
            return True

    recorder = Recorder()
    with open_bus("memory://", record=recorder) as recording:
        one, two = event(), event()
        recording.publish(one)
        assert recorder.kept == [one]
        with pytest.raises(BusError):
            recording.publish_many([event("a.requested"), two])
    assert recorder.kept == [one, two]


def test_what_is_published_together_is_kept_together(tmp_path: Path) -> None:
    class Counting(SQLiteEventStore):
        calls = 0

        def store_events(self, events: Iterable[BaseEvent]) -> bool:
            self.calls += 1
            return super().store_events(events)

    store = Counting(tmp_path / "events.db")
    correlation_id = uuid4()
    many = [event(correlation_id=correlation_id, number=number) for number in range(100)]
    with open_bus("memory://", record=store) as recording:
        recording.publish_many(many)
    assert store.get_events_by_correlation(correlation_id) == many
    assert store.calls == 1
    store.close()


def test_an_event_type_of_the_enumeration_needs_no_quotes(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", [EventType.TRAINING_FAILED], got.append)
    bus.publish(event("training.failed", experiment_id="e", run_id="r", error="x"))
    bus.drain()
    assert got[0].payload.get("error") == got[0].payload["error"] == "x"
    assert got[0].payload.get("none", 1) == 1
