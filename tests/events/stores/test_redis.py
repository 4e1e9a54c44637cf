from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.redis_server import RedisProcess, free_port
from tests.events.samples import event, numbers
from tests.events.stores.contract import StoreContract, until
from workshop_lib.events import NotAnEventStore, RedisEventStore, StoreUnavailable


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def url(server: RedisProcess) -> str:
    with server.client() as client:
        client.flushall()
    return server.url


class TestRedisEventStore(StoreContract):
    @pytest.fixture
    def url(self, url: str) -> str:
        return url


def test_what_has_ended_leaves_the_server(server: RedisProcess, url: str) -> None:
    work = uuid4()
    with server.client() as client, RedisEventStore(url, ttl=0.1) as brief, RedisEventStore(url) as store:
        brief.store_events([event("test.event", work, number=number) for number in range(5)])
        with brief.handling("one", uuid4()):
            pass
        until(lambda: client.keys("workshop:*") == [], "all keys to go")
        brief.store_events([event("test.event", work, number=number) for number in range(5)])
        store.store_event(event("test.event", work, number=5))
        until(lambda: len(store.get_events_by_correlation(work)) == 1, "their end")
        store.store_event(event("test.event", work, number=6))
        assert numbers(store.get_events_by_correlation(work)) == [5, 6]
        assert client.llen(f"workshop:events:correlation:{work}") == 2
        assert client.xlen("workshop:events:type:test.event") == 2


def test_a_killed_server_has_all_that_was_kept(tmp_path: Path) -> None:
    work = uuid4()
    with RedisProcess(tmp_path) as server, RedisEventStore(server.url) as store:
        for number in range(20):
            store.store_event(event("test.event", work, number=number))
        server.kill()
        with pytest.raises(StoreUnavailable, match="nobody answers at redis://127"):
            store.store_event(event("test.event", work, number=20))
        server.start()
        store.store_event(event("test.event", work, number=21))
        assert numbers(store.get_events_by_correlation(work)) == [*range(20), 21]


@pytest.mark.parametrize("url", ["redis://h:none/0", "redis://h/first"])
def test_a_url_that_can_t_be_read(url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"expected redis://\[user:password@\]host"):
        RedisEventStore(url)


def test_nobody_there() -> None:
    with pytest.raises(StoreUnavailable, match="make services"):
        RedisEventStore(f"redis://user:secret@127.0.0.1:{free_port()}")


def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path) -> None:
    with RedisProcess(tmp_path, "--requirepass", "right") as server:
        for user in ("", ":secret@"):
            with pytest.raises(StoreUnavailable, match="refuses this user and password") as raised:
                RedisEventStore(server.url.replace("127.0.0.1", f"{user}127.0.0.1"))
            assert "secret" not in str(raised.value)
        with RedisEventStore(server.url.replace("127.0.0.1", ":right@127.0.0.1")) as store:
            assert store.store_event(event()) is True


def test_a_name_of_ours_that_is_another_s(server: RedisProcess, url: str) -> None:
    with server.client() as client, RedisEventStore(url) as store:
        client.set("workshop:events:type:test.event", "theirs")
        with pytest.raises(NotAnEventStore, match="Take another database"):
            store.get_stream_events("test.event")
