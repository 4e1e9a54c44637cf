"""The check of 0.3: who announced, what the bus carried, what the store kept, what came back."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from workshop_lib.course.exercises.ch00.pages import CAFE, TEA, Page
from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.events import (
    BaseEvent,
    BusClosed,
    DataValidatedEvent,
    EventBus,
    InvalidEvent,
    SQLiteEventStore,
    StoreClosed,
    TrainingStartedEvent,
    UnroutableError,
)
from workshop_lib.i18n import _

_SHELF_CALL = "publish_shelf([tea, cafe], announce, bus, store)"


class _Store(SQLiteEventStore):
    """Remembers what it was handed: keeping an event twice changes nothing, so the file doesn't show it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.handed: list[BaseEvent] = []

    def store_event(self, event: BaseEvent) -> bool:
        self.handed.append(event)
        return super().store_event(event)


class _Bus(EventBus):
    """Remembers whether anything was published on it, be it refused."""

    asked = False

    def publish(self, event: BaseEvent, routing_key: str | None = None) -> bool:
        self.asked = True
        return super().publish(event, routing_key)


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
def _platform() -> Iterator[tuple[_Bus, _Store]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        _Bus("memory://", max_attempts=1) as bus,
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
            _check_receipts(receipts, bus, store)
            _check_listening(bus, store)
        except (BusClosed, StoreClosed) as error:
            raise Incorrect(
                tried=_SHELF_CALL,
                expected=_("bus and store still open afterwards: whoever opened them closes them"),
                got=type(error).__name__,
            ) from None
    _check_bus_carries_all(publish_shelf)


def _published(publish_shelf: Callable[..., Any], announce: _Announcer, bus: _Bus, store: _Store) -> Any:
    try:
        receipts = call(publish_shelf, [TEA, CAFE], announce, bus, store)
    except UnroutableError as error:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected=_("both events delivered"),
            got=f"UnroutableError: {error}",
            mistake="publish-first",
        ) from None
    # A bus that the answer closed is told below, where the receipts are looked at.
    with suppress(BusClosed):
        bus.drain()
    return receipts


def _check_announced(announce: _Announcer) -> None:
    if set(announce.made) != {TEA.id, CAFE.id}:
        raise Incorrect(
            tried=_SHELF_CALL,
            expected=_("the function given as announce called for {all}").format(all=f"{TEA.id}, {CAFE.id}"),
            got=_("called for {those}").format(those=", ".join(announce.made) or _("none")),
        )


def _check_receipts(receipts: Any, bus: _Bus, store: _Store) -> None:
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
            beside = "skips-the-bus" if found == [] and not bus.asked and not bus.queues() else None
            raise Incorrect(
                tried=f'store.get_events_by_correlation(receipts["{page.id}"])',
                expected=_("one event, about {id}").format(id=page.id),
                got=_("no id: {receipt}").format(receipt=shown(receipt))
                if found is None
                else _("{n} events").format(n=len(found)),
                mistake="event-ids" if by_event_id else beside,
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


def _check_listening(bus: _Bus, store: _Store) -> None:
    """The store must listen to the bus, whoever publishes, and only to what the shelf is about."""
    late = _Announcer()(Page("en/water", "Water"))
    if not _arrives(late, bus, store):
        raise Incorrect(
            tried=_("another service publishes {event} on the same bus").format(event="en/water"),
            expected=_("its event in the store"),
            got=_("nothing stored"),
            mistake="skips-the-bus",
        )
    for other in (_started(), _validated()):
        event_type = str(other.metadata.event_type)
        if _arrives(other, bus, store):
            raise Incorrect(
                tried=_("another service publishes {event} on the same bus").format(event=event_type),
                expected=_("only data.ingested in the store"),
                got=_("{event} stored too").format(event=event_type),
                mistake="everything",
            )


def _started() -> BaseEvent:
    payload = {"experiment_id": "e1", "run_id": "r1", "model_type": "numpy", "dataset_id": "d1", "hyperparameters": {}}
    return TrainingStartedEvent.new(payload, source_service="check")


def _validated() -> BaseEvent:
    return DataValidatedEvent.new({"dataset_id": "d1", "passed": True}, source_service="check")


def _arrives(event: BaseEvent, bus: _Bus, store: _Store) -> bool:
    with suppress(UnroutableError):
        bus.publish(event)
    bus.drain()
    return store.get_event(event.metadata.event_id) is not None


def _check_bus_carries_all(publish_shelf: Callable[..., Any]) -> None:
    heard: list[str] = []
    with _platform() as (bus, store):
        bus.subscribe("check", ["data.#"], lambda event: heard.append(str(getattr(event.payload, "document_id", ""))))
        call(publish_shelf, [TEA, CAFE], _Announcer(), bus, store)
        with suppress(BusClosed):
            bus.drain()
    if sorted(heard) != sorted([TEA.id, CAFE.id]):
        raise Incorrect(
            tried=_("{call}, with a second listener on the bus").format(call=_SHELF_CALL),
            expected=_("it hears {those}").format(those=f"{TEA.id}, {CAFE.id}"),
            got=_("it hears {those}").format(those=", ".join(heard) or _("nothing")),
            mistake=None if heard else "skips-the-bus",
        )
