"""0.3: publish through the bus, and keep what arrives."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workshop_lib.course.exercises.ch00.pages import CAFE, TEA, Page
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.events import (
    BaseEvent,
    BusClosed,
    EventBus,
    InvalidEvent,
    SQLiteEventStore,
    StoreClosed,
    UnroutableError,
    open_bus,
)
from workshop_lib.i18n import _, mark

_SHELF_CALL = "publish_shelf([tea, cafe], announce, bus, store)"


class _Store(SQLiteEventStore):
    """Remembers what it was handed: keeping an event twice changes nothing, so the file doesn't show it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.handed: list[BaseEvent] = []

    def store_event(self, event: BaseEvent) -> bool:
        self.handed.append(event)
        return super().store_event(event)


class _Announcer:
    """An `announce` that remembers what it made."""

    def __init__(self) -> None:
        self.made: dict[str, BaseEvent] = {}

    def __call__(self, document: Any) -> BaseEvent:
        from workshop_lib.platform.shelf import announce

        event = announce(document)
        self.made[document.id] = event
        return event


@contextmanager
def _platform() -> Iterator[tuple[EventBus, _Store]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_bus("memory://") as bus,
        _Store(Path(folder) / "events.db") as store,
    ):
        yield bus, store


def check_publish_shelf(publish_shelf: Callable[..., Any]) -> None:
    """Bound before the first publish; each event once, through the bus; only data.ingested kept; ids returned."""
    with _platform() as (bus, store):
        announce = _Announcer()
        receipts = _published(publish_shelf, announce, bus, store)
        _check_announced(announce)
        try:
            _check_receipts(receipts, store)
            _check_listening(bus, store)
        except (BusClosed, StoreClosed) as error:
            raise Incorrect(
                tried=_SHELF_CALL,
                expected=_("bus and store still open afterwards: whoever opened them closes them"),
                got=type(error).__name__,
            ) from None
    _check_bus_carries_all(publish_shelf)


def _published(publish_shelf: Callable[..., Any], announce: _Announcer, bus: EventBus, store: _Store) -> Any:
    try:
        return call(publish_shelf, [TEA, CAFE], announce, bus, store)
    except UnroutableError as error:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected=_("both events delivered"),
            got=f"UnroutableError: {error}",
            mistake="publish-first",
        ) from None


def _check_announced(announce: _Announcer) -> None:
    if set(announce.made) != {TEA.id, CAFE.id}:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected=_("the function given as announce called for {all}").format(all=f"{TEA.id}, {CAFE.id}"),
            got=_("called for {those}").format(those=", ".join(announce.made) or _("none")),
        )


def _check_receipts(receipts: Any, store: _Store) -> None:
    if not isinstance(receipts, dict) or set(receipts) != {TEA.id, CAFE.id}:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected=_("a dict with the keys {keys}").format(keys=f"{TEA.id!r}, {CAFE.id!r}"),
            got=receipts,
            mistake="no-receipts" if receipts is None else None,
        )
    for page in (TEA, CAFE):
        receipt = receipts[page.id]
        found = _found(store, receipt)
        if found is None or [getattr(e.payload, "document_id", None) for e in found] != [page.id]:
            by_event_id = found is not None and store.get_event(receipt) is not None
            raise Incorrect(
                tried=f'store.get_events_by_correlation(receipts["{page.id}"])',
                expected=_("one event, about {id}").format(id=page.id),
                got=_("no id: {receipt}").format(receipt=shown(receipt))
                if found is None
                else _("{n} events").format(n=len(found)),
                mistake="event-ids" if by_event_id else None,
                case=receipts,
            )
    handed = [str(getattr(event.payload, "document_id", "")) for event in store.handed]
    if len(handed) > len(set(handed)):
        raise Incorrect(
            tried=_("what the store is handed"),
            expected=f"{TEA.id}, {CAFE.id}",
            got=", ".join(handed),
            mistake="skips-the-bus",
        )


def _found(store: _Store, receipt: Any) -> list[BaseEvent] | None:
    try:
        return store.get_events_by_correlation(receipt)
    except InvalidEvent:
        return None


def _check_listening(bus: EventBus, store: _Store) -> None:
    """The store must listen to the bus, whoever publishes, and only to what the shelf is about."""
    late = _Announcer()(Page("en/water", "Water"))
    if not _arrives(late, bus, store):
        raise Incorrect(
            tried=_("another service publishes {event} on the same bus").format(event="en/water"),
            expected=_("its event in the store"),
            got=_("nothing stored"),
            mistake="skips-the-bus",
        )
    for event_type in ("training.started", "data.validated"):
        other = BaseEvent.model_validate(
            {"metadata": {"event_type": event_type, "source_service": "check"}, "payload": {}}
        )
        if _arrives(other, bus, store):
            raise Incorrect(
                tried=_("another service publishes {event} on the same bus").format(event=event_type),
                expected=_("only data.ingested in the store"),
                got=_("{event} stored too").format(event=event_type),
                mistake="everything",
            )


def _arrives(event: BaseEvent, bus: EventBus, store: _Store) -> bool:
    with suppress(UnroutableError):
        bus.publish(event)
    return store.get_event(event.metadata.event_id) is not None


def _check_bus_carries_all(publish_shelf: Callable[..., Any]) -> None:
    heard: list[str] = []
    with _platform() as (bus, store):
        bus.subscribe("check", ["data.#"], lambda event: heard.append(str(getattr(event.payload, "document_id", ""))))
        call(publish_shelf, [TEA, CAFE], _Announcer(), bus, store)
    if sorted(heard) != sorted([TEA.id, CAFE.id]):
        raise Incorrect(
            tried=_("{call}, with a second listener on the bus").format(call=_SHELF_CALL),
            expected=_("it hears {those}").format(those=f"{TEA.id}, {CAFE.id}"),
            got=_("it hears {those}").format(those=", ".join(heard) or _("nothing")),
            mistake=None if heard else "skips-the-bus",
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
                "The queue's key matches more than it should: '#' is every event of the platform, 'data.*' every event "
                "about data. This queue should hold what the shelf is about: data.ingested."
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
