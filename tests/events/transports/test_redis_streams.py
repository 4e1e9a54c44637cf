from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.events.broker_contract import Broker, BrokerContract
from tests.events.contract import BusContract, ProcessContract
from tests.events.redis_server import RedisProcess


class TestRedisStreams(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, redis_url: str) -> str:
        return f"{redis_url}?lease=1"


class TestRedisKilledAndCut(BrokerContract):
    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[Broker]:
        with RedisProcess(tmp_path / "redis") as broker:
            yield broker

    def url_at(self, broker: Broker, port: int) -> str:
        return f"redis://127.0.0.1:{port}/0?lease=2"
