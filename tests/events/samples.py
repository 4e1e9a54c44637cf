"""Events to publish in tests."""

from typing import Any
from uuid import UUID

from workshop_lib.events import BaseEvent, DataIngestedEvent, EventMetadata


def event(event_type: str = "test.event", correlation_id: UUID | None = None, **payload: Any) -> BaseEvent:
    metadata = EventMetadata(event_type=event_type, source_service="test", correlation_id=correlation_id)  # type: ignore[arg-type]
    return BaseEvent(metadata=metadata, payload=payload)


def document(content: str = "A") -> DataIngestedEvent:
    return DataIngestedEvent.for_document(
        document_id="a", filename="a.md", content=content, size=len(content.encode()), source_service="test"
    )


def numbers(events: list[BaseEvent]) -> list[int]:
    return [one.payload["number"] for one in events]
