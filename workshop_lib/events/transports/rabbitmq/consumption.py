"""Deliveries of one queue, and what becomes of them."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

from pika import SelectConnection  # type: ignore[import-untyped]

from workshop_lib.events.errors import BusError
from workshop_lib.events.transport import Delivery as AnyDelivery
from workshop_lib.events.transport import QueueSpec
from workshop_lib.events.transports.rabbitmq.delivery import Delivery
from workshop_lib.events.transports.rabbitmq.desk import Refused, outcome
from workshop_lib.events.transports.rabbitmq.link import Link
from workshop_lib.events.transports.rabbitmq.loop import Loop
from workshop_lib.events.transports.rabbitmq.messages import (
    NOT_BEFORE,
    TICKET,
    number,
)
from workshop_lib.events.transports.rabbitmq.publisher import Fate, Publisher
from workshop_lib.events.transports.rabbitmq.topology import (
    LADDER,
    delay_name,
    rung,
    work_arguments,
)
from workshop_lib.events.transports.rabbitmq.waits import Waits
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)


class Consumption:
    """A user of the consuming link, with a channel of its own: settlements go back over the one they came by."""

    def __init__(
        self,
        loop: Loop,
        link: Link,
        publisher: Publisher,
        waits: Waits,
        queue: QueueSpec,
        exchange: str,
        prefetch: int,
        deliver: Callable[[AnyDelivery], None],
        failed: Callable[[BusError], None],
    ) -> None:
        self.queue = queue
        self._loop, self._link, self._publisher, self._waits = loop, link, publisher, waits
        self._exchange, self._prefetch, self._deliver, self._failed = exchange, prefetch, deliver, failed
        self._lock = threading.Lock()
        self._unsettled: set[Delivery] = set()
        self._moving = 0
        self._moved = threading.Condition(self._lock)
        self._stopping = False
        self._closed = threading.Event()
        self._begun: Future[None] = Future()
        self._asked: set[Future[int]] = set()
        # Of the loop's thread.
        self._connection: SelectConnection | None = None
        self._channel: Any = None
        self._tag = ""

    def begin(self, patience: float) -> None:
        """Consume, and return once the broker agreed.

        Raises:
            Refused: it did not.
            TimeoutError: it did not answer.
        """
        self._loop.post(lambda: self._link.attach(self))
        self._begun.result(patience)

    @property
    def ended(self) -> bool:
        """Whether its channel is closed for good."""
        return self._closed.is_set()

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
        self._loop.post(self._cancel)

    def close(self, patience: float = 5.0) -> None:
        with self._lock:
            self._stopping = True
            if not self._moved.wait_for(lambda: self._moving == 0, patience):
                logger.warning(
                    "queue %s: %d retries are not confirmed; theirs come again", self.queue.name, self._moving
                )
            self._unsettled.clear()
        self._loop.post(self._end)
        if not self._closed.wait(patience):
            logger.warning("queue %s: RabbitMQ did not say goodbye in time", self.queue.name)

    def ready(self) -> "Future[int]":
        """How many wait, asked on the channel on which they are delivered: what was sent before is here before.

        -1 where there is no such channel.
        """
        future: Future[int] = Future()

        def ask() -> None:
            channel = self._channel
            if channel is None or not channel.is_open:
                future.set_result(-1)
                return
            self._asked.add(future)

            def question(again: bool) -> None:
                channel.queue_declare(self.queue.name, passive=True, callback=lambda frame: answer(frame, again))

            def answer(frame: Any, again: bool) -> None:
                count = frame.method.message_count
                if again and not count:
                    # The broker's channel may have deliveries before it that came while it waited for this very count.
                    question(again=False)
                    return
                self._asked.discard(future)
                future.set_result(count)

            question(again=True)

        self._loop.post(ask)
        return future

    # Settling, from any thread

    def take(self, delivery: Delivery) -> bool:
        with self._lock:
            if delivery not in self._unsettled:
                return False
            self._unsettled.remove(delivery)
            return True

    def send_ack(self, delivery: Delivery) -> bool:
        self._loop.post(lambda: self._ack(delivery))
        return True

    def send_back(self, delivery: Delivery) -> bool:
        self._loop.post(lambda: self._nack(delivery))
        return True

    def wait(self, delivery: Delivery, delay: float, attempt: int) -> bool:
        step = rung(delay)
        ticket = uuid4().hex
        more = {TICKET: ticket}
        if delay > LADDER[-1]:
            more[NOT_BEFORE] = str(time.time() + delay)
        self._waits.sent(self.queue.name, ticket)
        name = delay_name(self.queue.name, step) if step else self.queue.name
        return self.move(delivery, name, attempt, more, lambda sure: self._waits.settled(ticket, step, sure))

    def move(
        self,
        delivery: Delivery,
        to: str,
        attempt: int,
        more: Mapping[str, str],
        then: Callable[[bool], None] = lambda sure: None,
    ) -> bool:
        """Publish it to another queue, and take it off this one when that is confirmed: it is never in none."""

        def settled(fate: Fate, why: str) -> None:
            then(fate is Fate.CONFIRMED)
            if fate is Fate.CONFIRMED:
                self._ack(delivery)
            elif fate is not Fate.UNKNOWN:
                logger.error("queue %s: RabbitMQ refused a message for %s: %s", self.queue.name, to, why)
                # Not at once: the handler would fail on it again without a pause.
                self._loop.later(1.0, lambda: self._nack(delivery))
            with self._lock:
                self._moving -= 1
                self._moved.notify_all()

        with self._lock:
            self._moving += 1
        self._publisher.submit([delivery.job(to, attempt, more, settled)])
        return True

    # On the loop's thread

    def connected(self, connection: SelectConnection) -> None:
        self._connection = connection
        self._open()

    def failed(self, error: BusError) -> None:
        self._fail(error)

    def _open(self) -> None:
        if self._stopping or self._connection is None or not self._connection.is_open:
            return
        channel = self._connection.channel(on_open_callback=self._opened)
        channel.add_on_close_callback(self._lost)
        channel.add_on_cancel_callback(lambda _frame: channel.is_open and channel.close())

    def _opened(self, channel: Any) -> None:
        self._channel = channel
        if self.queue.temporary:
            name = self.queue.name
            channel.queue_declare(name, exclusive=True, arguments=work_arguments(self.queue), callback=_nothing)
            for pattern in self.queue.patterns:
                channel.queue_bind(name, self._exchange, pattern, callback=_nothing)
        channel.basic_qos(prefetch_count=self._prefetch, callback=_nothing)
        self._tag = channel.basic_consume(self.queue.name, self._received, callback=self._consuming)

    def _consuming(self, _frame: Any) -> None:
        if not self._begun.done():
            self._begun.set_result(None)

    def _received(self, channel: Any, method: Any, about: Any, body: bytes) -> None:
        delivery = Delivery(self, channel, method, about, body)
        headers = about.headers or {}
        self._waits.arrived(headers.get(TICKET))
        with self._lock:
            if self._stopping:
                channel.basic_nack(delivery.tag, requeue=True)
                return
            self._unsettled.add(delivery)
            left = number(headers, NOT_BEFORE, 0) - time.time()
            if left <= 0:
                self._deliver(delivery)
                return
        if self.take(delivery):
            self.wait(delivery, left, delivery.attempt)

    def _ack(self, delivery: Delivery) -> None:
        if delivery.channel.is_open:
            delivery.channel.basic_ack(delivery.tag)
        else:
            logger.warning("queue %s: the connection broke before an ack; that event comes again", self.queue.name)

    def _nack(self, delivery: Delivery) -> None:
        # Where the channel is gone it is back already.
        if delivery.channel.is_open:
            delivery.channel.basic_nack(delivery.tag, requeue=True)

    def _cancel(self) -> None:
        if self._channel is not None and self._channel.is_open and self._tag:
            self._channel.basic_cancel(self._tag, callback=_nothing)

    def _end(self) -> None:
        self._link.detach(self)
        if self._channel is not None and self._channel.is_open:
            self._channel.close()
        else:
            self._closed.set()

    def _lost(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel and self._channel is not None:
            return
        self._channel = None
        while self._asked:
            self._asked.pop().set_result(-1)
        with self._lock:
            lost = len(self._unsettled)
            self._unsettled.clear()
        if self._stopping:
            self._closed.set()
            return
        why = outcome(reason)
        if not self._begun.done():
            if isinstance(why, Refused):
                self._link.detach(self)
                self._begun.set_exception(why)
            return
        if lost:
            logger.warning("queue %s: %d events were in hand and come again: %s", self.queue.name, lost, why)
        if isinstance(why, Refused) and why.code in (403, 404):
            self._fail(
                BusError(_("queue {name!r} can't be consumed: {why}").format(name=self.queue.name, why=why.text))
            )
        else:
            # Over a broken connection nothing opens; its successor calls `connected`.
            self._loop.later(0.5, self._reopen)

    def _reopen(self) -> None:
        if self._channel is None:
            self._open()

    def _fail(self, error: BusError) -> None:
        self._link.detach(self)
        with self._lock:
            silent, self._stopping = self._stopping, True
        self._closed.set()
        if not silent:
            self._failed(error)


def _nothing(_frame: Any) -> None:
    """pika waits for the answer where a callback is given."""
