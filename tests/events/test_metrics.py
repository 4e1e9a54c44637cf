import sys
import threading

import pytest
from prometheus_client import REGISTRY, generate_latest

from tests.events.contract import LONG, refuse
from tests.events.samples import document, event
from workshop_lib.events import BaseEvent, NotConfirmed, open_bus
from workshop_lib.events.metrics import NoMetrics, make_metrics


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_what_a_bus_does_is_counted() -> None:
    with open_bus("memory://", backoff=lambda _: 0.0) as bus:
        bus.subscribe("metrics good", ["test.event", "data.*"], lambda _: None)
        bus.subscribe("metrics bad", ["test.event"], refuse, max_attempts=3)
        before = {name: value(f"events_{name}_total", event_type="other") for name in ("published", "confirmed")}
        typed = value("events_confirmed_total", event_type="data.ingested")
        bus.publish_many([event(), event("never.heard"), document()])
        with pytest.raises(NotConfirmed):
            bus.publish_many([event("a.requested"), event("never.heard")])
        assert value("events_published_total", event_type="other") == before["published"] + 4
        assert value("events_confirmed_total", event_type="other") == before["confirmed"] + 3
        assert value("events_confirmed_total", event_type="data.ingested") == typed + 1
        bus.drain(LONG)
    assert value("events_handled_total", queue="metrics good") == 2
    assert value("events_retried_total", queue="metrics bad") == 2
    assert value("events_dead_lettered_total", queue="metrics bad") == 1
    assert value("events_handler_seconds_count", queue="metrics bad") == 3
    assert value("events_in_flight", queue="metrics good") == value("events_in_flight", queue="metrics bad") == 0


def test_what_is_in_a_handler_s_hands_is_in_flight() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(_event: BaseEvent) -> None:
        entered.set()
        assert leave.wait(LONG)

    with open_bus("memory://") as bus:
        bus.subscribe("metrics held", ["#"], hold, prefetch=2)
        bus.publish_many([event(), event(), event()])
        bus.start_consuming(block=False)
        assert entered.wait(LONG)
        assert value("events_in_flight", queue="metrics held") == 2
        leave.set()
        bus.drain(LONG)
        assert value("events_in_flight", queue="metrics held") == 0


def test_a_type_that_somebody_invented_is_no_label() -> None:
    with open_bus("memory://") as bus:
        bus.publish(event("invented.just_now"))
    assert b"invented" not in generate_latest()


def test_without_the_package_nothing_is_counted_and_all_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    metrics = make_metrics()
    assert type(metrics) is NoMetrics
    monkeypatch.setattr("workshop_lib.events.bus.process_metrics", lambda: metrics)
    got: list[object] = []
    with open_bus("memory://") as bus:
        bus.subscribe("one", ["#"], got.append)
        bus.publish(event())
        bus.drain(LONG)
    assert len(got) == 1
