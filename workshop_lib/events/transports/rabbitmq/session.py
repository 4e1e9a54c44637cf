"""What there is between `connect` and `close`: the loop, its two links, and what works over them."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from workshop_lib.events.errors import BrokerUnavailable, BusClosed, WrongCredentials
from workshop_lib.events.transport import QueueSpec
from workshop_lib.events.transports.rabbitmq.address import Address
from workshop_lib.events.transports.rabbitmq.consumption import Consumption
from workshop_lib.events.transports.rabbitmq.desk import Desk, Lost
from workshop_lib.events.transports.rabbitmq.letters import Held, Reader
from workshop_lib.events.transports.rabbitmq.link import Link
from workshop_lib.events.transports.rabbitmq.loop import Loop
from workshop_lib.events.transports.rabbitmq.messages import properties
from workshop_lib.events.transports.rabbitmq.publisher import Fate, Job, Publisher
from workshop_lib.events.transports.rabbitmq.topology import declare_exchange
from workshop_lib.events.transports.rabbitmq.waits import Waits
from workshop_lib.i18n import _

T = TypeVar("T")


class Batch:
    """The fates of one call's messages."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.confirmed: set[int] = set()
        self.refused: dict[int, tuple[Fate, str]] = {}
        self.why = ""
        self.done = threading.Event()

    def settler(self, index: int) -> Callable[[Fate, str], None]:
        def settled(fate: Fate, why: str) -> None:
            if fate is Fate.CONFIRMED:
                self.confirmed.add(index)
            elif fate is Fate.UNKNOWN:
                self.why = why
            else:
                self.refused[index] = (fate, why)
            self.left -= 1
            if self.left == 0:
                self.done.set()

        return settled


class Session:
    """What there is between `connect` and `close`."""

    def __init__(self, address: Address, exchange: str) -> None:
        self.patience = address.patience
        self._closed = False
        self.loop = Loop()
        self.publishing = Link(self.loop, address, "publishing")
        self.consuming = Link(self.loop, address, "consuming")
        self.publisher = Publisher(self.loop, exchange)
        self.waits = Waits()
        self.consumptions: list[Consumption] = []
        self.specs: dict[str, QueueSpec] = {}
        self.listed: set[str] = set()
        self._lock = threading.Lock()
        self._desk: Desk | None = None
        self._reader: Reader | None = None

    def open(self, exchange: str) -> None:
        try:
            self.publishing.open()
            Desk(self.loop, self.publishing, self.patience).ask(lambda channel: declare_exchange(channel, exchange))
            self.loop.post(lambda: self.publishing.attach(self.publisher))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._closed = True
        for consumption in self.consumptions:
            consumption.close()
        if self._desk is not None:
            self.consuming.close()
        self.publishing.close()
        # Who still waits for a confirm need not wait any longer.
        self.loop.post(lambda: self.publisher.failed(BusClosed()))
        self.loop.stop()

    @property
    def desk(self) -> Desk:
        """Over the consuming link, which a process that only publishes never opens."""
        with self._lock:
            if self._desk is None:
                self._open_consuming()
                self._desk = Desk(self.loop, self.consuming, self.patience)
            return self._desk

    def _open_consuming(self) -> None:
        until = time.monotonic() + self.patience
        while True:
            try:
                self.consuming.open()
                return
            except WrongCredentials:
                raise
            except BrokerUnavailable:
                # The other link was there a moment ago.
                if time.monotonic() >= until:
                    raise
                time.sleep(0.2)

    @property
    def reader(self) -> Reader:
        _desk = self.desk
        with self._lock:
            if self._reader is None:
                self._reader = Reader(self.loop, self.consuming, self.patience)
            return self._reader

    def publish(self, jobs: list[Job]) -> Batch:
        """Returns once all are settled.

        Raises:
            BrokerUnavailable: none was sent, since the broker is away.
            BusClosed: nor will it be.
        """
        batch = Batch(len(jobs))
        for index, job in enumerate(jobs):
            job.settled = batch.settler(index)
        self.publisher.submit(jobs)
        left = batch.left
        while jobs and not batch.done.wait(self.patience):
            if batch.left == left:
                self.publisher.withdraw(jobs)
                batch.done.wait()
            left = batch.left
        if not any(job.sent for job in jobs) and not batch.refused and jobs:
            raise BusClosed if self._closed else self.publishing.why()
        return batch

    def put(
        self,
        queue: str,
        messages: Sequence[tuple[bytes, Mapping[str, str], int | None]],
        confirmed: Callable[[set[int]], None] = lambda _indices: None,
    ) -> None:
        """Bodies, headers and priorities into one queue, by its name. `confirmed` is given the indices of those in it.

        Raises:
            BrokerUnavailable: some may not be in it.
        """
        jobs = [
            Job("", queue, body, properties(headers, priority), True, lambda _fate, _why: None)
            for body, headers, priority in messages
        ]
        batch = self.publish(jobs)
        confirmed(batch.confirmed)
        if len(batch.confirmed) < len(jobs):
            why = next((why for _fate, why in batch.refused.values()), batch.why)
            raise BrokerUnavailable(
                _("RabbitMQ did not take a message for {queue!r}: {why}").format(queue=queue, why=why)
            )

    def read(self, queue: str, work: Callable[[list[Held]], T]) -> T:
        """What `work` returns for all that is in the queue; it goes back but for what `work` finished."""
        until = time.monotonic() + self.patience
        while True:
            self.desk  # noqa: B018 - opens the link
            self.consuming.wait(until)
            try:
                with self.reader.holding(queue) as held:
                    return work(held)
            except Lost:
                if time.monotonic() >= until:
                    raise self.consuming.why() from None
                time.sleep(0.01)
