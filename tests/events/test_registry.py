from typing import Any, ClassVar

import pytest

from tests.events.samples import event
from workshop_lib.events import (
    BaseEvent,
    EventType,
    InvalidEvent,
    InvalidSchema,
    Payload,
    UnknownVersion,
    encode,
    parse_event,
    register_event,
    register_upcaster,
    registry,
)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    monkeypatch.setattr(registry, "_upcasters", dict(registry._upcasters))


def harvest(version: str = "2.0.0") -> type[BaseEvent]:
    class HarvestEvent(BaseEvent):
        class Payload(Payload):
            kilos: float
            field: str

        event_type: ClassVar[EventType | None] = EventType("harvest.weighed")
        payload: Payload  # type: ignore[assignment]

    HarvestEvent.version = version
    return HarvestEvent


def old(version: str, **payload: Any) -> bytes:
    # Not `encode`: that would hold it to the schema of today.
    text = event("harvest.weighed", **payload).model_dump_json()
    return text.replace('"version":"1.0.0"', f'"version":"{version}"').encode()


def test_a_type_of_ones_own() -> None:
    before = parse_event(old("1.0.0", anything=1))
    assert type(before) is BaseEvent
    mine = register_event(harvest())
    sent = mine.new({"kilos": 3, "field": "north"}, source_service="test")
    assert sent.metadata.version == "2.0.0"
    back = parse_event(encode(sent))
    assert back == sent
    assert type(back) is mine
    with pytest.raises(InvalidEvent, match=r"payload\.kilos"):
        parse_event(old("2.0.0", field="north"))


def test_registering_again_is_running_a_cell_again() -> None:
    register_event(harvest())
    again = harvest()
    register_event(again)
    assert type(parse_event(old("2.0.0", kilos=1, field="n"))) is again


def test_a_type_has_one_class() -> None:
    class Other(BaseEvent):
        event_type: ClassVar[EventType | None] = EventType("harvest.weighed")

    class DataIngestedEvent(BaseEvent):
        event_type: ClassVar[EventType | None] = EventType.DATA_INGESTED

    class Nameless(BaseEvent):
        pass

    register_event(harvest())
    for wrong in (Other, DataIngestedEvent, Nameless):
        with pytest.raises(InvalidSchema):
            register_event(wrong)


def test_an_older_version_is_upcast_step_by_step() -> None:
    mine = register_event(harvest())
    register_upcaster("harvest.weighed", "1.0.0", "1.5.0", lambda p: {"kilos": p["grams"] / 1000})
    register_upcaster("harvest.weighed", "1.5.0", "2.0.0", lambda p: {**p, "field": "unknown"})
    for data in (old("1.0.0", grams=1500), old("1.5.0", kilos=1.5)):
        received = parse_event(data)
        assert type(received) is mine
        assert (received.payload["kilos"], received.payload["field"]) == (1.5, "unknown")
        assert received.metadata.version == "2.0.0"


def test_a_version_that_nobody_knows_is_named() -> None:
    register_event(harvest())
    with pytest.raises(UnknownVersion, match=r"harvest\.weighed of version 1\.0\.0.*register_upcaster"):
        parse_event(old("1.0.0", grams=1500))
    with pytest.raises(UnknownVersion, match=r"version 2\.0\.1, and only 2\.0\.0"):
        parse_event(old("2.0.1", kilos=1, field="n", more=1))


def test_what_an_upcaster_gets_wrong_is_no_event() -> None:
    register_event(harvest())
    register_upcaster("harvest.weighed", "1.0.0", "2.0.0", lambda p: {"kilos": "many", "field": "n"})
    with pytest.raises(InvalidEvent, match=r"payload\.kilos"):
        parse_event(old("1.0.0", grams=1500))
    register_upcaster("harvest.weighed", "1.0.0", "2.0.0", lambda p: {"kilos": p["no such"]})
    with pytest.raises(InvalidEvent, match="KeyError"):
        parse_event(old("1.0.0", grams=1500))


@pytest.mark.parametrize(
    ("before", "after"), [("2.0.0", "1.0.0"), ("1.0.0", "1.0.0"), ("1", "2.0.0"), ("a.b.c", "2.0.0")]
)
def test_an_upcaster_goes_up(before: str, after: str) -> None:
    with pytest.raises(InvalidSchema):
        register_upcaster("harvest.weighed", before, after, lambda p: p)


def test_versions_are_numbers() -> None:
    register_event(harvest("1.10.0"))
    register_upcaster("harvest.weighed", "1.9.0", "1.10.0", lambda p: p)
    assert parse_event(old("1.9.0", kilos=1, field="n")).metadata.version == "1.10.0"
