from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.events.samples import event
from workshop_lib.events import BaseEvent, encode
from workshop_lib.events.settling import MAX_DEATHS, Settled, settle


@dataclass
class Hand:
    """A delivery that remembers what was done with it."""

    body: bytes
    attempt: int = 1
    redelivered: int = 0
    queue_name: str = "one"
    routing_key: str = "test.event"
    headers: Mapping[str, str] = field(default_factory=dict)
    said: list[object] = field(default_factory=list)
    lost: bool = False

    def ack(self) -> bool:
        return self._say("ack")

    def retry(self, delay: float) -> bool:
        return self._say("retry", delay)

    def dead_letter(self, reason: str, digest: str) -> bool:
        return self._say("dead", reason, bool(digest))

    def release(self) -> bool:
        return self._say("release")

    def _say(self, *words: object) -> bool:
        self.said.append(words if len(words) > 1 else words[0])
        return not self.lost


def hand(**changes: object) -> Hand:
    return Hand(encode(event()).encode(), **changes)  # type: ignore[arg-type]


def failing(error: BaseException) -> Callable[[BaseEvent], None]:
    def work(_: BaseEvent) -> None:
        raise error

    return work


def test_it_is_acknowledged_after_the_work_and_not_before() -> None:
    given = hand()
    assert settle(given, lambda _: given.said.append("worked")) is Settled.HANDLED
    assert given.said == ["worked", "ack"]


def test_on_delivery_where_that_is_asked_for() -> None:
    given = hand()
    assert settle(given, lambda _: given.said.append("worked"), auto_ack=True) is Settled.HANDLED
    assert given.said == ["ack", "worked"]
    given = hand()
    assert settle(given, failing(ValueError("no")), auto_ack=True) is Settled.LOST
    assert given.said == ["ack"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_failed_try_comes_again_until_the_last(error: BaseException) -> None:
    given = hand(attempt=2)
    assert settle(given, failing(error), 3, lambda attempt: attempt / 4) is Settled.RETRIED
    assert given.said == [("retry", 0.5)]
    given = hand(attempt=3)
    assert settle(given, failing(error), 3) is Settled.DEAD
    assert given.said == [("dead", f"{type(error).__name__}: {error}", True)]


def test_what_is_no_event_dies_at_once() -> None:
    given = Hand(b"no JSON")
    assert settle(given, lambda _: given.said.append("worked")) is Settled.DEAD
    assert [words[:1] for words in given.said if isinstance(words, tuple)] == [("dead",)]


def test_what_ends_its_process_again_and_again_is_given_up() -> None:
    given = hand(redelivered=MAX_DEATHS)
    assert settle(given, lambda _: given.said.append("worked")) is Settled.DEAD
    assert given.said == [("dead", f"its process ended {MAX_DEATHS} times while it was in hand", False)]


@pytest.mark.parametrize("delay", [-1.0, float("inf"), float("nan"), "soon"])
def test_a_back_off_that_is_none_is_told_in_the_reason(delay: object) -> None:
    given = hand()
    assert settle(given, failing(ValueError("no")), 5, lambda attempt: delay) is Settled.DEAD  # type: ignore[arg-type,return-value]
    assert "ValueError: no (and its back-off" in str(given.said[0])


def test_what_was_settled_too_late_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    settle(hand(lost=True), lambda _: None)
    assert "settled too late" in caplog.text
