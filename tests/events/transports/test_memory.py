from uuid import uuid4

import pytest

from tests.events.contract import BusContract
from tests.events.samples import document, event
from workshop_lib.events import UnroutableError, open_bus


class TestMemory(BusContract):
    @pytest.fixture
    def url(self) -> str:
        return f"memory://{uuid4()}"


def test_without_a_name_two_share_nothing() -> None:
    with open_bus("memory://") as one, open_bus("memory://") as two:
        one.subscribe("one", ["#"], lambda _: None)
        with pytest.raises(UnroutableError):
            two.publish(document())
        two.publish(event())
        assert one.drain() == 0
