"""Reading a queue without consuming it. AMQP knows no such thing: everything is taken in hand, and given back.

Two readers at once would each see a part: an exclusive queue, which the broker refuses to a second connection and
deletes with the first, serves as a lock between processes.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from workshop_lib.events.errors import BrokerUnavailable
from workshop_lib.events.transports.rabbitmq.desk import Channel, Refused
from workshop_lib.events.transports.rabbitmq.link import Link
from workshop_lib.events.transports.rabbitmq.loop import Loop
from workshop_lib.i18n import _

_LOCKED = 405
# The largest prefetch that AMQP can say: a reader sees no more than these.
MOST = 65535
# A channel keeps back what it acknowledges while a quorum queue has not agreed to 32 of its requests (the broker's
# quorum_commands_soft_limit), and forgets it when it is closed.
_UNHEARD = 16


class Held:
    """One message in the reader's hands."""

    def __init__(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self.channel, self.tag, self.properties, self.body = channel, int(method.delivery_tag), properties, body
        self.routing_key = str(method.routing_key)
        self.headers: dict[str, Any] = dict(properties.headers or {})
        self.done = False


class Reader:
    """Reads queues, one at a time."""

    def __init__(self, loop: Loop, link: Link, patience: float) -> None:
        self._loop, self._link, self._patience = loop, link, patience
        self._lock = threading.Lock()
        # The channel, the queue's name, and what is held of it.
        self._hands: tuple[Channel, str, list[Held]] | None = None

    @contextmanager
    def holding(self, queue: str) -> Iterator[list[Held]]:
        """What is ready in `queue`, in hand while the body runs; `finish` takes some off, the others go back.

        Raises:
            Refused: no such queue.
            Lost: the connection broke.
            BrokerUnavailable: another process read it for too long.
        """
        with self._lock:
            channel = self._locked(f"{queue}.reading")
            try:
                # One channel more: a queue that isn't there closes it, and the lock must be given back then too.
                reading = Channel(self._loop, self._link)
                try:
                    held = self._take(reading, queue)
                    self._hands = reading, queue, held
                    try:
                        yield held
                    finally:
                        self._hands = None
                        self._give_back(reading, queue, [one for one in held if not one.done])
                finally:
                    reading.close()
                channel.delete(f"{queue}.reading")
            finally:
                channel.close()

    def finish(self, those: Sequence[Held]) -> None:
        """Take these of what is held off their queue; returns once the queue has agreed.

        Raises:
            Lost: the connection broke; they may still be there.
        """
        assert self._hands is not None, "only while a queue is held"
        channel, queue, held = self._hands
        for start in range(0, len(those), _UNHEARD):
            some = those[start : start + _UNHEARD]
            for one in some:
                one.done = True
            self._loop.post(lambda: self._acknowledge(some))  # noqa: B023
            # Its answer comes behind what was acknowledged. What has arrived meanwhile goes back with the others.
            if (one_more := channel.get(queue)) is not None:
                held.append(Held(*one_more))

    @staticmethod
    def _acknowledge(those: Sequence[Held]) -> None:
        for one in those:
            if one.channel.is_open:
                one.channel.basic_ack(one.tag)

    def _locked(self, name: str) -> Channel:
        until = time.monotonic() + self._patience
        while True:
            channel = Channel(self._loop, self._link)
            try:
                channel.queue(name, exclusive=True)
                return channel
            except Refused as refused:
                if refused.code != _LOCKED:
                    raise
            if time.monotonic() >= until:
                raise BrokerUnavailable(_("another process reads {name!r} for too long").format(name=name))
            time.sleep(0.05)

    def _take(self, channel: Channel, queue: str) -> list[Held]:
        held: list[Held] = []
        channel.ask(lambda done: channel.inner.basic_qos(prefetch_count=MOST, callback=done))
        channel.ask(
            lambda done: channel.inner.basic_consume(queue, lambda *args: held.append(Held(*args)), callback=done)
        )
        while len(held) < MOST and (one := channel.get(queue)) is not None:
            held.append(Held(*one))
        # What the queue had given to this channel by then lay before the channel, which was waiting for that answer;
        # the next answer comes behind it.
        channel.ready(queue)
        tag = next(iter(channel.inner.consumer_tags))
        channel.ask(lambda done: channel.inner.basic_cancel(tag, callback=done))
        return held

    def _give_back(self, channel: Channel, queue: str, left: list[Held]) -> None:
        def nack() -> None:
            for one in left:
                if one.channel.is_open:
                    one.channel.basic_nack(one.tag, requeue=True)

        self._loop.post(nack)
        # A quorum queue agrees on it first. Who reads next must find them.
        until = time.monotonic() + self._patience
        while channel.ready(queue) < len(left) and time.monotonic() < until:
            time.sleep(0.001)
