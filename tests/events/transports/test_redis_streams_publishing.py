"""What a publisher remembers of the queues, and what it sends twice."""

import threading
from collections.abc import Iterator

import pytest

from tests.events.contract import LONG, wait_until
from tests.events.proxy import Proxy
from tests.events.redis_server import RedisProcess
from tests.events.samples import document, event
from workshop_lib.events import EventBus, UnroutableError, open_bus


@pytest.fixture
def bus(redis_url: str) -> Iterator[EventBus]:
    with open_bus(redis_url) as bus:
        bus.subscribe("one", ["test.*"], lambda _: None)
        yield bus


def test_published_again_for_want_of_an_answer_is_put_in_once(bus: EventBus, redis_server: RedisProcess) -> None:
    with Proxy(redis_server.port) as proxy, open_bus(f"redis://127.0.0.1:{proxy.port}/0") as cut_off:
        cut_off.publish(event(number=0))
        proxy.swallow_answers()
        publishing = threading.Thread(target=cut_off.publish_many, args=([event(number=1), event(number=2)],))
        publishing.start()
        wait_until(lambda: bus.counts("one").ready == 3, "it to arrive")
        proxy.cut()
        publishing.join(LONG)
        assert not publishing.is_alive()
        assert bus.counts("one").ready == 3


def test_a_queue_made_elsewhere_gets_the_next_event(bus: EventBus, redis_url: str) -> None:
    with pytest.raises(UnroutableError):
        bus.publish(document())
    with open_bus(redis_url) as other:
        other.subscribe("documents", ["data.*"], lambda _: None)
        bus.publish_many([document(), event()])
        assert bus.counts("documents").ready == 1
        # A pattern more for a queue that the publisher knows.
        other.subscribe("documents", ["test.*"], lambda _: None)
        bus.publish(event())
        assert bus.counts("documents").ready == 2
        assert bus.counts("one").ready == 2


def test_queues_that_were_deleted_get_nothing(bus: EventBus, redis_server: RedisProcess) -> None:
    bus.publish(event("test.requested"))
    with redis_server.client() as client:
        client.flushall()
    with pytest.raises(UnroutableError):
        bus.publish(event("test.requested"))


def test_a_batch_of_more_than_one_step_keeps_its_order(bus: EventBus) -> None:
    got: list[int] = []
    bus.subscribe("all", ["#"], lambda received: got.append(received.payload["number"]), prefetch=1000)
    assert bus.publish_many([event("fact.only", number=number) for number in range(1234)]) is True
    bus.drain(LONG)
    assert got == list(range(1234))
