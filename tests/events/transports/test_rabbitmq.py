from collections.abc import Iterator

import pytest

from tests.events.contract import BusContract, ProcessContract
from tests.events.rabbitmq_server import RabbitMQProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQProcess]:
    with RabbitMQProcess(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


class TestRabbitMQ(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, server: RabbitMQProcess) -> str:
        return f"{server.url(server.vhost())}?heartbeat=2"
