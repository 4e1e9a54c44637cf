"""Publishing with a window of outstanding confirms. What isn't confirmed is sent again over the next connection."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Any, Final

from pika import BasicProperties, SelectConnection  # type: ignore[import-untyped]
from pika.exceptions import ChannelClosedByBroker  # type: ignore[import-untyped]
from pika.spec import Basic  # type: ignore[import-untyped]

from workshop_lib.events.errors import BusError
from workshop_lib.events.transports.rabbitmq.loop import Loop

logger = logging.getLogger(__name__)

WINDOW: Final = 500
WINDOW_BYTES: Final = 16 * 1024 * 1024
_RETURN_ID = "x-return-id"


class Fate(Enum):
    """What became of a message."""

    CONFIRMED = "confirmed"
    UNROUTABLE = "unroutable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True, eq=False)
class Job:
    """One message to publish.

    Attributes:
        settled: called once, on the loop's thread, with its fate and what the broker said.
        wanted: asked before each sending; where it says no, the fate is UNKNOWN.
        sent: whether it was ever on the wire.
    """

    exchange: str
    key: str
    body: bytes
    properties: BasicProperties
    mandatory: bool
    settled: Callable[[Fate, str], None]
    wanted: Callable[[], bool] | None = None
    sent: bool = False
    returned: str = ""


class Publisher:
    """A user of the publishing link. All but `submit` and `withdraw` happens on the loop's thread."""

    def __init__(self, loop: Loop, exchange: str) -> None:
        self._loop, self._exchange = loop, exchange
        self._connection: SelectConnection | None = None
        self._channel: Any = None
        self._waiting: deque[Job] = deque()
        # By delivery tag, in the order of sending.
        self._sent: dict[int, Job] = {}
        self._bytes = 0
        self._tag = 0
        self._window = WINDOW
        self._return_ids = count(1)
        self._returnable: dict[str, Job] = {}
        self._error: BusError | None = None

    def submit(self, jobs: list[Job]) -> None:
        """Send these, in this order, after those of earlier calls."""

        def add() -> None:
            self._waiting.extend(jobs)
            if self._error is not None:
                self.failed(self._error)
            self._pump()

        self._loop.post(add)

    def withdraw(self, jobs: list[Job]) -> None:
        """Give up those of these that aren't settled; their fate is UNKNOWN."""

        def remove() -> None:
            given_up = set(jobs)
            lost = [job for job in self._waiting if job in given_up]
            self._waiting = deque(job for job in self._waiting if job not in given_up)
            for job in lost:
                job.settled(Fate.UNKNOWN, "")
            for tag in [tag for tag, job in self._sent.items() if job in given_up]:
                self._settle(tag, Fate.UNKNOWN, "")

        self._loop.post(remove)

    def connected(self, connection: SelectConnection) -> None:
        self._connection = connection
        self._open()

    def failed(self, error: BusError) -> None:
        self._error = error
        self._requeue()
        while self._waiting:
            self._waiting.popleft().settled(Fate.UNKNOWN, str(error))

    def _open(self) -> None:
        if self._connection is None or not self._connection.is_open:
            return
        channel = self._connection.channel(on_open_callback=self._opened)
        channel.add_on_close_callback(self._closed)

    def _opened(self, channel: Any) -> None:
        channel.add_on_return_callback(self._returned)
        # Somebody may have deleted it, and a publish to none closes the channel.
        channel.exchange_declare(self._exchange, exchange_type="topic", durable=True, callback=lambda _frame: None)
        channel.confirm_delivery(self._confirmed, callback=lambda _frame: self._ready(channel))

    def _ready(self, channel: Any) -> None:
        self._channel, self._tag = channel, 0
        self._pump()

    def _closed(self, channel: Any, reason: BaseException) -> None:
        if channel is not self._channel and self._channel is not None:
            return
        self._channel = None
        if not isinstance(reason, ChannelClosedByBroker):
            self._requeue()
            return
        # One of those sent is to blame. Alone on the wire, it is the one.
        if self._window == 1 and len(self._sent) == 1:
            self._settle(next(iter(self._sent)), Fate.REFUSED, reason.reply_text)
        self._window = 1
        self._requeue()
        logger.warning("RabbitMQ closed the publishing channel: %s", reason.reply_text)
        self._loop.later(0.1, self._open)

    def _requeue(self) -> None:
        self._waiting.extendleft(reversed(self._sent.values()))
        self._sent.clear()
        self._returnable.clear()
        self._bytes = 0

    def _pump(self) -> None:
        channel = self._channel
        if channel is None or not channel.is_open:
            return
        while self._waiting and len(self._sent) < self._window and self._bytes < WINDOW_BYTES:
            job = self._waiting.popleft()
            if job.wanted is not None and not job.wanted():
                job.settled(Fate.UNKNOWN, "")
                continue
            self._send(channel, job)

    def _send(self, channel: Any, job: Job) -> None:
        if job.mandatory:
            # A returned message comes without its delivery tag.
            number = str(next(self._return_ids))
            job.properties.headers[_RETURN_ID] = number
            self._returnable[number] = job
        job.sent, job.returned = True, ""
        self._tag += 1
        self._sent[self._tag] = job
        self._bytes += len(job.body)
        channel.basic_publish(job.exchange, job.key, job.body, job.properties, job.mandatory)

    def _returned(self, _channel: Any, method: Any, properties: BasicProperties, _body: bytes) -> None:
        job = self._returnable.get((properties.headers or {}).get(_RETURN_ID, ""))
        if job is not None:
            job.returned = method.reply_text

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = []
            for tag in self._sent:
                if tag > method.delivery_tag:
                    break
                tags.append(tag)
        positive = isinstance(method, Basic.Ack)
        for tag in tags:
            job = self._sent.get(tag)
            if job is None:
                continue
            if not positive:
                self._settle(tag, Fate.REFUSED, "nack")
            elif job.returned:
                self._settle(tag, Fate.UNROUTABLE, job.returned)
            else:
                self._settle(tag, Fate.CONFIRMED, "")
        self._window = min(WINDOW, self._window * 2)
        self._pump()

    def _settle(self, tag: int, fate: Fate, why: str) -> None:
        job = self._sent.pop(tag)
        self._bytes -= len(job.body)
        if job.mandatory:
            self._returnable.pop(job.properties.headers.get(_RETURN_ID, ""), None)
        job.settled(fate, why)
