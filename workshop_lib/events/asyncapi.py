"""The schemas for whoever speaks another language: JSON Schema of each event, and an AsyncAPI 3 document of all."""

from typing import Any

from pydantic.json_schema import models_json_schema

from workshop_lib.events.registry import event_classes
from workshop_lib.events.schemas import ALIASES, BaseEvent

_SCHEMAS = "#/components/schemas/"
_HEADERS = {
    "event_id": "as in the metadata",
    "event_type": "as in the metadata",
    "source_service": "as in the metadata",
    "timestamp": "as in the metadata",
    "correlation_id": "as in the metadata, where there is one",
    "traceparent": "W3C Trace Context; its trace id is the correlation id where the trace began here",
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema (draft 2020-12) of every registered event, by its type, in the order of the types."""
    found = {}
    for name, event in sorted(event_classes().items()):
        schema = _renamed(event.model_json_schema(ref_template="#/$defs/{model}"), "#/$defs/")
        schema["$defs"] = _renamed_keys(schema["$defs"])
        found[name] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **schema,
            "allOf": [_of_type(event)],
        }
    return found


def asyncapi(title: str = "MLOps Workshop", version: str = "1.0.0") -> dict[str, Any]:
    """An AsyncAPI 3.0.0 document: a channel for each registered event, which any service may send and receive.

    The same classes give the same document, whatever the order in which they were registered.
    """
    classes = sorted(event_classes().items())
    _keys, definitions = models_json_schema(
        [(event, "validation") for _name, event in classes], ref_template=f"{_SCHEMAS}{{model}}"
    )
    schemas = _renamed_keys(_renamed(definitions, _SCHEMAS).get("$defs", {}))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": {
            name: {
                "address": name,
                "description": _summary(event),
                "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
            }
            for name, event in classes
        },
        "operations": {
            f"{action}.{name}": {"action": action, "channel": {"$ref": f"#/channels/{name}"}}
            for name, _event in classes
            for action in ("send", "receive")
        },
        "components": {
            "messages": {event.__name__: _message(name, event) for name, event in classes},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _message(name: str, event: type[BaseEvent]) -> dict[str, Any]:
    others = [alias for alias, of in sorted(ALIASES.items()) if of == name]
    return {
        "name": name,
        "title": event.__name__,
        "summary": _summary(event),
        **({"tags": [{"name": f"also {alias}"} for alias in others]} if others else {}),
        "contentType": "application/json",
        "correlationId": {"location": "$message.payload#/metadata/correlation_id"},
        "headers": {
            "type": "object",
            "properties": {header: {"type": "string", "description": text} for header, text in _HEADERS.items()},
        },
        "payload": {"allOf": [{"$ref": f"{_SCHEMAS}{event.__name__}"}, _of_type(event)]},
    }


def _of_type(event: type[BaseEvent]) -> dict[str, Any]:
    return {"properties": {"metadata": {"properties": {"event_type": {"enum": _names(str(event.event_type))}}}}}


def _names(name: str) -> list[str]:
    return [name, *(alias for alias, of in sorted(ALIASES.items()) if of == name)]


def _summary(event: type[BaseEvent]) -> str:
    return (event.__doc__ or "").partition("\n")[0]


def _short(model: str) -> str:
    """A payload class has its event's name in front, where pydantic puts the whole path of the module."""
    outer, separator, inner = model.rpartition("__")
    return f"{outer.rpartition('__')[2]}{inner}" if separator and inner == "Payload" else model


def _renamed(schema: Any, prefix: str) -> Any:
    if isinstance(schema, dict):
        return {
            key: f"{prefix}{_short(value.removeprefix(prefix))}"
            if key == "$ref" and isinstance(value, str)
            else _renamed(value, prefix)
            for key, value in schema.items()
        }
    return [_renamed(item, prefix) for item in schema] if isinstance(schema, list) else schema


def _renamed_keys(definitions: dict[str, Any]) -> dict[str, Any]:
    return {_short(name): schema for name, schema in definitions.items()}
