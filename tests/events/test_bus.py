import logging
import threading
from typing import Any, cast

import pytest

from workshop_lib.events import (
    BaseEvent,
    BusClosed,
    BusError,
    DataIngestedEvent,
    EventBus,
    EventMetadata,
    EventType,
    InvalidEvent,
    InvalidSubscription,
    InvalidTopic,
    UnknownQueue,
    UnknownScheme,
    UnroutableError,
    open_bus,
    parse_event,
)


@pytest.fixture
def bus() -> EventBus:
    return open_bus("memory://")


def event(event_type: EventType = EventType.TRAINING_STARTED, **payload: Any) -> BaseEvent:
    return BaseEvent(metadata=EventMetadata(event_type=event_type, source_service="test"), payload=payload)


def document() -> DataIngestedEvent:
    return DataIngestedEvent.for_document(document_id="a", filename="a.md", content="A", size=1, source_service="test")


def refuse(_: BaseEvent) -> None:
    raise ValueError("too long")


def test_an_event_reaches_every_queue_that_asked(bus: EventBus) -> None:
    index: list[BaseEvent] = []
    audit: list[BaseEvent] = []
    other: list[BaseEvent] = []
    bus.subscribe("index", ["data.ingested"], index.append)
    bus.subscribe("audit", ["#"], audit.append)
    bus.subscribe("other", ["training.*"], other.append)
    published = document()
    assert bus.publish(published) is True
    assert (index, audit, other) == ([published], [published], [])


def test_each_gets_a_copy_of_its_own(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", ["#"], got.append)
    bus.subscribe("two", ["#"], got.append)
    published = event(scores=[1])
    bus.publish(published)
    got[0].payload["scores"].append(2)
    assert got[1].payload == published.payload == {"scores": [1]}


def test_a_queue_matched_twice_gets_it_once(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", ["training.*", "#"], got.append)
    bus.publish(event())
    assert len(got) == 1


def test_callbacks_of_one_queue_take_turns(bus: EventBus) -> None:
    first: list[BaseEvent] = []
    second: list[BaseEvent] = []
    bus.subscribe("one", ["training.*"], first.append)
    bus.subscribe("one", ["model.*"], second.append)
    for _ in range(2):
        bus.publish(event())
        bus.publish(event())
    assert (len(first), len(second)) == (2, 2)


def test_a_routing_key_can_be_given(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("eu", ["jobs.eu"], got.append)
    bus.publish(event(), routing_key="jobs.eu")
    bus.publish(event())
    assert len(got) == 1


@pytest.mark.parametrize("event_type", [EventType.PREDICTION_REQUESTED, EventType.DATA_VALIDATED])
def test_a_request_or_data_that_nobody_asked_for_is_an_error(bus: EventBus, event_type: EventType) -> None:
    bus.subscribe("other", ["training.*"], refuse)
    with pytest.raises(UnroutableError, match=r"queues: other.*Subscribe before publishing"):
        bus.publish(event(event_type))
    with pytest.raises(UnroutableError):
        bus.publish(event(event_type), routing_key="somewhere.else")
    with pytest.raises(UnroutableError):
        bus.publish(event(EventType.TRAINING_STARTED), routing_key=event_type)


def test_a_fact_needs_no_listener(bus: EventBus) -> None:
    assert bus.publish(event(EventType.TRAINING_STARTED)) is True


def test_a_failing_callback_stops_nobody(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("bad", ["#"], refuse)
    bus.subscribe("good", ["#"], got.append)
    published = event()
    assert bus.publish(published) is True
    assert got == [published]
    (letter,) = bus.dead_letters("bad")
    assert (letter.queue_name, letter.routing_key, letter.reason) == ("bad", "training.started", "ValueError: too long")
    assert parse_event(letter.body) == published
    assert bus.dead_letters("good") == ()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert "queue bad" in record.getMessage()


def test_acknowledged_on_delivery_means_lost_on_failure(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    bus.subscribe("bad", ["#"], refuse, auto_ack=True)
    assert bus.publish(event()) is True
    assert bus.dead_letters("bad") == ()
    assert "lost" in caplog.text


def test_dead_letters_of_an_unknown_queue(bus: EventBus) -> None:
    bus.subscribe("index", ["#"], refuse)
    with pytest.raises(UnknownQueue, match="one of: index; got 'indx'"):
        bus.dead_letters("indx")


def test_what_a_callback_publishes_waits_until_it_is_done(bus: EventBus) -> None:
    order: list[str] = []

    def first(_: BaseEvent) -> None:
        order.append("first begins")
        bus.publish(event(EventType.TRAINING_COMPLETED))
        order.append("first ends")

    bus.subscribe("first", ["training.started"], first)
    bus.subscribe("audit", ["training.started"], lambda _: order.append("audit"))
    bus.subscribe("second", ["training.completed"], lambda _: order.append("second"))
    bus.publish(event())
    assert order == ["first begins", "first ends", "audit", "second"]


def test_a_long_chain_does_not_recurse(bus: EventBus) -> None:
    count = 0

    def again(_: BaseEvent) -> None:
        nonlocal count
        count += 1
        if count < 2000:
            bus.publish(event())

    bus.subscribe("chain", ["#"], again)
    bus.publish(event())
    assert count == 2000


def test_threads_lose_nothing_and_never_deliver_at_once(bus: EventBus) -> None:
    inside = threading.Lock()
    got: list[int] = []

    def callback(received: BaseEvent) -> None:
        assert inside.acquire(blocking=False)
        got.append(received.payload["number"])
        inside.release()

    bus.subscribe("one", ["#"], callback)
    threads = [
        threading.Thread(
            target=lambda start: [bus.publish(event(number=n)) for n in range(start, start + 100)], args=(s,)
        )
        for s in range(0, 800, 100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(800))
    assert bus.dead_letters("one") == ()
    # One thread's events stay in its order.
    assert [n for n in got if n < 100] == list(range(100))


def test_a_callback_may_wait_for_a_thread_that_publishes(bus: EventBus) -> None:
    got: list[str] = []

    def callback(received: BaseEvent) -> None:
        got.append(received.metadata.event_type)
        if received.metadata.event_type is EventType.TRAINING_STARTED:
            thread = threading.Thread(target=bus.publish, args=(event(EventType.TRAINING_COMPLETED),), daemon=True)
            thread.start()
            thread.join(30)
            assert not thread.is_alive()

    bus.subscribe("one", ["#"], callback)
    bus.publish(event())
    assert got == ["training.started", "training.completed"]


def test_an_interrupted_delivery_comes_again(bus: EventBus) -> None:
    tries: list[BaseEvent] = []

    def callback(received: BaseEvent) -> None:
        tries.append(received)
        if len(tries) == 1:
            raise KeyboardInterrupt

    bus.subscribe("one", ["#"], callback)
    first, second = event(number=1), event(number=2)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(first)
    bus.publish(second)
    assert tries == [first, first, second]


@pytest.mark.parametrize("wrong", [{"metadata": {}}, None, "training.started"])
def test_only_events_are_published(bus: EventBus, wrong: object) -> None:
    with pytest.raises(InvalidEvent):
        bus.publish(cast("BaseEvent", wrong))


def test_a_payload_that_is_not_its_type_s_is_not_published(bus: EventBus) -> None:
    bus.subscribe("one", ["#"], refuse)
    with pytest.raises(InvalidEvent, match=r"payload\.document_id"):
        bus.publish(event(EventType.DATA_INGESTED))
    assert bus.dead_letters("one") == ()


@pytest.mark.parametrize("key", ["", "data.*", "a..b"])
def test_a_wrong_routing_key_is_refused(bus: EventBus, key: str) -> None:
    with pytest.raises(InvalidTopic):
        bus.publish(event(), routing_key=key)


async def _coroutine(_: BaseEvent) -> None: ...


@pytest.mark.parametrize(
    ("queue_name", "routing_keys", "callback"),
    [
        ("", ["#"], refuse),
        ("q" * 256, ["#"], refuse),
        ("q", [], refuse),
        ("q", "data.ingested", refuse),
        ("q", ["#"], _coroutine),
        ("q", ["#"], None),
    ],
)
def test_a_wrong_subscription_is_refused(bus: EventBus, queue_name: str, routing_keys: Any, callback: Any) -> None:
    with pytest.raises(InvalidSubscription):
        bus.subscribe(queue_name, routing_keys, callback)


def test_a_wrong_pattern_leaves_no_queue_behind(bus: EventBus) -> None:
    with pytest.raises(InvalidTopic):
        bus.subscribe("one", ["#", "data*"], refuse)
    with pytest.raises(UnknownQueue):
        bus.dead_letters("one")


def test_a_closed_bus_takes_nothing() -> None:
    with open_bus("memory://") as bus:
        bus.subscribe("one", ["#"], refuse)
        bus.publish(event())
    with pytest.raises(BusClosed):
        bus.publish(event())
    with pytest.raises(BusClosed):
        bus.subscribe("two", ["#"], refuse)
    bus.close()
    assert len(bus.dead_letters("one")) == 1


def test_closing_in_a_callback_drops_what_waits(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", ["#"], lambda _: bus.close())
    bus.subscribe("two", ["#"], got.append)
    bus.publish(event())
    assert got == []


def test_two_buses_share_nothing(bus: EventBus) -> None:
    got: list[BaseEvent] = []
    bus.subscribe("one", ["#"], got.append)
    open_bus("memory://").publish(event())
    assert got == []


@pytest.mark.parametrize("url", ["", "memory", "carrier-pigeon://loft", "smtp://user:secret@host"])
def test_an_unknown_backend_lists_those_there_are(url: str) -> None:
    with pytest.raises(UnknownScheme, match="one of memory://") as raised:
        open_bus(url)
    assert "secret" not in str(raised.value)


def test_the_bus_is_built_as_in_the_seed() -> None:
    bus = EventBus("memory://", "ml_events", "topic")
    assert bus.exchange_name == "ml_events"
    with pytest.raises(BusError, match="expected exchange_type 'topic'"):
        EventBus("memory://", exchange_type="fanout")
