"""Publishing: routes are looked up here, and hold only if they are still the server's when it puts the batch in."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from queue import Empty, LifoQueue
from typing import Any
from uuid import uuid4

from workshop_lib.events.errors import BusError, EventError, NotConfirmed, UnroutableError
from workshop_lib.events.routing import Bindings
from workshop_lib.events.transport import Outgoing
from workshop_lib.events.transports.redis_streams.link import Away, Link

_MOST_MESSAGES = 500
_MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class _Routes:
    """Queues and bindings as they were at `version`."""

    version: bytes
    flags: dict[str, bytes]
    bindings: Bindings


class _Series:
    """Numbers for batches, so that one which is sent again, since no answer came, is put in once."""

    def __init__(self) -> None:
        self.publisher = uuid4().hex
        self.numbers = count(1)


class Publisher:
    """Puts messages into the queues of one exchange. Threads may share it."""

    def __init__(self, link: Link, exchange: str) -> None:
        self._link, self._exchange = link, exchange
        self._routes: _Routes | None = None
        self._lock = threading.Lock()
        self._idle: LifoQueue[_Series] = LifoQueue()

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """As `Transport.publish` says: batch by batch, each all or nothing."""
        confirmed: set[int] = set()
        refused: dict[int, EventError] = {}
        series = self._series()
        for batch in _batches(messages):
            try:
                unroutable = self._put(series, [messages[index] for index in batch])
            except Away as error:
                # It may be there or not. A later batch would overtake it.
                if not confirmed and not refused and len(batch) == len(messages) == 1:
                    raise
                raise NotConfirmed(len(messages), confirmed, refused) from error
            except BusError as error:
                if len(batch) == len(messages):
                    raise
                refused |= dict.fromkeys(range(batch[0], len(messages)), error)
                break
            refused |= {batch[place]: error for place, error in unroutable.items()}
            confirmed |= set(batch) - refused.keys()
        self._idle.put(series)
        if refused:
            raise NotConfirmed(len(messages), confirmed, refused)

    def _put(self, series: _Series, batch: list[Outgoing]) -> dict[int, UnroutableError]:
        number = next(series.numbers)
        while True:
            routes = self._current()
            queues: dict[str, int] = {}
            refused: dict[int, UnroutableError] = {}
            arguments: list[Any] = []
            with self._lock:
                for place, message in enumerate(batch):
                    names = routes.bindings.queues(message.routing_key)
                    if message.mandatory and not names:
                        durable = (name for name, flags in routes.flags.items() if not flags.endswith(b"t"))
                        refused[place] = UnroutableError(message.routing_key, durable)
                        continue
                    headers = json.dumps(dict(message.headers))
                    arguments += [message.routing_key, message.body, headers, message.priority, len(names)]
                    arguments += [queues.setdefault(name, len(queues)) for name in names]
            known = [word for name in queues for word in (name, routes.flags[name])]
            said = self._link.run("PUBLISH", series.publisher, number, routes.version, len(queues), *known, *arguments)
            if said == b"done":
                return refused
            self._routes = None

    def _current(self) -> _Routes:
        routes = self._routes
        if routes is None:
            version, queues, pairs = self._link.run("ROUTES", self._exchange)
            flags = {name.decode(): flags for name, flags in zip(queues[::2], queues[1::2], strict=True)}
            bindings = Bindings((queue, pattern) for queue, pattern in map(json.loads, sorted(pairs)))
            routes = self._routes = _Routes(version, flags, bindings)
        return routes

    def _series(self) -> _Series:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _Series()


def _batches(messages: Sequence[Outgoing]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for index, message in enumerate(messages):
        if batch and (len(batch) >= _MOST_MESSAGES or size + len(message.body) > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(index)
        size += len(message.body)
    if batch:
        yield batch
