import re
from uuid import uuid4

import pytest

from tests.events.samples import event
from workshop_lib.events import current_handling
from workshop_lib.events.tracing import Handling, handling, next_traceparent, valid_traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def work(traceparent: str | None) -> Handling:
    return Handling(event(), "one", 1, 0, traceparent)


def test_a_trace_begins_with_the_correlation_id() -> None:
    correlation = uuid4()
    found = next_traceparent(correlation)
    assert re.fullmatch(rf"00-{correlation.hex}-[0-9a-f]{{16}}-01", found)
    assert valid_traceparent(found) == found
    assert next_traceparent(correlation) != found
    assert valid_traceparent(next_traceparent(None)) is not None


def test_inside_a_handler_it_goes_on_with_its_flags() -> None:
    with handling(work(PARENT)):
        found = next_traceparent(uuid4())
        assert current_handling() is not None
    assert found.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert found.endswith("-00")
    assert "b7ad6b7169203331" not in found
    assert current_handling() is None


def test_without_one_a_handler_begins_its_own() -> None:
    correlation = uuid4()
    with handling(work(None)):
        assert correlation.hex in next_traceparent(correlation)


@pytest.mark.parametrize(
    "text", [None, "", "00-0-0-00", PARENT.upper(), PARENT + "-x", f"00-{'0' * 32}-b7ad6b7169203331-01", PARENT + "\n"]
)
def test_what_is_malformed_is_none(text: str | None) -> None:
    assert valid_traceparent(text) is None
