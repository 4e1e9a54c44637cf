from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from workshop_lib.events import BaseEvent, DataIngestedEvent, DocumentPayload, EventMetadata, EventType

METADATA = EventMetadata(event_type=EventType.DATA_INGESTED, source_service="test")
DOCUMENT = {"document_id": "en/index", "filename": "en/index.md", "content": "FastAPI", "size": 7}


def test_an_event_is_built_plainly() -> None:
    event = DataIngestedEvent(metadata=METADATA, payload=DOCUMENT)  # type: ignore[arg-type]
    assert event.payload == DocumentPayload(document_id="en/index", filename="en/index.md", content="FastAPI", size=7)
    assert (event.payload.category, event.payload.content_hash) == (None, None)
    assert (event.metadata.event_type.value, event.metadata.version) == ("data.ingested", "1.0.0")


def test_an_event_about_a_document() -> None:
    work, cause = uuid4(), uuid4()
    event = DataIngestedEvent.for_document(
        document_id="en/index",
        filename="en/index.md",
        content="FastAPI",
        size=7,
        category="guide",
        content_hash="0" * 64,
        source_service="upload",
        correlation_id=work,
        causation_id=cause,
    )
    assert event.metadata.event_type is EventType.DATA_INGESTED
    assert (event.metadata.correlation_id, event.metadata.causation_id) == (work, cause)
    assert event.metadata.source_service == "upload"
    assert (event.payload.category, event.payload.content_hash) == ("guide", "0" * 64)


def test_ids_are_new_and_times_are_utc() -> None:
    other = EventMetadata(event_type=EventType.DATA_INGESTED, source_service="test")
    assert METADATA.event_id != other.event_id
    assert METADATA.timestamp.tzinfo is UTC


def test_a_time_in_another_zone_is_kept_in_utc() -> None:
    noon = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    metadata = EventMetadata(event_type=EventType.DATA_INGESTED, source_service="test", timestamp=noon)
    assert metadata.timestamp.isoformat() == "2024-01-01T10:00:00+00:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"timestamp": datetime(2024, 1, 1, 12)},
        {"timestamp": "2024-01-01T12:00:00"},
        {"event_type": "data invented"},
        {"event_type": "data."},
        {"event_type": ""},
        {"event_id": "1"},
        {"correlation_id": "1"},
        {"source_service": ""},
        {"version": "1"},
        {"priority": "high"},
    ],
)
def test_wrong_metadata_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EventMetadata(**{"event_type": EventType.DATA_INGESTED, "source_service": "test", **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": -1},
        {"size": None},
        {"content": None},
        {"document_id": ""},
        {"filename": ""},
        {"content_hash": "0" * 63},
        {"content_hash": "G" * 64},
        {"content_hash": "0" * 64 + "\n"},
        {"dataset_id": "letters"},
    ],
)
def test_a_wrong_document_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DataIngestedEvent(metadata=METADATA, payload={**DOCUMENT, **wrong})  # type: ignore[arg-type]


def test_another_type_is_no_data_ingested() -> None:
    metadata = EventMetadata(event_type=EventType.DATA_VALIDATED, source_service="test")
    with pytest.raises(ValidationError, match=r"expected event_type data\.ingested, got data\.validated"):
        DataIngestedEvent(metadata=metadata, payload=DOCUMENT)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime.now(UTC), object(), {1, 2}, b"bytes"])
def test_what_json_can_not_say_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        BaseEvent(metadata=METADATA, payload={"value": value})


def test_a_payload_without_end_is_refused() -> None:
    payload: dict[str, Any] = {}
    payload["itself"] = payload
    with pytest.raises(ValidationError):
        BaseEvent(metadata=METADATA, payload=payload)


def test_the_payload_is_a_copy() -> None:
    payload: dict[str, Any] = {"scores": (1, 2)}
    event = BaseEvent(metadata=METADATA, payload=payload)
    payload["scores"] = None
    assert event.payload == {"scores": [1, 2]}


def test_events_do_not_change() -> None:
    event = BaseEvent(metadata=METADATA, payload={})
    with pytest.raises(ValidationError):
        event.payload = {"other": 1}
