import pytest

from tests.events.samples import event
from workshop_lib.events import BaseEvent, UnknownQueue, open_bus
from workshop_lib.events.replaying import replay_letters


def test_only_what_is_wanted_goes_back_and_only_to_its_own_queue() -> None:
    got: list[BaseEvent] = []
    audit: list[BaseEvent] = []
    broken = True

    def handle(received: BaseEvent) -> None:
        if broken:
            raise ValueError("odd") if received.payload["number"] % 2 else KeyError("even")
        got.append(received)

    with open_bus("memory://", max_attempts=1) as bus:
        bus.subscribe("one", ["#"], handle)
        bus.subscribe("audit", ["#"], audit.append)
        published = [event(number=number) for number in range(4)]
        bus.publish_many(published)
        bus.drain()
        broken = False
        assert replay_letters(bus, "one", lambda letter: letter.reason.startswith("ValueError")) == 2
        bus.drain()
        assert got == [published[1], published[3]]
        assert len(audit) == 4
        assert [letter.reason for letter in bus.dead_letters("one")] == ["KeyError: 'even'"] * 2
        assert replay_letters(bus, "one", lambda letter: False) == 0


def test_an_unknown_queue_is_told() -> None:
    with open_bus("memory://") as bus, pytest.raises(UnknownQueue):
        replay_letters(bus, "nowhere", lambda letter: True)
