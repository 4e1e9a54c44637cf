from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.events.broker_contract import Broker, BrokerContract
from tests.events.contract import BusContract, ProcessContract
from tests.events.redis_server import RedisProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def empty(server: RedisProcess) -> str:
    """The URL of an empty database."""
    with server.client() as client:
        client.flushall()
    return server.url


class TestRedisStreams(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, empty: str) -> str:
        return f"{empty}?lease=1"


class TestRedisServer(BrokerContract):
    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[Broker]:
        with RedisProcess(tmp_path / "redis") as broker:
            yield broker

    def url_at(self, broker: Broker, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0?lease=2"
