import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from workshop_lib.events import BaseEvent, DataIngestedEvent, EventBus, open_bus
from workshop_lib.events.once import handle_once
from workshop_lib.platform.tally import NO_SECTION, MissingSection, Tally, totals


def page(text: str, section: str | None = "tutorial") -> DataIngestedEvent:
    return DataIngestedEvent.for_document(
        document_id="en/a", filename="a.md", content=text, size=len(text), category=section, source_service="test"
    )


@pytest.fixture
def told() -> list[BaseEvent]:
    return []


@pytest.fixture
def bus(told: list[BaseEvent]) -> Iterator[EventBus]:
    with open_bus("memory://") as bus:
        bus.subscribe("told", ["page.counted"], told.append)
        yield bus


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "tally.db"


def test_pages_and_words_by_section_once_each(bus: EventBus, path: Path, told: list[BaseEvent]) -> None:
    assert totals(path) == {}
    first = page("one two")
    with Tally(path, bus) as tally:
        assert [tally.handle(event) for event in (first, page("three"), page("a b c", None), first)] == [
            True,
            True,
            True,
            False,
        ]
    assert totals(path) == {"tutorial": (2, 3), NO_SECTION: (1, 3)}
    bus.drain()
    assert [event.payload["words"] for event in told] == [2, 1, 3]
    assert told[0].metadata.causation_id == told[0].metadata.correlation_id == first.metadata.event_id


def test_a_page_without_a_section_is_refused_where_one_is_needed(bus: EventBus, path: Path) -> None:
    with Tally(path, bus, section_needed=True) as tally:
        with pytest.raises(MissingSection, match="en/a stands in no section"):
            tally.handle(page("one", None))
        assert tally.handle(page("one")) is True
    assert totals(path) == {"tutorial": (1, 1)}


def test_what_a_killed_process_did_not_publish_is_published_by_the_next(
    bus: EventBus, path: Path, told: list[BaseEvent]
) -> None:
    class Killed(BaseException):
        pass

    def die_after(connection: sqlite3.Connection, consumer: str, event_id: UUID, work: Callable[..., Any]) -> bool:
        handle_once(connection, consumer, event_id, work)
        raise Killed

    seen = page("one two")
    with Tally(path, bus, once=die_after) as tally, pytest.raises(Killed):
        tally.handle(seen)
    bus.drain()
    assert told == []
    with Tally(path, bus) as tally:
        assert tally.handle(seen) is False
        assert tally.handle(seen) is False
    bus.drain()
    assert [event.metadata.causation_id for event in told] == [seen.metadata.event_id]
    assert totals(path) == {"tutorial": (1, 2)}
