"""What every event store does. A backend keeps rows; what they mean is here, once."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from workshop_lib.events.codec import encode, parse_event
from workshop_lib.events.errors import EventConflict, InvalidEvent, StoreError
from workshop_lib.events.schemas import ALIASES, BaseEvent, EventType
from workshop_lib.events.stores.trace import Trace
from workshop_lib.i18n import _


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is kept."""

    event_id: str
    event_type: str
    correlation_id: str | None
    body: str


class EventStore(ABC):
    """Keeps events for as long as `ttl` says, and remembers what was handled.

    Threads may share one store; each process opens its own. An event is there for good when `store_event` returns, so
    a process killed after that has lost nothing.
    """

    def __init__(self, ttl: float | None) -> None:
        """Raises:
        StoreError: a time to live that is none.
        """
        if ttl is not None and not 0.001 <= ttl < float("inf"):
            text = _("expected a time to live in seconds, or None for ever; got {ttl!r}")
            raise StoreError(text.format(ttl=ttl))
        self.ttl = ttl
        self._unit = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go; closing twice is no error."""

    def store_event(self, event: BaseEvent) -> bool:
        """Keep `event`, and return True once it is there for good. Storing the same event again changes nothing.

        Raises:
            InvalidEvent: not an event, or its payload is not what its type asks for.
            EventConflict: an event of that id is there with another content.
            StoreUnavailable: it can't be written, or was locked for 60 seconds.
            StoreClosed: after `close`.
        """
        return self.store_events((event,))

    def store_events(self, events: Iterable[BaseEvent]) -> bool:
        """Keep all of them, in this order, or none: faster than one by one.

        Raises:
            As `store_event` says.
        """
        rows = _without_repeats([_row(event) for event in events])
        waiting: list[Row] | None = getattr(self._unit, "rows", None)
        if waiting is not None:
            waiting += rows
        else:
            self._write(rows, None)
        return True

    @contextmanager
    def handling(self, consumer: str, event_id: UUID | str) -> Iterator[bool]:
        """Whether `consumer` has not handled that event yet: for the body to look at, and do nothing if False.

        Where it is True, `store_event` waits while the body runs, on this thread: what the body stores is kept when
        the body ends well, in one transaction with the mark that the event is handled, and not at all when it raises.
        If another process did the same meanwhile, its mark counts, and what this body stored is dropped. What the
        body does elsewhere is not part of this, and may be done twice. A store with a `ttl` forgets the mark, too,
        after that time.

        Raises:
            InvalidEvent: `event_id` is no UUID.
            EventConflict, StoreUnavailable, StoreClosed: as `store_event` says, at the end too.
        """
        mark = (consumer, uuid_text(event_id))
        if self._is_handled(mark):
            yield False
            return
        rows: list[Row] = []
        outer = getattr(self._unit, "rows", None)
        self._unit.rows = rows
        try:
            yield True
        finally:
            self._unit.rows = outer
        self._write(_without_repeats(rows), mark)

    def get_event(self, event_id: UUID | str) -> BaseEvent | None:
        """The event of that id, None where there is none.

        Raises:
            InvalidEvent: `event_id` is no UUID, or the stored text is no event.
            StoreUnavailable: it can't be read.
            StoreClosed: after `close`.
        """
        body = self._body(uuid_text(event_id))
        return None if body is None else parse_event(body)

    def get_events_by_correlation(self, correlation_id: UUID | str) -> list[BaseEvent]:
        """All events of one piece of work, in the order in which they were stored.

        Raises:
            InvalidEvent: `correlation_id` is no UUID, or a stored text is no event.
            StoreUnavailable, StoreClosed: as `get_event` says.
        """
        return [parse_event(body) for body in self._bodies_of_work(uuid_text(correlation_id))]

    def get_stream_events(self, event_type: EventType | str, count: int = 100) -> list[BaseEvent]:
        """The `count` events of one type that were stored last, the newest first.

        Raises:
            InvalidEvent: a stored text is no event.
            StoreError: a count under 1.
            StoreUnavailable, StoreClosed: as `get_event` says.
        """
        if count < 1:
            raise StoreError(_("expected a count of 1 or more, got {count}").format(count=count))
        name = str(event_type)
        return [parse_event(body) for body in self._bodies_of_type(ALIASES.get(name, name), count)]

    def trace(self, correlation_id: UUID | str) -> Trace:
        """What led to what in one piece of work: `print` it, or draw its `mermaid()`.

        Raises:
            As `get_events_by_correlation` says.
        """
        return Trace(self.get_events_by_correlation(correlation_id))

    @abstractmethod
    def _write(self, rows: Sequence[Row], mark: tuple[str, str] | None) -> None:
        """All or nothing; with a mark of consumer and event id that is there already, nothing."""

    @abstractmethod
    def _is_handled(self, mark: tuple[str, str]) -> bool: ...

    @abstractmethod
    def _body(self, event_id: str) -> str | None: ...

    @abstractmethod
    def _bodies_of_work(self, correlation_id: str) -> list[str]: ...

    @abstractmethod
    def _bodies_of_type(self, event_type: str, count: int) -> list[str]: ...


def uuid_text(value: UUID | str) -> str:
    """In the one form that ids are kept in.

    Raises:
        InvalidEvent: no UUID.
    """
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise InvalidEvent(_("its id is no UUID: {value!r}").format(value=value)) from None


def check_same(event_id: str, there: str, body: str) -> None:
    """Fields may stand in another order.

    Raises:
        EventConflict: the two are not the same event.
    """
    if there != body and _canonical(there) != _canonical(body):
        raise EventConflict(event_id)


def _row(event: BaseEvent) -> Row:
    body = encode(event)
    about = event.metadata
    return Row(
        str(about.event_id), str(about.event_type), str(about.correlation_id) if about.correlation_id else None, body
    )


def _without_repeats(rows: Sequence[Row]) -> list[Row]:
    found: dict[str, Row] = {}
    for row in rows:
        check_same(row.event_id, found.setdefault(row.event_id, row).body, row.body)
    return list(found.values())


def _canonical(body: str) -> str:
    return json.dumps(json.loads(body), sort_keys=True)
