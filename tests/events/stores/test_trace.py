from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from workshop_lib.events import BaseEvent, EventMetadata, Trace

START = datetime(2025, 1, 1, tzinfo=UTC)


def caused(number: int, cause: int | None, service: str = "svc") -> BaseEvent:
    metadata = EventMetadata.model_validate(
        {
            "event_id": _id(number),
            "event_type": f"test.n{number}",
            "source_service": service,
            "timestamp": START + timedelta(milliseconds=number),
            "causation_id": None if cause is None else _id(cause),
        }
    )
    return BaseEvent(metadata=metadata, payload={})


def _id(number: int) -> UUID:
    return UUID(int=number << 96)


def order(trace: Trace) -> list[tuple[str, int]]:
    return [(str(step.event.metadata.event_type).removeprefix("test.n"), step.depth) for step in trace.steps]


def forest(*links: tuple[int, int | None]) -> Sequence[BaseEvent]:
    return [caused(number, cause) for number, cause in links]


def test_children_stand_below_their_cause_in_stored_order() -> None:
    trace = Trace(forest((1, None), (2, 1), (5, None), (3, 1), (4, 2)))
    assert order(trace) == [("1", 0), ("2", 1), ("4", 2), ("3", 1), ("5", 0)]
    assert [str(root.metadata.event_type) for root in trace.roots] == ["test.n1", "test.n5"]
    assert len(trace.children(trace.roots[0])) == 2
    assert trace.children(trace.roots[1]) == ()


def test_an_effect_may_have_been_stored_before_its_cause() -> None:
    assert order(Trace(forest((2, 1), (1, None)))) == [("1", 0), ("2", 1)]


def test_an_event_whose_cause_is_missing_is_a_root_and_says_so() -> None:
    trace = Trace(forest((2, 1), (3, 2)))
    assert order(trace) == [("2", 0), ("3", 1)]
    assert trace.steps[0].note == "its cause 00000001 is not here"
    assert trace.steps[0].cause is None
    assert trace.steps[1].cause == _id(2)


def test_a_circle_is_cut_where_it_was_stored_first() -> None:
    # 3 hangs on the circle of 1 and 2, and was stored before both.
    trace = Trace(forest((3, 2), (2, 1), (1, 2), (4, 4)))
    assert order(trace) == [("2", 0), ("3", 1), ("1", 1), ("4", 0)]
    assert [step.note for step in trace.steps] == ["its cause is one of its own effects", "", "", trace.steps[0].note]
    assert "-. a circle .->" in trace.mermaid()


def test_a_chain_longer_than_the_stack() -> None:
    trace = Trace(forest((1, None), *((number, number - 1) for number in range(2, 5001))))
    assert order(trace)[-1] == ("5000", 4999)
    assert len(trace) == 5000


def test_it_prints_as_a_tree() -> None:
    trace = Trace([caused(1, None), caused(2, 1), caused(3, 2, "a\nb"), caused(5, 4)])
    assert str(trace).splitlines() == [
        "test.n1  svc  +0.000 s  00000001",
        "└─ test.n2  svc  +0.001 s  00000002",
        "  └─ test.n3  a b  +0.002 s  00000003",
        "test.n5  svc  +0.004 s  00000005  (its cause 00000004 is not here)",
    ]
    assert str(Trace([])) == "no events"


def test_it_draws_itself_for_mermaid() -> None:
    trace = Trace([caused(1, None), caused(2, 1, 'a "b" <c>\n#'), caused(4, 3), caused(5, 3)])
    assert trace.mermaid().splitlines() == [
        "flowchart LR",
        '  e0["test.n1<br/>svc"]',
        '  e1["test.n2<br/>a #quot;b#quot; #lt;c#gt; #35;"]',
        "  e0 --> e1",
        '  e2["test.n4<br/>svc"]',
        '  m0(["not here: 00000003"])',
        "  m0 -.-> e2",
        '  e3["test.n5<br/>svc"]',
        "  m0 -.-> e3",
    ]
