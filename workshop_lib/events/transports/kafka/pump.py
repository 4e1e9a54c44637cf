"""From what was read to the handlers and back: order, prefetch, waits, settlements. Knows nothing of groups."""

import asyncio
import heapq
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from aiokafka.errors import KafkaError

from workshop_lib.events.transport import Delivery
from workshop_lib.events.transports.kafka.cluster import Cluster
from workshop_lib.events.transports.kafka.delivery import Ack, Bury, Fate, KafkaDelivery, Release, Retry
from workshop_lib.events.transports.kafka.letters import Letters
from workshop_lib.events.transports.kafka.records import Message, ladder
from workshop_lib.events.transports.kafka.window import Entry, Window

logger = logging.getLogger(__name__)

AHEAD = 500
"""Messages of a partition that are read ahead."""


class Pump:
    """Used on the loop's thread only, but for `settle`. Without `letters`, what is given up is forgotten."""

    def __init__(
        self,
        cluster: Cluster,
        letters: Letters | None,
        queue_name: str,
        priorities: bool,
        prefetch: int,
        deliver: Callable[[Delivery], None],
    ) -> None:
        self._cluster, self._letters = cluster, letters
        self._queue_name, self._priorities, self._prefetch, self._deliver = queue_name, priorities, prefetch, deliver
        self._loop = asyncio.get_running_loop()
        self._ready: list[Entry] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        # The one thing that handlers' threads touch.
        self._lock = threading.Lock()
        self._in_hand: dict[Entry, KafkaDelivery] = {}
        self.windows: list[Window] = []
        self.held = False
        self.moved: Callable[[], None] = lambda: None
        """Called when something was settled or delivered."""

    @property
    def in_hand(self) -> int:
        """Deliveries that are not settled."""
        return len(self._in_hand)

    def add(self, window: Window, offset: int, timestamp: int, message: Message) -> None:
        """Take a message of this queue; `timestamp` is its record's, in milliseconds."""
        window.take(offset)
        window.buffered += 1
        rank = -message.priority if self._priorities else 0
        due = timestamp / 1000 + (window.step or 0)
        entry = Entry(window, offset, message, rank, next(self._numbers), due)
        if window.step:
            window.waiting.append(entry)
        else:
            heapq.heappush(self._ready, entry)

    def run(self) -> None:
        """Deliver what can be delivered."""
        if not self.held:
            self._deliver_ready()
        self.moved()

    def counts(self, windows: Iterable[Window]) -> tuple[int, int]:
        """How many are ready and how many wait, of those that were read and not delivered."""
        waiting = sum(len(window.waiting) for window in windows)
        return sum(window.buffered for window in windows) - waiting, waiting

    def settle(self, delivery: KafkaDelivery, fate: Fate) -> bool:
        """From any thread: False if it is not in hand any more."""
        with self._lock:
            if self._in_hand.get(delivery.entry) is not delivery:
                return False
            try:
                # Under the lock, so that whoever flushes after this call finds it under way.
                self._loop.call_soon_threadsafe(self._settled, delivery.entry, fate)
            except RuntimeError:
                return False
            del self._in_hand[delivery.entry]
            return True

    def lose(self, windows: Iterable[Window]) -> None:
        """They are another consumer's now: what is in hand of them will not count."""
        for window in windows:
            window.lost = True
        with self._lock:
            for entry in [entry for entry in self._in_hand if entry.window.lost]:
                del self._in_hand[entry]

    async def flush(self) -> None:
        """Wait until the settlements so far have been written."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def give_back(self) -> None:
        """After the last delivery: write what is open behind something settled where it can be found again.

        Else all that was settled after it would come again too.
        """
        gaps = [(window, window.before_settled()) for window in self.windows if not window.lost]
        for entry in [*self._ready, *(entry for window, _gap in gaps for entry in window.waiting)]:
            if any(entry.window is window and entry.offset in gap for window, gap in gaps):
                self._start(self._again(entry, max(0.0, entry.due - time.time()), entry.message.attempt))
        await self.flush()

    def _deliver_ready(self) -> None:
        self._wake_due()
        while self._ready and len(self._in_hand) < self._prefetch:
            entry = heapq.heappop(self._ready)
            if entry.window.lost:
                continue
            entry.window.buffered -= 1
            delivery = KafkaDelivery(self, self._queue_name, entry)
            with self._lock:
                self._in_hand[entry] = delivery
            self._deliver(delivery)

    def _settled(self, entry: Entry, fate: Fate) -> None:
        match fate:
            case Ack():
                entry.window.settle(entry.offset)
            case Retry(delay):
                self._start(self._again(entry, delay, entry.message.attempt + 1))
            case Bury(reason, digest):
                self._start(self._bury(entry, reason, digest))
            case Release():
                entry.window.buffered += 1
                heapq.heappush(self._ready, entry)
        self.run()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _again(self, entry: Entry, delay: float, attempt: int) -> None:
        step, left = ladder(delay)
        message = replace(entry.message, queue=self._queue_name, attempt=attempt, left=left)
        topic = self._cluster.topics.retry(step)
        await self._until_written(lambda: self._cluster.write(topic, message.body, message.key, message.fields()))
        self._done(entry)

    async def _bury(self, entry: Entry, reason: str, digest: str) -> None:
        message = replace(entry.message, queue=self._queue_name)
        if (letters := self._letters) is not None:
            await self._until_written(lambda: letters.bury(message, entry.letter_id, reason, digest))
        self._done(entry)

    def _done(self, entry: Entry) -> None:
        entry.window.settle(entry.offset)
        self.moved()

    async def _until_written(self, write: Callable[[], Coroutine[Any, Any, object]]) -> None:
        pause = 0.1
        while True:
            try:
                await write()
            except KafkaError as why:
                logger.warning("queue %s: a settlement was not written, trying again: %s", self._queue_name, why)
                await asyncio.sleep(pause)
                pause = min(5.0, pause * 2)
            else:
                return

    def _wake_due(self) -> None:
        """Move what is due to what is ready, and come again for the next."""
        now = time.time()
        for window in self.windows:
            while window.waiting and window.waiting[0].due <= now:
                entry = window.waiting.popleft()
                if window.lost:
                    continue
                if entry.message.left:
                    window.buffered -= 1
                    self._start(self._again(entry, entry.message.left, entry.message.attempt))
                else:
                    entry.number = next(self._numbers)
                    heapq.heappush(self._ready, entry)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        next_due = min((window.waiting[0].due for window in self.windows if window.waiting), default=None)
        if next_due is not None:
            # A loop's clock and the wall's may drift: at most a second until the next look.
            self._timer = self._loop.call_later(min(1.0, max(0.001, next_due - now)), self.run)
