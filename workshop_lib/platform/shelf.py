"""Announces a shelf of documents on the bus and keeps what arrives."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID, uuid4

from workshop_lib.events import BaseEvent, DataIngestedEvent, EventBus


class Page(Protocol):
    """What of a document an event needs: `workshop_lib.datasets.Document` has it."""

    @property
    def id(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def text(self) -> str: ...


class Store(Protocol):
    """What keeps an event: `workshop_lib.events.SQLiteEventStore` does."""

    def store_event(self, event: BaseEvent) -> bool: ...


def count_words(text: str) -> int:
    """The number of words in `text`: runs of characters between white space, repeats counted."""
    return len(text.split())


def announce(document: Page) -> DataIngestedEvent:
    """The event that says that `document` has arrived, under a correlation id of its own.

    Its content is the document's text; size (bytes) and content hash (SHA-256, hex) are those of the content in
    UTF-8, so that whoever receives the event can verify it.
    """
    content = document.text.encode()
    return DataIngestedEvent.for_document(
        document_id=document.id,
        filename=document.filename,
        content=document.text,
        size=len(content),
        content_hash=hashlib.sha256(content).hexdigest(),
        correlation_id=uuid4(),
        source_service="shelf",
    )


def publish_shelf(
    documents: Iterable[Page], announce: Callable[[Page], BaseEvent], bus: EventBus, store: Store
) -> dict[str, UUID]:
    """Announce every document on `bus`, with `store` listening for data.ingested on the queue "shelf".

    The store has them once the bus has consumed: `bus.drain()`, or `bus.start_consuming()` in a service.

    Returns:
        Each document's id with the correlation id under which its event is found.

    Raises:
        ValueError: an announced event has no correlation id.
    """
    bus.subscribe("shelf", ["data.ingested"], store.store_event)
    receipts: dict[str, UUID] = {}
    for document in documents:
        event = announce(document)
        if event.metadata.correlation_id is None:
            raise ValueError(f"{document.id}: expected an event with a correlation id, got none")
        bus.publish(event)
        receipts[document.id] = event.metadata.correlation_id
    return receipts
