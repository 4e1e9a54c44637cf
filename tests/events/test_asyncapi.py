import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.events.samples import event
from tests.events.test_payloads import DOCUMENT, PAYLOADS
from workshop_lib.events import encode
from workshop_lib.events.asyncapi import asyncapi, json_schemas


def body(event_type: str, payload: dict[str, Any]) -> Any:
    return json.loads(encode(event(event_type, **payload)))


@pytest.mark.parametrize("event_type", PAYLOADS)
def test_a_schema_takes_what_the_library_takes(event_type: str) -> None:
    schema = json_schemas()[event_type]
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    good = body(event_type, PAYLOADS[event_type])
    assert validator.is_valid(good)
    assert not validator.is_valid({**good, "payload": {"surprise": 1}})
    assert not validator.is_valid({**good, "metadata": {**good["metadata"], "event_type": "another.type"}})
    if event_type == "data.ingested":
        assert validator.is_valid(body(event_type, DOCUMENT))


def test_closed_enumerations_are_in_the_schema() -> None:
    validator = Draft202012Validator(json_schemas()["drift.detected"])
    wrong = body("drift.detected", PAYLOADS["drift.detected"])
    wrong["payload"]["severity"] = "enormous"
    assert not validator.is_valid(wrong)


def references(document: Any) -> list[str]:
    if isinstance(document, dict):
        found = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
        return found + [one for value in document.values() for one in references(value)]
    return [one for value in document for one in references(value)] if isinstance(document, list) else []


def test_the_document_holds_every_event_and_every_reference_leads_somewhere() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(PAYLOADS)
    assert len(document["operations"]) == 2 * len(PAYLOADS)
    found = references(document)
    assert len(found) > 4 * len(PAYLOADS)
    for reference in found:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    assert not [name for name in document["components"]["schemas"] if "__" in name]


def test_it_names_what_is_also_known_as() -> None:
    message = asyncapi()["components"]["messages"]["TrainingCompletedEvent"]
    assert message["tags"] == [{"name": "also model.trained"}]


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(asyncapi()) == json.dumps(asyncapi())
