from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from tests.events.contract import LONG, BusContract, ProcessContract
from tests.events.rabbitmq_server import RabbitMQProcess
from workshop_lib.events.transport import Delivery, Outgoing, QueueSpec
from workshop_lib.events.transports import make_transport


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQProcess]:
    with RabbitMQProcess(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


class TestRabbitMQ(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, server: RabbitMQProcess) -> str:
        return f"{server.url(server.vhost())}?heartbeat=2"


def test_what_is_given_back_again_and_again_is_not_taken_for_deadly(server: RabbitMQProcess) -> None:
    """The broker counts it as if its consumers had died, and the bus gives up what ended twenty of them."""
    transport = make_transport(server.url(server.vhost()), "ml_events")
    transport.connect()
    transport.declare(QueueSpec("one", ("#",)))
    transport.publish([Outgoing("test.event", b"{}", {"event_id": "1"})])
    inbox: SimpleQueue[Delivery] = SimpleQueue()
    consumption = transport.consume("one", 1, inbox.put, pytest.fail)
    deaths: list[int] = []
    for _ in range(30):
        delivery = inbox.get(timeout=LONG)
        assert (delivery.attempt, delivery.routing_key, delivery.headers) == (1, "test.event", {"event_id": "1"})
        deaths.append(delivery.redelivered)
        assert delivery.release() is True
    assert inbox.get(timeout=LONG).ack() is True
    consumption.stop()
    consumption.close()
    counts = transport.counts("one")
    transport.close()
    assert max(deaths) <= 10
    assert (counts.ready, counts.delayed, counts.dead) == (0, 0, 0)
