import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.events.contract import LONG, BusContract, ProcessContract, consuming, wait_until
from tests.events.kafka_broker import kafka_broker
from tests.events.processes import Process
from tests.events.samples import document, event, numbers
from workshop_lib.events import (
    BaseEvent,
    BrokerUnavailable,
    BusError,
    EventBus,
    NotConfirmed,
    SQLiteEventStore,
    open_bus,
)
from workshop_lib.events.transport import Delivery, QueueSpec
from workshop_lib.events.transports import make_transport


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    with kafka_broker(tmp_path / "broker.log") as address:
        yield address


@pytest.fixture
def url(broker: str) -> str:
    return f"kafka://{broker}?lease=2"


def work(number: int) -> BaseEvent:
    """Of a piece of work of its own: such events are shared out, as those of one are not."""
    return event(correlation_id=UUID(int=number), number=number)


class TestKafka(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, broker: str) -> str:
        return f"kafka://{broker}?lease=2"

    def test_consumers_of_one_queue_share_it(self, bus: EventBus, other: EventBus) -> None:
        """By correlation id, which is how Kafka shares: the contract's events have none, and stay in order."""
        here: list[BaseEvent] = []
        there: list[BaseEvent] = []
        bus.subscribe("one", ["#"], here.append)
        other.subscribe("one", ["#"], there.append)
        with consuming(bus), consuming(other):
            bus.publish_many([work(number) for number in range(30)])
            wait_until(lambda: len(here) + len(there) == 30, "30 events")
        assert sorted(numbers(here + there)) == list(range(30))
        assert here
        assert there


def test_events_of_one_work_keep_their_order_over_partitions(url: str) -> None:
    got: list[BaseEvent] = []
    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], got.append)
        bus.publish_many([event(correlation_id=UUID(int=n % 7), number=n) for n in range(70)])
        assert bus.drain(LONG) == 70
    for one in range(7):
        of_one = [number for number in numbers(got) if number % 7 == one]
        assert of_one == sorted(of_one)


def test_with_one_partition_all_are_in_order(url: str) -> None:
    got: list[BaseEvent] = []
    with open_bus(f"{url}&partitions=1") as bus:
        bus.subscribe("one", ["#"], got.append)
        bus.publish_many([work(number) for number in range(50)])
        bus.drain(LONG)
    assert numbers(got) == list(range(50))


def test_a_queue_hears_nothing_from_before_it_asked(url: str) -> None:
    got: list[BaseEvent] = []
    with open_bus(url) as bus:
        bus.subscribe("first", ["#"], lambda _: None)
        bus.publish_many([event("test.one", number=0), event("test.two", number=1)])
        bus.subscribe("later", ["test.one"], got.append)
        bus.publish_many([event("test.one", number=2), event("test.two", number=3)])
        bus.subscribe("later", ["test.two"], got.append)
        bus.publish_many([event("test.one", number=4), event("test.two", number=5)])
        assert bus.counts("later").ready == 3
        bus.drain(LONG)
    assert sorted(numbers(got)) == [2, 4, 5]


def test_a_pattern_added_by_another_reaches_a_consumer_at_work(url: str) -> None:
    got: list[BaseEvent] = []
    with open_bus(url) as bus, open_bus(url) as other:
        bus.subscribe("one", ["test.one"], got.append)
        with consuming(bus):
            other.publish(event("test.two", number=1))
            other.subscribe("one", ["test.two"], got.append)
            other.publish(event("test.two", number=2))
            wait_until(lambda: got, "the event")
    assert numbers(got) == [2]


def test_consumers_come_and_go_and_nothing_is_lost(url: str) -> None:
    handled: list[int] = []
    total = 600

    def slowly(received: BaseEvent) -> None:
        time.sleep(0.002)
        handled.append(received.payload["number"])

    with open_bus(url) as bus, open_bus(url) as guest:
        bus.subscribe("one", ["#"], slowly)
        guest.subscribe("one", ["#"], slowly)
        with consuming(bus):
            bus.publish_many([work(number) for number in range(total)])
            for _visit in range(2):
                before = len(handled)
                with consuming(guest):
                    wait_until(lambda before=before: len(handled) > before + 10, "some work")  # type: ignore[misc]
            wait_until(lambda: len(set(handled)) == total, "all events")
        assert bus.counts("one").ready == 0
    assert set(handled) == set(range(total))


def test_two_killed_in_a_row_lose_nothing(url: str, tmp_path: Path) -> None:
    """What each had in hand, and what it had read ahead, comes to the next."""
    task, effects, total = UUID(int=1), tmp_path / "effects.db", 150
    with open_bus(url) as bus, SQLiteEventStore(effects) as store:
        bus.subscribe("one", ["#"], lambda _: None)
        bus.publish_many([work(number) for number in range(total)])
        for _round in range(2):
            with Process("consume-slowly", url, "one", effects, task) as process:
                process.wait_for("handled")
                process.kill()
        with Process("consume", url, "one", effects, task):
            wait_until(lambda: len(store.get_events_by_correlation(task)) == total, "all effects")
        assert len(store.get_events_by_correlation(task)) == total


def test_what_was_done_behind_something_undone_does_not_come_again(url: str) -> None:
    taker = make_transport(url, "ml_events")
    taker.connect()
    taker.declare(QueueSpec("one", ("#",)))
    with open_bus(url) as bus:
        bus.publish_many([event(number=number) for number in range(5)])
        seen: list[Delivery] = []
        consumption = taker.consume("one", 5, seen.append, pytest.fail)
        wait_until(lambda: len(seen) == 5, "five events")
        consumption.stop()
        for index in (0, 2, 4):
            assert seen[index].ack()
        for index in (1, 3):
            assert seen[index].release()
        consumption.close()
        assert bus.counts("one").ready == 2
        taker.close()
        got: list[BaseEvent] = []
        bus.subscribe("one", ["#"], got.append)
        bus.drain(LONG)
    assert sorted(numbers(got)) == [1, 3]


def test_a_wait_of_hours_blocks_no_other(url: str) -> None:
    got: list[BaseEvent] = []
    tried = threading.Event()

    def callback(received: BaseEvent) -> None:
        got.append(received)
        if received.payload["number"] == 0:
            tried.set()
            raise OSError("not today")

    with open_bus(url, backoff=lambda _: 7200.0) as bus:
        bus.subscribe("one", ["#"], callback)
        bus.publish(event(number=0))
        with consuming(bus):
            assert tried.wait(LONG)
            wait_until(lambda: bus.counts("one").delayed == 1, "the retry to be written")
            bus.publish(event(number=1))
            wait_until(lambda: len(got) == 2, "the other")
        assert (bus.counts("one").ready, bus.counts("one").delayed) == (0, 1)


def test_a_temporary_queue_tries_again_and_forgets(url: str) -> None:
    looker = make_transport(url, "ml_events")
    looker.connect()
    looker.declare(QueueSpec("looking", ("#",), temporary=True))
    seen: list[Delivery] = []
    consumption = looker.consume("looking", 10, seen.append, pytest.fail)
    with open_bus(url) as bus:
        bus.publish(event(number=1))
        wait_until(lambda: len(seen) == 1, "the event")
        assert seen[0].retry(0)
        wait_until(lambda: len(seen) == 2, "the event again")
        assert (seen[0].attempt, seen[1].attempt) == (1, 2)
        assert seen[1].dead_letter("enough", "")
        counts = looker.counts("looking")
        assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)
        assert bus.queues() == ()
    consumption.stop()
    consumption.close()
    looker.close()


def test_a_broker_that_is_not_there() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        bus = open_bus(f"kafka://someone:secret@127.0.0.1:{port}?timeout=5")
        with pytest.raises(BrokerUnavailable, match="docker run") as raised:
            bus.connect()
    assert f"127.0.0.1:{port}" in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://", "a URL without a host"),
        ("kafka://localhost?lease=soon", "lease='soon'"),
        ("kafka://localhost?lease=0", "lease='0'"),
        ("kafka://localhost?leese=3", "leese='3'"),
        ("kafka://localhost?partitions=1.5", "partitions='1.5'"),
    ],
)
def test_a_url_that_says_nothing_of_use(url: str, said: str) -> None:
    with pytest.raises(BusError) as raised:
        open_bus(url)
    assert said in str(raised.value)


def test_an_exchange_that_no_topic_can_be_named_for() -> None:
    with pytest.raises(BusError, match="exchange name"):
        open_bus("kafka://localhost", "ml events")


def test_a_broker_that_goes_is_told_by_the_publisher(tmp_path: Path) -> None:
    with kafka_broker(tmp_path / "broker.log") as address:
        bus = open_bus(f"kafka://{address}?lease=2&timeout=2")
        bus.connect()
        bus.subscribe("one", ["#"], lambda _: None)
        bus.publish(document())
    with pytest.raises(BusError, match="got 0"):
        bus.publish(event())
    bus.disconnect()


def test_what_is_too_large_for_kafka_hinders_no_other(url: str) -> None:
    got: list[BaseEvent] = []
    with open_bus(url, max_bytes=32 * 1024 * 1024) as bus:
        bus.subscribe("one", ["#"], got.append)
        with pytest.raises(NotConfirmed) as raised:
            bus.publish_many([event(number=0), event(text="a" * 17 * 1024 * 1024), event(number=2)])
        assert raised.value.confirmed == {0, 2}
        assert "16777216 bytes" in str(raised.value.refused[1])
        bus.drain(LONG)
    assert numbers(got) == [0, 2]
