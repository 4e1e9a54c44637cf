"""Dead letters, put back where they came from once what killed them is mended."""

from collections.abc import Callable

from workshop_lib.events.bus import EventBus
from workshop_lib.events.transport import DeadLetter


def replay_letters(bus: EventBus, queue_name: str, wanted: Callable[[DeadLetter], bool]) -> int:
    """Put the dead letters that are `wanted` back into their own queue, and no other's; the others stay as they are.

    Each that is there now is looked at once: one that dies again meanwhile is not put back a second time. Returns how
    many were put back.

    Raises:
        UnknownQueue: no queue of that name.
        BrokerUnavailable, BusClosed: as `EventBus.replay_many` says.
    """
    chosen = [letter.id for letter in bus.dead_letters(queue_name) if wanted(letter)]
    return bus.replay_many(queue_name, chosen)
