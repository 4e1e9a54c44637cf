from collections.abc import Iterator

import pytest

from tests.events.contract import BusContract, ProcessContract
from tests.events.redis_server import RedisProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis"), "--databases", "1000") as server:
        yield server


@pytest.fixture
def database(server: RedisProcess, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    import redis

    client = redis.Redis.from_url(server.url)
    client.flushall()
    client.close()
    return server.url


class TestRedisStreams(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, database: str) -> str:
        return f"{database}?lease=1"
