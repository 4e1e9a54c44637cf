"""What a handler is in the middle of, and the W3C trace context that is carried beside the correlation id.

A handler's publishes continue the trace of the event it handles. What begins a trace takes its id from the event's
correlation id, so that a tracing tool and the event store name the same piece of work.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID, uuid4

from workshop_lib.events.schemas import BaseEvent

TRACEPARENT = "traceparent"
_FORM = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Handling:
    """The event that this thread's handler works on.

    Attributes:
        attempt: 1 at first.
        redelivered: how often it was in a consumer's hands that ended before it was done.
        traceparent: as it came, None where none did or it was malformed.
    """

    event: BaseEvent
    queue_name: str
    attempt: int
    redelivered: int
    traceparent: str | None


_current: ContextVar[Handling | None] = ContextVar("workshop_event_handling", default=None)


def current_handling() -> Handling | None:
    """What the calling handler works on, None outside one."""
    return _current.get()


@contextmanager
def handling(work: Handling) -> Iterator[None]:
    """While the body runs, `current_handling()` is `work`."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


def valid_traceparent(text: str | None) -> str | None:
    """`text` where it is a W3C traceparent, else None."""
    return text if text is not None and _FORM.fullmatch(text) else None


def next_traceparent(correlation_id: UUID | None) -> str:
    """The header of an event that is published now: a new span in the handler's trace, or in one that begins here."""
    work = _current.get()
    match = _FORM.fullmatch(work.traceparent) if work is not None and work.traceparent is not None else None
    trace, flags = match.groups() if match else ((correlation_id or uuid4()).hex, "01")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"
