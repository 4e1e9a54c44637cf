"""0.3: publish through the bus, and keep what arrives."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workshop_lib.course.exercises.ch00.pages import CAFE, TEA, Page
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call
from workshop_lib.course.i18n import mark
from workshop_lib.events import BaseEvent, EventBus, SQLiteEventStore, UnroutableError, open_bus


@contextmanager
def _platform() -> Iterator[tuple[EventBus, SQLiteEventStore]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_bus("memory://") as bus,
        SQLiteEventStore(Path(folder) / "events.db") as store,
    ):
        yield bus, store


def check_publish_shelf(publish_shelf: Callable[..., Any]) -> None:
    """Bound before the first publish; everything through the bus; only data.ingested kept; correlation ids returned."""
    from workshop_lib.platform.shelf import announce

    with _platform() as (bus, store):
        try:
            receipts = call(publish_shelf, [TEA, CAFE], announce, bus, store)
        except UnroutableError as error:
            raise Incorrect(
                tried=_SHELF_CALL,
                expected="both events delivered",
                got=f"UnroutableError: {error}",
                mistake="publish-first",
            ) from None
        _check_receipts(receipts, store)
        _check_listening(announce, bus, store)
    _check_bus_carries_all(publish_shelf, announce)


_SHELF_CALL = "publish_shelf([tea, cafe], announce, bus, store)"


def _check_receipts(receipts: Any, store: SQLiteEventStore) -> None:
    if not isinstance(receipts, dict) or set(receipts) != {TEA.id, CAFE.id}:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected="a dict with the keys 'en/tea' and 'es/cafe'",
            got=receipts,
            mistake="no-receipts" if receipts is None else None,
        )
    for page in (TEA, CAFE):
        found = store.get_events_by_correlation(receipts[page.id])
        if [getattr(e.payload, "document_id", None) for e in found] != [page.id]:
            by_event_id = store.get_event(receipts[page.id]) is not None
            raise Incorrect(
                tried=f'store.get_events_by_correlation(receipts["{page.id}"])',
                expected=f"one event, about {page.id}",
                got=f"{len(found)} events",
                mistake="event-ids" if by_event_id else None,
                case=receipts,
            )


def _check_listening(announce: Callable[[Any], BaseEvent], bus: EventBus, store: SQLiteEventStore) -> None:
    """The store must listen to the bus, whoever publishes, and only to what the shelf is about."""
    late = announce(Page("en/water", "Water"))
    with suppress(UnroutableError):
        bus.publish(late)
    if store.get_event(late.metadata.event_id) is None:
        raise Incorrect(
            tried="another service publishes en/water on the same bus",
            expected="its event in the store",
            got="nothing stored",
            mistake="skips-the-bus",
        )
    fact = BaseEvent.model_validate(
        {"metadata": {"event_type": "training.started", "source_service": "check"}, "payload": {}}
    )
    bus.publish(fact)
    if store.get_event(fact.metadata.event_id) is not None:
        raise Incorrect(
            tried="another service publishes training.started on the same bus",
            expected="only data.ingested in the store",
            got="training.started stored too",
            mistake="everything",
        )


def _check_bus_carries_all(publish_shelf: Callable[..., Any], announce: Callable[[Any], BaseEvent]) -> None:
    heard: list[str] = []
    with _platform() as (bus, store):
        bus.subscribe("check", ["data.#"], lambda event: heard.append(str(getattr(event.payload, "document_id", ""))))
        call(publish_shelf, [TEA, CAFE], announce, bus, store)
    if heard != [TEA.id, CAFE.id]:
        raise Incorrect(
            tried=f"{_SHELF_CALL}, with a second listener on the bus",
            expected=f"it hears {TEA.id} and {CAFE.id}",
            got=f"it hears {', '.join(heard) or 'nothing'}",
            mistake="skips-the-bus",
        )


_SHELF_MISTAKE = """
def publish_shelf(documents, announce, bus, store):
    receipts = {{}}
    {before}
    for document in documents:
        event = announce(document)
        {publish}
        receipts[document.id] = event.metadata.{id}
    {after}
    return {result}
"""


def _shelf_slip(**changes: str) -> str:
    right = {
        "before": 'bus.subscribe("shelf", ["data.ingested"], store.store_event)',
        "publish": "bus.publish(event)",
        "id": "correlation_id",
        "after": "",
        "result": "receipts",
    }
    return _SHELF_MISTAKE.format(**(right | changes))


EXERCISE = Exercise(
    id="0.3",
    name="publish_shelf",
    title=mark("Publish the shelf and keep what arrives"),
    minutes=5,
    difficulty=3,
    reference="workshop_lib.platform.shelf:publish_shelf",
    check=check_publish_shelf,
    hints=(
        mark("Who is listening at the moment when the first event is published?"),
        mark("Subscribe first: a queue name, the list of routing keys it wants, and what to call with each event."),
        mark(
            'store.store_event is that callback. Its key is "data.ingested". Then publish in a loop, and note each id.'
        ),
    ),
    mistakes=(
        Mistake(
            "publish-first",
            _shelf_slip(before="", after='bus.subscribe("shelf", ["data.ingested"], store.store_event)'),
            mark(
                "The first event was published while no queue was bound to its key, so there was nowhere to put it. "
                "This bus refuses; many silently drop it. Subscribe before you publish."
            ),
        ),
        Mistake(
            "skips-the-bus",
            _shelf_slip(before="", publish="store.store_event(event)"),
            mark(
                "The publisher writes into the store itself, so the store misses what other services publish, and they "
                "miss your documents. Let the store listen: pass store.store_event to bus.subscribe."
            ),
        ),
        Mistake(
            "everything",
            _shelf_slip(before='bus.subscribe("shelf", ["#"], store.store_event)'),
            mark(
                "The key '#' matches every event of the platform. This queue should hold what the shelf is about: "
                "data.ingested."
            ),
        ),
        Mistake(
            "event-ids",
            _shelf_slip(id="event_id"),
            mark(
                "These are event ids. An event id names one event; the correlation id is shared by everything that "
                "later happens to the document, and it is what the store looks up here."
            ),
        ),
        Mistake(
            "no-receipts",
            _shelf_slip(result="None"),
            mark("Nothing came back, so nobody can find a document again. Return each correlation id, by document id."),
        ),
    ),
)
