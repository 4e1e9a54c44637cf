"""Events to JSON and back. What travels and what is stored is only ever what these let through."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json

from workshop_lib.events.errors import InvalidEvent
from workshop_lib.events.registry import event_class, upcast
from workshop_lib.events.schemas import ALIASES, FIRST_VERSION, TRUSTED, BaseEvent
from workshop_lib.i18n import _

# Where a payload is one of several, pydantic puts the one it chose into the place of an error. Nobody wrote that word.
_TAGS = {("payload", "dataset"), ("payload", "document")}


def parse_event(data: str | bytes) -> BaseEvent:
    """The event that a JSON text holds: of the class for its type where there is one, else a `BaseEvent`.

    Raises:
        InvalidEvent: not JSON, not UTF-8, or not the schema; the reason names the field and quotes no content.
        UnknownVersion: of a newer schema version, or of an older one that nothing upcasts.
    """
    content, context = _content(data)
    if not isinstance(content, dict):
        raise InvalidEvent(_("a JSON object is expected, and it is a {type}").format(type=type(content).__name__))
    found = _class_of(content)
    try:
        if found is not BaseEvent and content["metadata"].get("version", FIRST_VERSION) != found.version:
            older = upcast(BaseEvent.model_validate(content, context=context), found)
            return found.model_validate(older.model_dump())
        return found.model_validate(content, context=context)
    except ValidationError as error:
        raise InvalidEvent(_reason(error)) from None


def encode(event: BaseEvent) -> str:
    """The event as JSON, the same text for the same event, checked against the schema of its type.

    Raises:
        InvalidEvent: not an event, or its payload is not what its type asks for.
        UnknownVersion: of another schema version than the one here, and nothing upcasts it.
    """
    return checked(event)[1]


def checked(event: BaseEvent) -> tuple[BaseEvent, str]:
    """The event as whoever receives it will have it, and as JSON.

    Raises:
        InvalidEvent, UnknownVersion: as `encode` says.
    """
    if not isinstance(event, BaseEvent):
        raise InvalidEvent(
            _("{type} is no BaseEvent; build one: BaseEvent(metadata=..., payload=...)").format(
                type=type(event).__name__
            )
        )
    try:
        data = event.model_dump_json()
    except PydanticSerializationError as error:
        raise InvalidEvent(_("its payload can't be written as JSON: {why}").format(why=error)) from None
    received = parse_event(data)
    # Another class has fields of its own to fill in; of the same class, the text is already what it will be.
    return received, data if type(received) is type(event) else received.model_dump_json()


def _content(data: str | bytes) -> tuple[Any, dict[str, bool] | None]:
    try:
        return from_json(data, allow_inf_nan=False), {TRUSTED: True}
    except ValueError as error:
        why = error
    try:
        # NaN is what Python's own json writes, though JSON has none: the schema says in which field it stands.
        return from_json(data, allow_inf_nan=True), None
    except ValueError:
        raise InvalidEvent(_("Invalid JSON: {why}").format(why=why)) from None


def _class_of(content: dict[str, Any]) -> type[BaseEvent]:
    metadata = content.get("metadata")
    name = metadata.get("event_type") if isinstance(metadata, dict) else None
    # An alias is looked up by what it stands for.
    return event_class(ALIASES.get(name, name)) if isinstance(name, str) else BaseEvent


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join(filter(None, (_place(p["loc"]), p["msg"]))) for p in problems)


def _place(where: tuple[int | str, ...]) -> str:
    if where[:2] in _TAGS and len(where) > 2:
        where = where[:1] + where[2:]
    return ".".join(map(str, where))
