from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.redis_server import RedisProcess, free_port
from tests.events.samples import event, numbers
from tests.events.stores.contract import StoreContract, until
from workshop_lib.events import BaseEvent, NotAnEventStore, RedisEventStore, StoreUnavailable, open_bus


class TestRedisEventStore(StoreContract):
    @pytest.fixture
    def url(self, redis_url: str) -> str:
        return redis_url


def test_an_event_that_comes_twice_has_its_effect_once(redis_url: str) -> None:
    work, published = uuid4(), event()
    with RedisEventStore(redis_url) as store, open_bus("memory://", backoff=lambda _: 0.0) as bus:
        tries: list[BaseEvent] = []

        def callback(received: BaseEvent) -> None:
            tries.append(received)
            store.store_event(event("test.effect", work))
            if len(tries) == 1:
                raise OSError("after the effect")

        bus.subscribe("one", ["test.event"], callback, idempotent=store)
        bus.publish_many([published, published])
        bus.drain()
        assert len(tries) == 2
        assert len(store.get_events_by_correlation(work)) == 1


def test_what_has_ended_leaves_the_server(redis_server: RedisProcess, redis_url: str) -> None:
    work = uuid4()
    with (
        redis_server.client() as client,
        RedisEventStore(redis_url, ttl=0.1) as brief,
        RedisEventStore(redis_url) as store,
    ):
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


def test_a_name_of_ours_that_is_another_s(redis_server: RedisProcess, redis_url: str) -> None:
    with redis_server.client() as client, RedisEventStore(redis_url) as store:
        client.set("workshop:events:type:test.event", "theirs")
        with pytest.raises(NotAnEventStore, match="Take another database"):
            store.get_stream_events("test.event")
