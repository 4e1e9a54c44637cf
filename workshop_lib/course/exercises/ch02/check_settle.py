"""The check of 2.4: what was done with a delivery, and in which order."""

from collections.abc import Callable, Mapping
from typing import Any

from workshop_lib.course.exercises.ch02.hand import EVENT, Hand
from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.events import BaseEvent, InvalidEvent
from workshop_lib.i18n import _

_WORDS = {"work": "work", "ack": "ack()", "retry": "retry()", "dead": "dead_letter()", "release": "release()"}


class _TooLong(ValueError):
    """What the work raises."""


def check_settle(settle: Callable[..., Any]) -> None:
    """Acked after the work; a failure tried again after the back-off, and given up at the last; poison at once."""
    _check_success(settle)
    _check_failure(settle, attempt=1)
    _check_failure(settle, attempt=4)
    _check_last(settle, attempt=5, most=5)
    _check_last(settle, attempt=1, most=1)
    _check_poison(settle)


def _check_success(settle: Callable[..., Any]) -> None:
    hand, got = Hand(), list[BaseEvent]()

    def work(event: BaseEvent) -> None:
        got.append(event)
        hand.said.append("work")

    _run(settle, hand, work, _("the work goes well"))
    _expect(hand, ["work", "ack"], _("the work goes well"), {("ack", "work"): "acks-first"})
    if got != [EVENT]:
        raise Incorrect(tried=_("what work was called with"), expected=_("the event"), got=shown(got[0]), case=hand)


def _check_failure(settle: Callable[..., Any], attempt: int) -> None:
    hand = Hand(attempt=attempt)
    what = _("the work raises at attempt {n} of 5").format(n=attempt)
    _run(settle, hand, _failing(hand), what)
    slips: dict[tuple[str, ...], str] = {
        ("work", "ack"): "acks-failures",
        ("ack", "work"): "acks-first",
        ("work", "dead"): "dead-at-once",
        ("work", "release"): "hot-loop",
        ("work", "retry", "ack"): "says-two",
    }
    _expect(hand, ["work", "retry"], what, slips)
    if hand.delays != [attempt * 10.0]:
        raise Incorrect(
            tried=_("{what}: the wait").format(what=what),
            expected=_("backoff({n}), here {seconds} s").format(n=attempt, seconds=attempt * 10.0),
            got=hand.delays[0],
            mistake="hot-loop" if hand.delays == [0] else None,
            case=hand,
        )


def _check_last(settle: Callable[..., Any], attempt: int, most: int) -> None:
    hand = Hand(attempt=attempt)
    what = _("the work raises at attempt {n} of {most}").format(n=attempt, most=most)
    _run(settle, hand, _failing(hand), what, most)
    slips: dict[tuple[str, ...], str] = {
        ("work", "retry"): "one-more",
        ("work", "ack"): "acks-failures",
        ("work", "release"): "hot-loop",
        ("work", "dead", "ack"): "says-two",
        ("work", "dead", "retry"): "says-two",
    }
    _expect(hand, ["work", "dead"], what, slips)
    if "42" not in str(hand.reasons[0]):
        raise Incorrect(
            tried=_("{what}: the reason").format(what=what),
            expected=_("one that tells of: page 42 is too long"),
            got=shown(hand.reasons[0]),
            case=hand,
        )


def _check_poison(settle: Callable[..., Any]) -> None:
    hand = Hand(body=b"<html>502 Bad Gateway</html>")
    what = _("the body is no event: {body}").format(body=hand.body.decode())
    _run(settle, hand, lambda event: hand.said.append("work"), what)
    _expect(hand, ["dead"], what, {("retry",): "poison-again", ("ack",): "poison-forgotten"})


def _failing(hand: Hand) -> Callable[[BaseEvent], None]:
    def work(event: BaseEvent) -> None:
        hand.said.append("work")
        raise _TooLong("page 42 is too long")

    return work


def _run(settle: Callable[..., Any], hand: Hand, work: Callable[[BaseEvent], None], what: str, most: int = 5) -> None:
    try:
        call(settle, hand, work, most, lambda attempt: attempt * 10.0)
    except (_TooLong, InvalidEvent) as error:
        raise _came_out(what, hand, error) from None


def _came_out(what: str, hand: Hand, error: Exception) -> Incorrect:
    return Incorrect(
        tried=what,
        expected=_("settle returns, and the consumer goes on with the next event"),
        got=_("{error} came out of it, after: {said}").format(error=type(error).__name__, said=_in_words(hand.said)),
        mistake="consumer-dies",
        case=hand,
    )


def _expect(hand: Hand, right: list[str], what: str, slips: Mapping[tuple[str, ...], str]) -> None:
    if hand.said == right:
        return
    raise Incorrect(
        tried=what,
        expected=_in_words(right),
        got=_in_words(hand.said),
        mistake=slips.get(tuple(hand.said)),
        case=hand,
    )


def _in_words(said: list[str]) -> str:
    return ", ".join(_WORDS[word] for word in said) or _("nothing")
