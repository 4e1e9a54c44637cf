"""The broker dies, the connection breaks, the broker stays away: what was confirmed is handled."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.events.broker_contract import Broker, BrokerContract, Handled
from tests.events.contract import LONG, consuming, refuse, wait_until
from tests.events.proxy import Proxy
from tests.events.rabbitmq_server import RabbitMQProcess
from tests.events.samples import event, numbers
from workshop_lib.events import (
    BaseEvent,
    BrokerUnavailable,
    BusClosed,
    BusError,
    EventBus,
    NotConfirmed,
    current_handling,
    open_bus,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQProcess]:
    with RabbitMQProcess(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture
def url(server: RabbitMQProcess) -> str:
    return server.url(server.vhost())


class Tenant:
    """A virtual host of its own on the module's broker."""

    def __init__(self, server: RabbitMQProcess) -> None:
        self.server, self.port, self.vhost = server, server.port, server.vhost()
        self.kill, self.start = server.kill, server.start


class TestRabbitMQServer(BrokerContract):
    @pytest.fixture
    def broker(self, server: RabbitMQProcess) -> Tenant:  # type: ignore[override]
        return Tenant(server)

    def url_at(self, broker: Broker, port: int) -> str:
        assert isinstance(broker, Tenant)
        return broker.server.url(broker.vhost, port)


def test_only_what_was_confirmed_is_reported(server: RabbitMQProcess) -> None:
    vhost, handled = server.vhost(), Handled()
    batch = [event(number=number, filling="x" * 2000) for number in range(4_000)]
    with (
        open_bus(server.url(vhost)) as bus,
        Proxy(server.port) as proxy,
        open_bus(f"{server.url(vhost, proxy.port)}?patience=0.5") as publisher,
    ):
        bus.subscribe("one", ["#"], handled)
        said: list[NotConfirmed] = []

        def publish() -> None:
            with pytest.raises(NotConfirmed) as raised:
                publisher.publish_many(batch)
            said.append(raised.value)

        publishing = threading.Thread(target=publish)
        publishing.start()
        wait_until(lambda: bus.counts("one").ready > 500, "some to arrive")
        proxy.swallow_answers()
        publishing.join(LONG)
        [error] = said
        proxy.cut()
        assert publisher.publish(event()) is True
        bus.drain(LONG)
        sure = {batch[index].metadata.event_id for index in error.confirmed}
        assert 0 < len(sure) < len(batch)
        assert error.refused == {}
        assert sure <= handled.times.keys()


def published(bus: EventBus) -> bool:
    try:
        return bus.publish(event())
    except (BrokerUnavailable, NotConfirmed):
        return False


def test_a_broker_that_stays_away(server: RabbitMQProcess, url: str) -> None:
    with open_bus(f"{url}?patience=0.3") as bus:
        bus.subscribe("one", ["#"], print)
        server.kill()
        try:
            # Sent before anybody knew, and never answered.
            with pytest.raises((BrokerUnavailable, NotConfirmed)):
                bus.publish(event())
            with pytest.raises(BrokerUnavailable, match="apt-get install rabbitmq-server"):
                bus.publish(event())
            with pytest.raises(BrokerUnavailable):
                bus.counts("one")
            with pytest.raises(BrokerUnavailable):
                bus.dead_letters("one")
            with pytest.raises(BrokerUnavailable):
                bus.subscribe("two", ["#"], print)
            with pytest.raises(BrokerUnavailable):
                open_bus(url).connect()
        finally:
            server.start()
        wait_until(lambda: published(bus), "the publisher to be back")
        # What a broker that was just starting did not confirm in time may be there, too.
        wait_until(lambda: (counted(bus) or 0) >= 1, "the count")


def counted(bus: EventBus) -> int | None:
    try:
        return bus.counts("one").ready
    except BrokerUnavailable:
        return None


def test_a_wait_outlives_the_broker(server: RabbitMQProcess, url: str) -> None:
    tries: list[tuple[int, int]] = []

    def callback(received: BaseEvent) -> None:
        now = current_handling()
        assert now is not None
        tries.append((received.payload["number"], now.attempt))
        if now.attempt == 1:
            raise OSError("not yet")

    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], callback, backoff=lambda _attempt: 1.0)
        bus.publish_many([event(number=number) for number in range(100)])
        with consuming(bus):
            wait_until(lambda: len(tries) >= 50, "some tries")
            server.kill()
            server.start()
            wait_until(lambda: {number for number, attempt in tries if attempt == 2} == set(range(100)), "second tries")
        bus.drain(LONG)
        assert {attempt for _number, attempt in tries} == {1, 2}
        assert bus.dead_letters("one") == ()


def test_dead_letters_outlive_the_broker(server: RabbitMQProcess, url: str) -> None:
    def refuse(_received: BaseEvent) -> None:
        raise ValueError("too long")

    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], refuse, max_attempts=1)
        bus.publish_many([event(number=number) for number in range(20)])
        bus.drain(LONG)
        before = bus.dead_letters("one")
        server.kill()
        server.start()
        assert bus.dead_letters("one") == before
        assert len(before) == 20
        assert bus.queues() == ("one",)


def test_a_publish_waits_for_a_broker_that_restarts(server: RabbitMQProcess, url: str) -> None:
    with open_bus(url) as bus:
        handled = Handled()
        bus.subscribe("one", ["#"], handled)
        server.kill()
        starting = threading.Thread(target=server.start)
        starting.start()
        assert bus.publish(event()) is True
        starting.join()
        bus.drain(LONG)
        assert len(handled.times) == 1


def test_closing_ends_the_wait_for_a_broker_that_is_away(server: RabbitMQProcess, url: str) -> None:
    bus = open_bus(f"{url}?patience=600")
    bus.subscribe("one", ["#"], print)
    server.kill()
    try:
        ends: list[BaseException] = []

        def wait(ask: Callable[[], object]) -> None:
            try:
                ask()
            except BusError as error:
                ends.append(error)

        asks = (lambda: bus.publish(event()), lambda: bus.counts("one"), lambda: bus.dead_letters("one"))
        threads = [threading.Thread(target=wait, args=(ask,)) for ask in asks]
        for thread in threads:
            thread.start()
        bus.close()
        for thread in threads:
            thread.join(LONG)
        assert [type(error) for error in ends] == [BusClosed] * 3
    finally:
        server.start()


def test_work_that_is_longer_than_the_heartbeat(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """The broker drops a client that is silent for two heartbeats."""
    got: list[BaseEvent] = []
    again: list[int] = []

    def slow(received: BaseEvent) -> None:
        now = current_handling()
        assert now is not None
        again.append(now.redelivered)
        time.sleep(3.5 if received.payload["number"] == 0 else 0.7)
        got.append(received)

    with open_bus(f"{url}?heartbeat=1") as bus:
        bus.subscribe("one", ["#"], slow, prefetch=2)
        bus.publish_many([event(number=number) for number in range(6)])
        assert bus.drain(LONG) == 6
    assert numbers(got) == list(range(6))
    assert again == [0] * 6
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_cut_while_many_letters_are_replayed_loses_none(server: RabbitMQProcess) -> None:
    vhost, count = server.vhost(), 1000
    mended: list[BaseEvent] = []
    with (
        open_bus(server.url(vhost), max_attempts=1) as bus,
        Proxy(server.port) as proxy,
        open_bus(server.url(vhost, proxy.port)) as through,
        open_bus(server.url(vhost)) as after,
    ):
        bus.subscribe("one", ["#"], refuse, prefetch=100)
        bus.publish_many([event(number=number) for number in range(count)])
        bus.drain(LONG)
        ids = [letter.id for letter in through.dead_letters("one")]
        done: list[int] = []
        replaying = threading.Thread(target=lambda: done.append(through.replay_many("one", ids)))
        replaying.start()
        wait_until(lambda: bus.counts("one").ready >= 200, "some to be put back")
        proxy.cut()
        replaying.join()
        assert done == [count]
        assert bus.counts("one").dead == 0
        after.subscribe("one", ["#"], mended.append, prefetch=100)
        after.drain(LONG)
    assert set(numbers(mended)) == set(range(count))
