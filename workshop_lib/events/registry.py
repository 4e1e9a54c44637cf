"""Which class an event of a type is, and how an older version of its payload becomes a newer one."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from workshop_lib.events.errors import InvalidEvent, InvalidSchema, UnknownVersion
from workshop_lib.events.payloads import COURSE_EVENTS
from workshop_lib.events.schemas import BaseEvent, EventType
from workshop_lib.i18n import _

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
E = TypeVar("E", bound=type[BaseEvent])

_classes: dict[str, type[BaseEvent]] = {str(event.event_type): event for event in COURSE_EVENTS}
_upcasters: dict[tuple[str, str], tuple[str, Upcaster]] = {}


def register_event(event_class: E) -> E:
    """Let events of the class's `event_type` be of this class. Use it as a decorator.

    Raises:
        InvalidSchema: the class names no type, or another class has it; the course's own types stay theirs.
    """
    if event_class.event_type is None:
        text = _("expected {name} to say `event_type = EventType('a.type')`, and it does not")
        raise InvalidSchema(text.format(name=event_class.__name__))
    name = str(event_class.event_type)
    there = _classes.get(name)
    # The same class again is what running a notebook's cell twice does.
    if there is not None and (there in COURSE_EVENTS or there.__qualname__ != event_class.__qualname__):
        text = _("expected a type of event that has no class yet, got {name}, which is {there}'s")
        raise InvalidSchema(text.format(name=name, there=there.__name__))
    _classes[name] = event_class
    return event_class


def register_upcaster(event_type: EventType | str, from_version: str, to_version: str, upcast: Upcaster) -> None:
    """Let `upcast` turn a payload of `from_version` into one of `to_version`; several make a chain.

    Raises:
        InvalidSchema: a version is not MAJOR.MINOR.PATCH, or the second is not the newer.
    """
    if _number(from_version) >= _number(to_version):
        text = _("expected an upcaster to a newer version, got one from {old} to {new}")
        raise InvalidSchema(text.format(old=from_version, new=to_version))
    _upcasters[str(EventType(event_type)), from_version] = (to_version, upcast)


def event_class(event_type: str) -> type[BaseEvent]:
    """The class of events of that type: `BaseEvent`, whose payload is free, where none is registered."""
    return _classes.get(event_type, BaseEvent)


def event_classes() -> Mapping[str, type[BaseEvent]]:
    """Every registered class by its type."""
    return dict(_classes)


def upcast(event: BaseEvent, wanted: type[BaseEvent]) -> BaseEvent:
    """`event`, a plain one, with its payload as the schema version of `wanted` has it.

    Raises:
        UnknownVersion: it is newer, or no chain of upcasters leads there.
        InvalidEvent: an upcaster failed on it.
    """
    name, version, payload = str(event.metadata.event_type), event.metadata.version, event.payload
    if _number(version) > _number(wanted.version):
        text = _("{type} of version {version}, and only {known} and older are known here. Update this service first")
        raise UnknownVersion(text.format(type=name, version=version, known=wanted.version))
    while version != wanted.version:
        if (name, version) not in _upcasters:
            text = _("{type} of version {version}, and nothing turns it into {known}: register_upcaster(...)")
            raise UnknownVersion(text.format(type=name, version=version, known=wanted.version))
        later, step = _upcasters[name, version]
        try:
            payload = step(payload)
        except Exception as error:
            text = _("{type} of version {version}, and turning it into {later} failed: {why}")
            why = f"{type(error).__name__}: {error}"
            raise InvalidEvent(text.format(type=name, version=version, later=later, why=why)) from error
        version = later
    metadata = event.metadata.model_copy(update={"version": version})
    return BaseEvent(metadata=metadata, payload=payload)


def _number(version: str) -> tuple[int, ...]:
    try:
        major, minor, patch = map(int, version.split("."))
    except ValueError:
        raise InvalidSchema(_("expected a version such as 1.0.0, got {version!r}").format(version=version)) from None
    return major, minor, patch
