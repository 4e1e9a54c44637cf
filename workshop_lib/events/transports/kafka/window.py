"""How far one partition was read, and how far it may be committed."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition

from workshop_lib.events.transports.kafka.records import Message


@dataclass(slots=True, eq=False)
class Window:
    """One partition in one consumer's hands.

    Attributes:
        read: the offset after the last record read.
        committed: what the group has committed, or where the queue begins.
        step: seconds that a retry topic holds back, None in the exchange's.
        buffered: read for this queue, and not delivered yet.
        lost: it went to another consumer.
    """

    partition: TopicPartition
    committed: int
    step: int | None = None
    buffered: int = 0
    lost: bool = False
    read: int = 0
    waiting: "deque[Entry]" = field(default_factory=deque)
    _order: deque[int] = field(default_factory=deque)
    _open: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.read = self.committed

    def take(self, offset: int) -> None:
        """It has to be settled."""
        self._order.append(offset)
        self._open.add(offset)

    def settle(self, offset: int) -> None:
        """It is done."""
        self._open.discard(offset)
        while self._order and self._order[0] not in self._open:
            self._order.popleft()

    @property
    def safe(self) -> int:
        """Everything before it is settled."""
        return self._order[0] if self._order else self.read

    @property
    def span(self) -> int:
        """Offsets that are read and not safe."""
        return self.read - self.safe

    def before_settled(self) -> frozenset[int]:
        """What is open though something after it is settled."""
        last = next((offset for offset in reversed(self._order) if offset not in self._open), -1)
        return frozenset(offset for offset in self._open if offset < last)


@dataclass(slots=True, eq=False)
class Entry:
    """One message of one partition.

    Attributes:
        rank: lower goes first.
        number: of its reading; lower goes first within a rank.
        due: when, in seconds of the epoch.
    """

    window: Window
    offset: int
    message: Message
    rank: int
    number: int
    due: float

    def __lt__(self, other: Any) -> bool:
        return bool((self.rank, self.number) < (other.rank, other.number))

    @property
    def letter_id(self) -> str:
        """The same whenever this message is given up, so that giving it up twice leaves one letter."""
        step = self.window.step
        where = "x" if step is None else f"r{step}"
        return f"{where}-{self.window.partition.partition}-{self.offset}"
