"""What a backend with a server must bear: the server killed, the connection cut. A test module subclasses this."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID, uuid4

import pytest

from tests.events.contract import LONG, consuming, wait_until
from tests.events.proxy import Proxy
from tests.events.samples import event
from workshop_lib.events import BaseEvent, BrokerUnavailable, EventBus, NotConfirmed, open_bus

TOTAL = 10_000
BATCH = 100


class Broker(Protocol):
    """A server of the test's own, with what it confirmed kept on disk."""

    port: int

    def kill(self) -> None: ...
    def start(self) -> None: ...


class Handled:
    """A handler that counts events by their id."""

    def __init__(self) -> None:
        self.times: Counter[UUID] = Counter()

    def __call__(self, received: BaseEvent) -> None:
        self.times[received.metadata.event_id] += 1


def publish_for_sure(bus: EventBus, batch: list[BaseEvent], confirmed: set[UUID]) -> None:
    """As an application would: again and again, until all are confirmed."""
    while batch:
        try:
            bus.publish_many(batch)
            done = set(range(len(batch)))
        except NotConfirmed as error:
            done = set(error.confirmed)
        except BrokerUnavailable:
            done = set()
        confirmed |= {batch[index].metadata.event_id for index in done}
        batch = [one for index, one in enumerate(batch) if index not in done]


class BrokerContract:
    """A subclass overrides `broker` and `url_at`."""

    @pytest.fixture
    def broker(self) -> Iterator[Broker]:
        """Started, empty, and this test's own."""
        raise NotImplementedError

    def url_at(self, broker: Broker, port: int) -> str:
        """The broker's URL, with another port: the proxy's."""
        raise NotImplementedError

    def test_a_killed_broker_loses_nothing_that_it_confirmed(self, broker: Broker) -> None:
        handled, confirmed = Handled(), set[UUID]()
        url = self.url_at(broker, broker.port)
        with open_bus(url) as publisher, open_bus(url) as consumer:
            consumer.subscribe("one", ["#"], handled, prefetch=100, concurrency=2)
            with consuming(consumer):

                def publish() -> None:
                    for start in range(0, TOTAL, BATCH):
                        batch = [event(number=number) for number in range(start, start + BATCH)]
                        publish_for_sure(publisher, batch, confirmed)

                publishing = threading.Thread(target=publish)
                publishing.start()
                for part in (1, 2, 3):
                    wait_until(lambda part=part: len(confirmed) >= part * TOTAL // 4, "a quarter")  # type: ignore[misc]
                    broker.kill()
                    broker.start()
                publishing.join()
                wait_until(lambda: confirmed <= handled.times.keys(), "what was confirmed")
            assert len(confirmed) == TOTAL
            again = sum(times - 1 for times in handled.times.values())
            print(f"{TOTAL} confirmed, {TOTAL} handled, {again} of them again, after three kills")
            counts = consumer.counts("one")
            assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)

    def test_cut_while_publishing(self, broker: Broker) -> None:
        handled, confirmed = Handled(), set[UUID]()
        draw = random.Random(7)
        with Proxy(broker.port) as proxy, open_bus(self.url_at(broker, proxy.port)) as bus:
            bus.subscribe("one", ["#"], handled, prefetch=100)
            for _ in range(20):
                batch = [event(number=number) for number in range(BATCH)]
                cutting = threading.Timer(draw.uniform(0, 0.02), proxy.cut)
                cutting.start()
                try:
                    bus.publish_many(batch)
                    done = range(BATCH)
                except NotConfirmed as error:
                    done = sorted(error.confirmed)
                except BrokerUnavailable:
                    done = range(0)
                confirmed |= {batch[index].metadata.event_id for index in done}
                cutting.join()
            bus.drain(LONG)
        assert confirmed <= handled.times.keys()
        assert proxy.connections > 1

    def test_an_answer_that_never_comes_is_no_confirmation(self, broker: Broker) -> None:
        handled = Handled()
        with Proxy(broker.port) as proxy, open_bus(self.url_at(broker, proxy.port)) as bus:
            bus.subscribe("one", ["#"], handled)
            bus.publish(event())
            proxy.swallow_answers()
            said: list[object] = []
            lost = event()

            def publish() -> None:
                try:
                    said.append(bus.publish(lost))
                except (NotConfirmed, BrokerUnavailable) as error:
                    said.append(error)

            publishing = threading.Thread(target=publish)
            publishing.start()
            publishing.join(0.3)
            assert said == []
            proxy.cut()
            publishing.join(LONG)
            [answer] = said
            bus.drain(LONG)
        assert answer is not True or handled.times[lost.metadata.event_id] >= 1

    def test_cut_while_acknowledging(self, broker: Broker) -> None:
        """An event that comes again cuts nothing: a cut may give back all that was in hand, which would never end."""
        handled = Handled()
        with Proxy(broker.port) as proxy, open_bus(self.url_at(broker, proxy.port)) as bus:

            def callback(received: BaseEvent) -> None:
                handled(received)
                if handled.times[received.metadata.event_id] == 1 and len(handled.times) % 50 == 0:
                    proxy.cut()

            bus.subscribe("one", ["#"], callback, prefetch=20, concurrency=2)
            bus.publish_many([event(number=number) for number in range(500)])
            with consuming(bus):
                wait_until(lambda: len(handled.times) == 500, "all")
            bus.drain(LONG)
            counts = bus.counts("one")
            assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)
            assert proxy.connections > 1
            # At most what it holds comes again, for each of ten cuts and the threads that were in the middle of one.
            assert sum(handled.times.values()) - 500 <= 20 * 20

    def test_in_hand_while_the_broker_is_killed(self, broker: Broker) -> None:
        begun, go = threading.Event(), threading.Event()
        handled = Handled()
        url = self.url_at(broker, broker.port)
        with open_bus(url) as bus:

            def slow(received: BaseEvent) -> None:
                begun.set()
                assert go.wait(LONG)
                handled(received)

            bus.subscribe("one", ["#"], slow, prefetch=3)
            published = [event("test.event", uuid4(), number=number) for number in range(5)]
            bus.publish_many(published)
            with consuming(bus):
                assert begun.wait(LONG)
                broker.kill()
                broker.start()
                go.set()
                wait_until(lambda: len(handled.times) == 5, "all")
            bus.drain(LONG)
            assert bus.counts("one").ready == 0
