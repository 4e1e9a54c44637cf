"""2.7: which work an event belongs to, and what it came from."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.events import BaseEvent, EventMetadata, EventType, Trace
from workshop_lib.i18n import _, mark

_WORK, _ELSEWHERE = UUID(int=0xC0FFEE << 100), UUID(int=0xBAD << 100)


def check_follow(follow: Callable[[BaseEvent], Any]) -> None:
    """The cause's correlation id, or its event id where it has none; and its event id; also down a chain."""
    root = _event("page.came", _WORK, _ELSEWHERE)
    _check_ids(follow, root, (_WORK, root.metadata.event_id))
    alone = _event("page.came", None, None)
    _check_ids(follow, alone, (alone.metadata.event_id, alone.metadata.event_id))
    chain = [_event("page.came", _WORK, None)]
    for name in ("page.counted", "board.updated"):
        correlation, causation = call(follow, chain[-1])
        chain.append(_event(name, correlation, causation))
    depths = [step.depth for step in Trace([e for e in chain if e.metadata.correlation_id == _WORK]).steps]
    if depths != [0, 1, 2]:
        raise Incorrect(tried=_("three events in a chain"), expected=[0, 1, 2], got=depths)


def _event(name: str, correlation: Any, causation: Any) -> BaseEvent:
    metadata = EventMetadata(
        event_type=EventType(name), source_service="check", correlation_id=correlation, causation_id=causation
    )
    return BaseEvent(metadata=metadata, payload={"page": "en/async"})


def _check_ids(follow: Callable[[BaseEvent], Any], cause: BaseEvent, right: tuple[UUID, UUID]) -> None:
    got = call(follow, cause)
    if isinstance(got, list):
        got = tuple(got)
    if got == right:
        return
    names = _names(cause)
    raise Incorrect(
        tried=_("follow(cause), where cause {has}").format(
            has=_("has a correlation id") if cause.metadata.correlation_id else _("has no correlation id")
        ),
        expected=", ".join(names.get(i, str(i)) for i in right),
        got=", ".join(names.get(i) or shown(i) for i in got) if _is_pair(got) else shown(got),
        mistake=_slip(cause, got),
        case=cause,
    )


def _names(cause: BaseEvent) -> dict[Any, str]:
    about = cause.metadata
    fields = ("causation_id", "correlation_id", "event_id")
    return {**{getattr(about, field): f"cause.metadata.{field}" for field in fields}, None: "None"}


def _is_pair(got: object) -> bool:
    return isinstance(got, tuple) and len(got) == 2


def _slip(cause: BaseEvent, got: Any) -> str | None:
    if not _is_pair(got):
        return None
    about = cause.metadata
    correlation, causation = got
    if about.correlation_id is None:
        return "begins-nothing" if correlation is None else None
    if got == (about.event_id, about.correlation_id):
        return "swapped"
    if correlation == about.event_id:
        return "each-its-own"
    if correlation != about.correlation_id:
        return "new-work" if isinstance(correlation, UUID) else None
    if causation == about.causation_id:
        return "siblings"
    return "star" if causation == about.correlation_id else None


def _wrong(value: str) -> str:
    return f"""
from uuid import uuid4

def follow(cause):
    about = cause.metadata
    return {value}
"""


EXERCISE = Exercise(
    id="2.7",
    name="follow",
    title=mark("What led to what"),
    minutes=5,
    difficulty=2,
    reference="workshop_lib.events.schemas:follow",
    check=check_follow,
    hints=(
        mark("A week later you hold the first event's correlation id. Which field must the last event have in common?"),
        mark("The correlation id is handed on as it is. The causation id is the event id of the one that led to this."),
        mark(
            "about = cause.metadata; the pair is (about.correlation_id or about.event_id, about.event_id): where the "
            "cause has no correlation id, the work begins with it."
        ),
    ),
    mistakes=(
        Mistake(
            "new-work",
            _wrong("(uuid4(), about.event_id)"),
            mark(
                "The effect has a correlation id of its own, so whoever looks up the page's id finds one event, and "
                "the trail ends there. Hand on the one that came."
            ),
        ),
        Mistake(
            "each-its-own",
            _wrong("(about.event_id, about.event_id)"),
            mark(
                "The effect's correlation id is its cause's event id: every step begins a new work, and the third "
                "event of a chain has nothing in common with the first. Hand on the correlation id that came."
            ),
        ),
        Mistake(
            "star",
            _wrong("(about.correlation_id, about.correlation_id)"),
            mark(
                "The causation id names the work, not an event. The trace then can't tell what led to what: each event "
                "hangs on something that is not there. Which id names the cause itself?"
            ),
        ),
        Mistake(
            "siblings",
            _wrong("(about.correlation_id or about.event_id, about.causation_id)"),
            mark(
                "You handed on the cause's own causation id, so the effect hangs beside its cause and not under it: "
                "grandchildren look like children. Name the cause itself."
            ),
        ),
        Mistake(
            "swapped",
            _wrong("(about.event_id, about.correlation_id)"),
            mark("The two are swapped: first the correlation id, which is shared by all, then the causation id."),
        ),
        Mistake(
            "begins-nothing",
            _wrong("(about.correlation_id, about.event_id)"),
            mark(
                "A cause without a correlation id gives an effect without one, and the whole chain can't be found. "
                "Where there is none yet, the work begins here: with the cause's event id."
            ),
        ),
    ),
)
