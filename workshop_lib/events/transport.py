"""What a bus needs of a backend. Everything here is opaque bytes: schemas, retries and counting are the bus's.

The words, the same on every backend:

- A *queue* has a name and patterns; it gets a copy of every message whose routing key matches one of them, and keeps
  it until a consumer acknowledges it. Queues outlive their consumers (durable), but for temporary ones. What waits is
  never dropped for its age.
- A *delivery* is one message handed to one consumer. It is settled once: `ack`, `retry`, `dead_letter` or `release`.
  Until then it belongs to that consumer, however long the work takes: the transport keeps it so (heartbeats, leases).
- If the consumer's process or connection ends first, the message comes again, to whoever consumes then.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from workshop_lib.events.errors import BusError

NORMAL_PRIORITY = 1
MAX_PRIORITY = 2


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish.

    Attributes:
        headers: small texts beside the body, carried as they are. Those that begin with ``x-`` are the transport's own.
        priority: 0 to `MAX_PRIORITY`. Only queues that declare priorities look at it.
        mandatory: refused (`UnroutableError`) where no queue is bound for the key; else it may go unheard.
    """

    routing_key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    priority: int = NORMAL_PRIORITY
    mandatory: bool = False


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue to declare.

    Attributes:
        patterns: AMQP topic patterns; declaring a queue again adds to them.
        priorities: deliver a higher `Outgoing.priority` first, in order within each. Without, strictly in order.
        temporary: for a listener that looks on (`workshop events tail`): deleted, with what waits in it, when its
            transport closes or its process ends.
    """

    name: str
    patterns: tuple[str, ...]
    priorities: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Messages of a queue, those in a consumer's hands aside: ready for delivery, waiting for a retry, dead."""

    ready: int
    delayed: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, as it was published.

    Attributes:
        id: names it within its queue, for `replay_many` and `drop_many`; stays the same until then.
        reason: such as "ValueError: too long".
        digest: of the traceback, the same for the same failure: eight hex digits and the innermost line.
        attempts: how often a handler had it.
        died_at: in UTC.
    """

    id: str
    queue_name: str
    routing_key: str
    body: bytes
    headers: Mapping[str, str]
    reason: str
    digest: str
    attempts: int
    died_at: datetime


class Delivery(Protocol):
    """One message in one consumer's hands.

    Each settlement may be called from any thread, never raises, never waits for a round trip, and returns whether it
    still counted: False says that the delivery was lost before (its lease ran out, its connection broke) or was
    settled already, that nothing was done, and that the message comes, or came, again. What becomes known only later
    is logged as a warning.
    """

    @property
    def queue_name(self) -> str: ...
    @property
    def routing_key(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def attempt(self) -> int:
        """1 for the first, one more after each `retry`. Carried with the message: in a header where there are any."""

    @property
    def redelivered(self) -> int:
        """How many deliveries of it were never settled, since their process or connection ended; 0 or 1 where the
        backend knows no more than whether there was one."""

    def ack(self) -> bool:
        """Done: forget it."""

    def retry(self, delay: float) -> bool:
        """Deliver it again, with `attempt` one higher, not before `delay` seconds. Others flow meanwhile.

        The message is safe at every instant: put among the delayed before it is taken from the consumer.
        """

    def dead_letter(self, reason: str, digest: str) -> bool:
        """Give it up: to the queue's dead letters."""

    def release(self) -> bool:
        """Back to the front of its queue at once, untried: `attempt` and `redelivered` stay as they were."""


class Consumption(Protocol):
    """Deliveries on their way from one queue to one consumer."""

    def stop(self) -> None:
        """Deliver no more: once it returns, `deliver` isn't called again. What was delivered can still be settled."""

    def close(self) -> None:
        """After `stop`, when all is settled: returns once the settlements have reached the backend.

        A delivery that isn't settled by now is given up, and the message comes again.
        """


class Transport(Protocol):
    """One backend of `EventBus`, which has checked every argument. Built as ``(url: str, exchange: str)``.

    Building one touches nothing. Every method may be called from any thread, handlers' own included. Between
    `connect` and `close` a lost connection is the transport's to mend, with back-off; a call that can't wait so long
    raises `BrokerUnavailable`. No error and no log line shows a password.
    """

    def connect(self) -> None:
        """Reach the backend and make what this exchange needs there; connecting twice is no error.

        Raises:
            BrokerUnavailable: nobody answers, or the file can't be used; the message says what to start.
            WrongCredentials: one line, without the password.
            NotAnEventBus: the file or server holds something else, which was left as it is.
        """

    def close(self) -> None:
        """Let go. Queues and what waits in them stay. Closing twice is no error; `connect` opens it again."""

    def declare(self, queue: QueueSpec) -> None:
        """Make the queue if need be, and bind it to the patterns, those from before included.

        Raises:
            QueueConflict: it exists with other arguments.
        """

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Put each into every queue bound for its key, in this order, and return once the backend has all for good.

        Raises:
            NotConfirmed: not all. Its `confirmed` and `refused` are indices into `messages`; `refused` says why, an
                `UnroutableError` for a mandatory one without a queue, which hinders none of the others. An index in
                neither is unknown: it may have arrived.
        """

    def consume(
        self,
        queue_name: str,
        prefetch: int,
        deliver: Callable[[Delivery], None],
        failed: Callable[[BusError], None],
    ) -> Consumption:
        """Begin to hand the queue's messages to `deliver`, at most `prefetch` of them unsettled at any time.

        `deliver` returns at once and may be called on any one thread at a time, in the queue's order. `failed` is
        called where it can't go on and won't mend itself; no delivery follows.
        """

    def counts(self, queue_name: str) -> QueueCounts:
        """How many wait. What was delivered to this transport's own consumers before is not counted as ready.

        Raises:
            UnknownQueue: no queue of that name.
        """

    def queues(self) -> tuple[str, ...]:
        """The names of the queues there are, sorted, temporary ones aside."""

    def dead_letters(self, queue_name: str, limit: int | None = None) -> tuple[DeadLetter, ...]:
        """What was given up on the queue, oldest first; reading changes nothing.

        Raises:
            UnknownQueue: no queue of that name.
        """

    def replay_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """Put these dead letters back into their own queue, and no other's, as new: attempt 1. How many there were.

        An id that names no letter is passed over, and one that is given twice counts once. A letter is in its queue
        before it is gone from the dead ones: none is lost where the process or the backend ends in between. Some may
        then be in both places, and replaying those again lets them be handled twice.

        Raises:
            UnknownQueue: no queue of that name.
            BrokerUnavailable: some may be back in their queue, the others are where they were.
        """

    def drop_many(self, queue_name: str, letter_ids: Collection[str]) -> int:
        """Forget these dead letters; ids are taken as by `replay_many`. How many there were.

        Raises:
            UnknownQueue: no queue of that name.
            BrokerUnavailable: some may be gone, the others are where they were.
        """
