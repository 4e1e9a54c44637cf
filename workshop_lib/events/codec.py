"""Events to JSON and back. What travels and what is stored is only ever what these two let through."""

from typing import Final

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from workshop_lib.events.errors import InvalidEvent
from workshop_lib.events.schemas import BaseEvent, DataIngestedEvent, EventType
from workshop_lib.i18n import _

_CLASSES: Final[dict[EventType, type[BaseEvent]]] = {EventType.DATA_INGESTED: DataIngestedEvent}


def parse_event(data: str | bytes) -> BaseEvent:
    """The event that a JSON text holds: of the class for its type where there is one, else a `BaseEvent`.

    Raises:
        InvalidEvent: not JSON, not UTF-8, or not the schema; the reason names the field and quotes no content.
    """
    try:
        event = BaseEvent.model_validate_json(data)
        typed = _CLASSES.get(event.metadata.event_type)
        return typed.model_validate_json(data) if typed else event
    except ValidationError as error:
        raise InvalidEvent(_reason(error)) from None


def encode(event: BaseEvent) -> str:
    """The event as JSON, the same text for the same event, checked against the schema of its type.

    Raises:
        InvalidEvent: not an event, or its payload is not what its type asks for.
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
    return parse_event(data).model_dump_json()


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join(filter(None, (".".join(map(str, p["loc"])), p["msg"]))) for p in problems)
