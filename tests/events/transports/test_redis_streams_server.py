"""Reaching the server: what it refuses, and what it can't promise."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.events.certificates import self_signed
from tests.events.contract import LONG, wait_until
from tests.events.redis_server import RedisProcess, free_port
from tests.events.samples import event
from workshop_lib.events import BaseEvent, BrokerUnavailable, BusError, NotAnEventBus, WrongCredentials, open_bus
from workshop_lib.events.redis_server import RedisServer
from workshop_lib.events.transports.redis_streams.link import Link


@pytest.mark.parametrize(
    "url",
    ["redis://h:none", "redis://h/first", "redis://h?lease=soon", "redis://h?patience=-1", "redis://h?maxlen=1000"],
)
def test_a_url_that_can_t_be_read(url: str) -> None:
    with pytest.raises(BusError, match=r"expected redis://\[user:password@\]host"):
        open_bus(url)


def test_the_password_is_never_shown() -> None:
    server = RedisServer.of("rediss://user:secret@[::1]:7000/2?ca=x&lease=1")
    assert server.shown == "rediss://[::1]:7000/2"
    assert "secret" not in repr(server)
    assert (server.ca, server.options) == ("x", {"lease": "1"})


def test_nobody_there() -> None:
    port = free_port()
    with pytest.raises(BrokerUnavailable, match=f"nobody answers at redis://127.0.0.1:{port}/0 .*make services") as why:
        open_bus(f"redis://user:secret@127.0.0.1:{port}").connect()
    assert "secret" not in str(why.value)
    assert "\n" not in str(why.value)


def test_away_for_longer_than_a_call_can_wait(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, open_bus(f"{server.url}?patience=0.2") as bus:
        bus.subscribe("one", ["#"], lambda _: None)
        server.kill()
        for ask in (lambda: bus.publish(event()), bus.queues, lambda: bus.counts("one")):
            with pytest.raises(BrokerUnavailable, match="nobody answers"):
                ask()
        server.start()
        assert bus.publish(event()) is True


def test_wrong_credentials(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, "--requirepass", "right") as server:
        at = server.url.removeprefix("redis://")
        for user in ("", ":secret@", "nobody:secret@"):
            with pytest.raises(WrongCredentials, match="refuses this user") as raised:
                open_bus(f"redis://{user}{at}").connect()
            assert "secret" not in str(raised.value)
            assert "\n" not in str(raised.value)
        with open_bus(f"redis://:right@{at}") as bus:
            assert bus.queues() == ()


def test_with_tls_only_who_is_trusted(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    port = free_port()
    options = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    options += ["--tls-ca-cert-file", str(certificate), "--tls-auth-clients", "no"]
    got: list[BaseEvent] = []
    with RedisProcess(tmp_path / "redis", *options) as server:
        url = f"rediss://127.0.0.1:{port}/0"
        with pytest.raises(BrokerUnavailable, match=r"can't be trusted.*\?ca=PATH"):
            open_bus(url).connect()
        with pytest.raises(BrokerUnavailable, match="ca="):
            open_bus(f"{url}?ca={tmp_path / 'none.pem'}").connect()
        with open_bus(f"{url}?ca={certificate}") as bus:
            bus.subscribe("one", ["#"], got.append)
            bus.start_consuming(block=False)
            bus.publish(event())
            wait_until(lambda: len(got) == 1, "the event")
            server.kill()
            server.start()
            bus.publish(event())
            wait_until(lambda: len(got) == 2, "the one after the restart")
            assert bus.stop() is True


def test_something_else_under_a_name_of_ours(redis_url: str, redis_server: RedisProcess) -> None:
    with redis_server.client() as client:
        client.set("workshop:bus:queues", "theirs")
        with open_bus(redis_url) as bus, pytest.raises(NotAnEventBus, match="Take another database"):
            bus.subscribe("one", ["#"], lambda _: None)
        assert client.get("workshop:bus:queues") == b"theirs"


def test_a_full_server_refuses_and_can_be_emptied(redis_url: str, redis_server: RedisProcess) -> None:
    handled: list[int] = []

    def callback(received: BaseEvent) -> None:
        handled.append(received.payload["number"])
        if len(handled) == 1:
            raise OSError("once")

    with redis_server.client() as client, open_bus(redis_url, backoff=lambda _: 0.0) as bus:
        bus.subscribe("one", ["#"], callback)
        bus.publish_many([event(number=number) for number in range(5)])
        client.config_set("maxmemory", 1)
        with pytest.raises(BrokerUnavailable, match="full"):
            bus.publish(event(number=5))
        assert bus.drain(LONG) == 6
        assert sorted(handled) == [0, 0, 1, 2, 3, 4]
        client.config_set("maxmemory", 0)
        assert bus.publish(event(number=6)) is True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--appendonly", "no"], "keeps no log of what it confirms"),
        (["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], "drops any key when it is full"),
    ],
)
def test_a_server_that_may_lose_events_is_told(
    tmp_path: Path, options: list[str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with RedisProcess(tmp_path, *options) as server, caplog.at_level(logging.WARNING), open_bus(server.url):
        assert [said in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"redis_version": "6.2.14", "aof_enabled": 1}, "expected Redis 7.0 or newer .* found 6.2.14"),
        ({"redis_version": "7.2.0", "aof_enabled": 1, "cluster_enabled": 1}, "found a cluster"),
    ],
)
def test_a_server_that_can_t_do_it(about: dict[str, Any], said: str) -> None:
    with pytest.raises(NotAnEventBus, match=said):
        Link(RedisServer.of("redis://h"), 1.0).check(about)
