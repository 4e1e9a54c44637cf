"""One message in a handler's hands, and how it is settled."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from workshop_lib.events.transports.rabbitmq.messages import (
    ATTEMPT,
    DIED_AT,
    DIGEST,
    LETTER_ID,
    REASON,
    ROUTING_KEY,
    number,
    own,
    properties,
    text,
)
from workshop_lib.events.transports.rabbitmq.publisher import Fate, Job
from workshop_lib.events.transports.rabbitmq.topology import dead_name

if TYPE_CHECKING:
    from workshop_lib.events.transports.rabbitmq.consumption import Consumption

_MANY = 10


class Delivery:
    """One message in a handler's hands."""

    __slots__ = ("_consumption", "_headers", "_priority", "attempt", "body", "channel", "headers", "redelivered",
                 "routing_key", "tag")  # fmt: skip

    def __init__(self, consumption: "Consumption", channel: Any, method: Any, about: Any, body: bytes) -> None:
        headers: Mapping[str, Any] = about.headers or {}
        self._consumption, self.channel, self.tag = consumption, channel, int(method.delivery_tag)
        self._priority: int | None = about.priority
        self.body = body
        self.headers: Mapping[str, str] = own(headers)
        self.routing_key = str(headers.get(ROUTING_KEY, method.routing_key))
        self.attempt = int(number(headers, ATTEMPT, 1))
        # A classic queue only knows whether there was one.
        self.redelivered = int(number(headers, "x-delivery-count", int(method.redelivered)))

    @property
    def queue_name(self) -> str:
        return self._consumption.queue.name

    def ack(self) -> bool:
        return self._consumption.take(self) and self._consumption.send_ack(self)

    def retry(self, delay: float) -> bool:
        return self._consumption.take(self) and self._consumption.wait(self, delay, self.attempt + 1)

    def dead_letter(self, reason: str, digest: str) -> bool:
        if not self._consumption.take(self):
            return False
        letter = {
            REASON: text(reason),
            DIGEST: text(digest),
            DIED_AT: datetime.now(UTC).isoformat(),
            LETTER_ID: uuid4().hex,
        }
        return self._consumption.move(self, dead_name(self.queue_name), self.attempt, letter)

    def release(self) -> bool:
        if not self._consumption.take(self):
            return False
        if self.redelivered < _MANY:
            return self._consumption.send_back(self)
        # Before RabbitMQ 4.3 a quorum queue counts what is given back as if its consumer had died, which it has not.
        # A copy begins to count anew, at the queue's end.
        return self._consumption.move(self, self.queue_name, self.attempt, {})

    def job(self, key: str, attempt: int, more: Mapping[str, str], settled: Callable[[Fate, str], None]) -> Job:
        """This message again, to another queue."""
        headers = {**self.headers, ROUTING_KEY: self.routing_key, ATTEMPT: str(attempt), **more}
        return Job(
            exchange="",
            key=key,
            body=self.body,
            properties=properties(headers, self._priority),
            mandatory=True,
            settled=settled,
            # Once its channel is gone the broker gives the original to somebody else.
            wanted=lambda: bool(self.channel.is_open),
        )
