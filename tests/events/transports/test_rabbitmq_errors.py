"""What RabbitMQ refuses, and how a reader learns of it. TLS too."""

from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.events.certificates import self_signed
from tests.events.contract import LONG, wait_until
from tests.events.rabbitmq_server import RabbitMQProcess
from tests.events.redis_server import free_port
from tests.events.samples import event
from workshop_lib.events import (
    BrokerUnavailable,
    BusError,
    EventBus,
    InvalidSubscription,
    NotAnEventBus,
    NotConfirmed,
    QueueConflict,
    UnroutableError,
    WrongCredentials,
    open_bus,
)
from workshop_lib.events.transports.rabbitmq.topology import LADDER, delay_name, rung


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path], tls_port: int
) -> Iterator[RabbitMQProcess]:
    ca, key = certificate
    with RabbitMQProcess(
        tmp_path_factory.mktemp("rabbitmq"),
        "max_message_size = 1000000",
        f"listeners.ssl.default = 127.0.0.1:{tls_port}",
        f"ssl_options.cacertfile = {ca}",
        f"ssl_options.certfile = {ca}",
        f"ssl_options.keyfile = {key}",
    ) as server:
        yield server


@pytest.fixture
def url(server: RabbitMQProcess) -> str:
    return server.url(server.vhost())


@pytest.fixture
def channel(url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """Another program's."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    yield connection.channel()
    connection.close()


# Reaching it


@pytest.mark.parametrize("user", ["guest:s3cret", "nobody:s3cret"])
def test_wrong_credentials_are_one_line_without_them(url: str, user: str) -> None:
    with pytest.raises(WrongCredentials) as raised:
        open_bus(url.replace("guest:guest", user)).connect()
    assert "refused the user or the password" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_broker_that_is_not_there_says_what_to_start() -> None:
    with pytest.raises(BrokerUnavailable, match=r"Connection refused.*apt-get install rabbitmq-server") as raised:
        open_bus(f"amqp://guest:s3cret@127.0.0.1:{free_port()}/").connect()
    assert "s3cret" not in str(raised.value)


def test_an_unknown_virtual_host_is_named(server: RabbitMQProcess) -> None:
    with pytest.raises(BrokerUnavailable, match="no virtual host 'nowhere'"):
        open_bus(server.url("nowhere")).connect()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("amqp://localhost:rabbit/", "a port that is none"),
        ("amqp://localhost/?colour=red", "some of heartbeat, .*got 'colour'"),
        ("amqp://localhost/?heartbeat=soon", "heartbeat can't be 'soon'"),
        ("amqp://localhost/?patience=-1", "patience can't be '-1'"),
        ("amqps://localhost/?verify=no", "verify can't be 'no'"),
    ],
)
def test_a_url_that_says_nothing_is_refused_at_once(url: str, says: str) -> None:
    with pytest.raises(BusError, match=says):
        open_bus(url)


# TLS


def test_tls_with_its_ca_by_url(
    server: RabbitMQProcess, url: str, tls_port: int, certificate: tuple[Path, Path]
) -> None:
    secure = url.replace("amqp://", "amqps://").replace(f":{server.port}/", f":{tls_port}/")
    with open_bus(f"{secure}?ca={certificate[0]}") as bus:
        bus.subscribe("one", ["#"], lambda _event: None)
        bus.publish(event())
        assert bus.drain(LONG) == 1
    with pytest.raises(BrokerUnavailable, match=r"no TLS with 127.0.0.1.*\?ca=/path"):
        open_bus(secure).connect()
    with open_bus(f"{secure}?verify=verify_none") as bus:
        assert bus.queues() == ("one",)
    with pytest.raises(BrokerUnavailable, match="can't read /no/such/file"):
        open_bus(f"{secure}?ca=/no/such/file").connect()


def test_tls_where_there_is_none(url: str) -> None:
    with pytest.raises(BrokerUnavailable, match=r"no TLS with|did not speak AMQP"):
        open_bus(url.replace("amqp://", "amqps://")).connect()


# What is there already


def test_another_program_s_queue_is_left_as_it_is(
    url: str, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    channel.queue_declare("theirs", durable=True)
    with open_bus(url) as bus:
        with pytest.raises(QueueConflict, match=r"theirs.*inequivalent"):
            bus.subscribe("theirs", ["#"], print)
        # The refusal closed a channel, and no other is the worse for it.
        bus.subscribe("ours", ["#"], print)
        assert bus.queues() == ("ours",)


@pytest.mark.parametrize("first", [True, False])
def test_priorities_are_for_life(url: str, first: bool) -> None:
    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], print, priorities=first)
        with pytest.raises(QueueConflict, match="was made with priorities" if first else "made without priorities"):
            bus.subscribe("one", ["#"], print, priorities=not first)


def test_an_exchange_of_another_type_is_left_as_it_is(
    url: str, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    channel.exchange_declare("ml_events", "fanout", durable=True)
    with pytest.raises(NotAnEventBus, match="'ml_events' to be a durable topic exchange"):
        open_bus(url).connect()


def test_a_name_that_leaves_no_room_for_its_delay_queues(url: str) -> None:
    with open_bus(url) as bus:
        bus.subscribe("q" * 240, ["#"], print)
        with pytest.raises(InvalidSubscription, match="at most 240 bytes on RabbitMQ, got 241"):
            bus.subscribe("q" * 241, ["#"], print)


# At work


def test_what_the_broker_finds_too_large_stops_nothing_else(url: str) -> None:
    batch = [event(number=0), event(number=1, filling="x" * 1_500_000), event(number=2), event("a.requested")]
    with open_bus(url) as bus:
        bus.subscribe("one", ["test.*"], lambda _event: None)
        with pytest.raises(NotConfirmed) as raised:
            bus.publish_many(batch)
        assert raised.value.confirmed == {0, 2}
        assert "larger than configured max size" in str(raised.value.refused[1])
        assert isinstance(raised.value.refused[3], UnroutableError)
        assert bus.publish(event()) is True
        assert bus.counts("one").ready >= 3


def test_an_exchange_that_somebody_deleted_is_made_again(
    url: str, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    with open_bus(url) as bus:
        channel.exchange_delete("ml_events")
        assert bus.publish(event()) is True


def test_a_queue_that_is_deleted_while_it_is_consumed_is_told(
    url: str, channel: pika.adapters.blocking_connection.BlockingChannel, caplog: pytest.LogCaptureFixture
) -> None:
    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], print)
        bus.start_consuming(block=False)
        channel.queue_delete("one")
        wait_until(lambda: "the event bus can't go on" in caplog.text, "the failure")
        with pytest.raises(BusError, match="queue 'one' can't be consumed"):
            bus.stop()


def test_what_is_rejected_in_a_console_is_a_dead_letter_too(
    url: str, channel: pika.adapters.blocking_connection.BlockingChannel
) -> None:
    got: list[object] = []
    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], got.append)
        published = event()
        bus.publish(published)
        method, _properties, _body = channel.basic_get("one")
        channel.basic_reject(method.delivery_tag, requeue=False)
        wait_until(lambda: bus.counts("one").dead, "the dead letter")
        [letter] = bus.dead_letters("one")
        assert (letter.reason, letter.attempts) == ("rejected by another program", 1)
        assert letter.routing_key == "test.event"
        assert bus.dead_letters("one") == (letter,)
        assert bus.replay("one", letter.id) is True
        bus.drain(LONG)
        assert got == [published]


def test_two_readers_of_dead_letters_see_all(url: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def refuse(_event: object) -> None:
        raise ValueError("too long")

    with open_bus(url) as bus, open_bus(url) as other:
        bus.subscribe("one", ["#"], refuse, max_attempts=1)
        bus.publish_many([event(number=number) for number in range(100)])
        bus.drain(LONG)

        def read(reader: EventBus) -> int:
            return len(reader.dead_letters("one"))

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(read, [bus, other] * 5)) == [100] * 10


def test_a_wait_is_rounded_up_to_a_rung() -> None:
    assert rung(0) == 0
    assert [rung(delay) for delay in (0.001, 0.25, 0.26, 1, 29.9, 86400)] == [0.25, 0.25, 1, 1, 30, 86400]
    assert rung(10 * 86400) == 86400
    assert list(LADDER) == sorted(LADDER)
    assert len({delay_name("one", step) for step in LADDER}) == len(LADDER)


def test_a_wait_longer_than_the_ladder_is_made_of_several(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    from workshop_lib.events.transports.rabbitmq import consumption

    monkeypatch.setattr(consumption, "LADDER", LADDER[:1])
    monkeypatch.setattr(consumption, "rung", lambda delay: LADDER[0])
    at: list[float] = []

    def refuse(_event: object) -> None:
        at.append(time.monotonic())
        raise OSError

    with open_bus(url) as bus:
        bus.subscribe("one", ["#"], refuse, max_attempts=2, backoff=lambda _attempt: 0.6)
        bus.publish(event())
        bus.drain(LONG)
        [letter] = bus.dead_letters("one")
    assert letter.attempts == 2
    assert at[1] - at[0] >= 0.59
