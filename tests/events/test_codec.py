import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_lib.events import (
    BaseEvent,
    DataIngestedEvent,
    EventMetadata,
    EventType,
    InvalidEvent,
    encode,
    parse_event,
)

SOME_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


FREE = EventType("test.event")


def event(event_type: EventType, payload: dict[str, Any]) -> BaseEvent:
    return BaseEvent(metadata=EventMetadata(event_type=event_type, source_service="test"), payload=payload)


@given(st.sampled_from([FREE, EventType.DATA_INGESTED]), st.dictionaries(st.text(), SOME_JSON, max_size=4))
def test_any_event_comes_back_as_it_was(event_type: EventType, payload: dict[str, Any]) -> None:
    if event_type is EventType.DATA_INGESTED:
        payload = {"document_id": "a", "filename": "a.md", "content": json.dumps(payload), "size": len(payload)}
    there = event(event_type, payload)
    back = parse_event(encode(there))
    assert back.metadata == there.metadata
    assert json.loads(encode(back)) == json.loads(encode(there))


def test_data_ingested_is_parsed_as_its_own_class() -> None:
    plain = event(EventType.DATA_INGESTED, {"document_id": "a", "filename": "a.md", "content": "", "size": 0})
    assert type(parse_event(encode(plain))) is DataIngestedEvent
    assert type(parse_event(encode(event(FREE, {})).encode())) is BaseEvent


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "Invalid JSON"),
        ("{", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
        ("[]", "object"),
        ("null", "object"),
        ("{}", "metadata: Field required"),
        ('{"metadata": {}, "payload": {}}', r"metadata\.event_type: Field required"),
        ('{"metadata": {"event_type": "a..b", "source_service": "x"}, "payload": {}}', r"metadata\.event_type"),
        ('{"metadata": {"event_type": "data.ingested", "source_service": "x"}, "payload": {}}', "payload.document_id"),
        ('{"metadata": {"event_type": "test.event", "source_service": "x"}, "payload": []}', "payload"),
        ('{"metadata": {"event_type": "test.event", "source_service": "x"}, "payload": {}, "x": 1}', "x: Extra"),
        ('{"metadata": {"event_type": "test.event", "source_service": "x"}, "payload": {"x": NaN}}', "payload"),
    ],
)
def test_what_is_no_event_is_told_why(data: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidEvent, match=reason) as raised:
        parse_event(data)
    assert "errors.pydantic.dev" not in raised.value.reason


def test_the_reason_quotes_no_content() -> None:
    payload = {"document_id": "a", "filename": "a.md", "content": "a secret", "size": "a secret size"}
    with pytest.raises(InvalidEvent) as raised:
        encode(event(EventType.DATA_INGESTED, payload))
    assert "payload.size" in raised.value.reason
    assert "secret" not in str(raised.value)


def test_what_is_no_event_is_not_encoded() -> None:
    with pytest.raises(InvalidEvent, match="dict is no BaseEvent"):
        encode(cast("BaseEvent", {"metadata": {}, "payload": {}}))


def test_half_a_character_is_not_encoded() -> None:
    with pytest.raises(InvalidEvent, match="can't be written as JSON"):
        encode(event(FREE, {"text": "\ud800"}))


def test_a_payload_made_wrong_afterwards_is_not_encoded() -> None:
    there = event(FREE, {})
    there.payload["score"] = float("nan")
    with pytest.raises(InvalidEvent, match="payload"):
        encode(there)
