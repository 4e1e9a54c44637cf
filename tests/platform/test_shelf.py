import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop_lib.datasets import load
from workshop_lib.events import DataIngestedEvent, EventBus, SQLiteEventStore, open_bus
from workshop_lib.platform import announce, count_words, publish_shelf


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteEventStore]:
    with SQLiteEventStore(tmp_path / "events.db") as opened:
        yield opened


@pytest.fixture
def bus() -> Iterator[EventBus]:
    with open_bus("memory://") as opened:
        yield opened


def test_an_event_lets_its_receiver_verify_the_content() -> None:
    page = load("documents")["es/async"]
    event = announce(page)
    content = event.payload.content.encode()
    assert event.payload.size == len(content)
    assert event.payload.size > len(event.payload.content)
    assert event.payload.content_hash == hashlib.sha256(content).hexdigest()


def test_the_same_document_announced_twice_has_two_correlation_ids() -> None:
    page = load("documents")["en/async"]
    assert announce(page).metadata.correlation_id != announce(page).metadata.correlation_id


def test_every_page_of_the_shelf_is_found_by_its_receipt(bus: EventBus, store: SQLiteEventStore) -> None:
    shelf = load("documents")
    receipts = publish_shelf(shelf, announce, bus, store)
    assert list(receipts) == list(shelf.ids)
    assert bus.drain() == len(shelf.ids)
    for document_id, correlation_id in receipts.items():
        [event] = store.get_events_by_correlation(correlation_id)
        assert isinstance(event, DataIngestedEvent)
        assert event.payload.document_id == document_id
        assert event.payload.content == shelf[document_id].text


def test_an_event_without_a_correlation_id_is_refused(bus: EventBus, store: SQLiteEventStore) -> None:
    page = load("documents")["en/async"]
    lost = DataIngestedEvent.for_document(
        document_id=page.id, filename=page.filename, content=page.text, size=1, source_service="test"
    )
    with pytest.raises(ValueError, match="en/async: expected an event with a correlation id"):
        publish_shelf([page], lambda _: lost, bus, store)


def test_words_are_counted_between_any_white_space() -> None:
    assert count_words("") == 0
    assert count_words(" one\ttwo\n\nthree  four ") == 4
