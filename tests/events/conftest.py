from collections.abc import Iterator

import pytest

from tests.events.redis_server import RedisProcess


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One for all tests that don't kill it."""
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisProcess) -> str:
    """Its URL, when everything in it was deleted."""
    with redis_server.client() as client:
        client.flushall()
        client.config_set("maxmemory", 0)
    return redis_server.url
