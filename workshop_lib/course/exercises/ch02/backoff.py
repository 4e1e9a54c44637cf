"""2.5: many clients that failed together should not come back together."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.i18n import _, mark

_TRIES = 2000


def check_backoff(backoff: Callable[..., float]) -> None:
    """From 0 to min(cap, base * 2 ** attempt), evenly; doubled each time, then capped; other at each call."""
    for attempt, base, cap in [(1, 0.5, 30.0), (3, 0.5, 30.0), (10, 0.5, 30.0), (2, 1.0, 100.0), (50, 0.1, 7.0)]:
        bound = min(cap, base * 2**attempt)
        waits = [_wait(backoff, attempt, base, cap) for _number in range(_TRIES)]
        _check_bounds(attempt, base, cap, bound, waits)
        _check_spread(attempt, base, cap, bound, waits)
    if not 0 <= (first := _number(call(backoff, 1), "backoff(1)")) <= 1.0:
        raise Incorrect(tried="backoff(1)", expected=_("from 0 to 1.0: base is 0.5 by default"), got=first, case=1)


def _wait(backoff: Callable[..., float], attempt: int, base: float, cap: float) -> float:
    return _number(call(backoff, attempt, base, cap), _tried(attempt, base, cap))


def _number(got: Any, tried: str) -> float:
    if isinstance(got, bool) or not isinstance(got, int | float):
        raise Incorrect(tried=tried, expected=_("a number of seconds"), got=shown(got))
    return got


def _check_bounds(attempt: int, base: float, cap: float, bound: float, waits: Sequence[float]) -> None:
    worst = max(waits)
    if worst <= bound * (1 + 1e-9) and min(waits) >= 0:
        return
    mistake = None
    if worst > cap:
        mistake = "added-jitter" if min(waits) >= bound * 0.9 else "no-cap"
    elif min(waits) >= bound:
        mistake = "added-jitter"
    raise Incorrect(
        tried=_("{call}, {n} times").format(call=_tried(attempt, base, cap), n=_TRIES),
        expected=_("from 0 to {bound} s").format(bound=bound),
        got=_("from {least:.3g} to {most:.3g} s").format(least=min(waits), most=worst),
        mistake=mistake,
        case=(attempt, base, cap),
    )


def _check_spread(attempt: int, base: float, cap: float, bound: float, waits: Sequence[float]) -> None:
    """Uniform: the largest distance of the waits' distribution from the even one (Kolmogorov-Smirnov) stays small."""
    ordered = sorted(waits)
    n = len(ordered)
    distance = max(max((i + 1) / n - w / bound, w / bound - i / n) for i, w in enumerate(ordered))
    # Above 0.06 with 2,000 waits: once in a million for an even distribution.
    if distance <= 0.06:
        return
    mistake = None
    if ordered[0] == ordered[-1]:
        mistake = "no-jitter"
    elif sum(w >= bound * 0.999 for w in waits) > n / 4:
        mistake = "clamped-after"
    elif ordered[0] >= bound * 0.45:
        mistake = "half-jitter"
    elif ordered[-1] <= bound * 0.55:
        mistake = "does-not-double"
    raise Incorrect(
        tried=_("{call}, {n} times").format(call=_tried(attempt, base, cap), n=_TRIES),
        expected=_("spread evenly from 0 to {bound} s").format(bound=bound),
        got=_quarters(ordered, bound),
        mistake=mistake,
        case=(attempt, base, cap),
    )


def _quarters(ordered: Sequence[float], bound: float) -> str:
    if ordered[0] == ordered[-1]:
        return _("{seconds:.3g} s, each time").format(seconds=ordered[0])
    edges = [0.0, bound / 4, bound / 2, bound * 3 / 4, bound * 1.01]
    shares = [sum(low <= w < high for w in ordered) / len(ordered) for low, high in pairwise(edges)]
    return _("in the four quarters of that: {shares}").format(shares=", ".join(f"{share:.0%}" for share in shares))


def _tried(attempt: int, base: float, cap: float) -> str:
    return f"backoff({attempt}, {base}, {cap})"


def _slip(value: str) -> str:
    return f"""
import random

def backoff(attempt, base=0.5, cap=30.0):
    return {value}
"""


EXERCISE = Exercise(
    id="2.5",
    name="backoff",
    title=mark("Wait longer each time, and not together"),
    minutes=6,
    difficulty=1,
    reference="workshop_lib.events.retry:backoff",
    check=check_backoff,
    hints=(
        mark("A thousand clients fail at the same moment. When do they come back, if all compute the same wait?"),
        mark("First the bound: base doubled with each attempt, at most cap. Then a random time from 0 to the bound."),
        mark("random.uniform(0, bound), where bound is min(cap, base * 2**attempt)."),
    ),
    mistakes=(
        Mistake(
            "no-jitter",
            _slip("min(cap, base * 2**attempt)"),
            mark(
                "Your thousand clients all wait exactly the same time, so they come back in the same moment, and knock "
                "the database over once more. Doubling the wait only makes the herd rarer. Spread them."
            ),
        ),
        Mistake(
            "no-cap",
            _slip("random.uniform(0, base * 2**attempt)"),
            mark(
                "At attempt 10 a client may wait for more than eight minutes, at attempt 20 for six days. The mend is "
                "long done by then. `cap` is the longest that anybody should wait."
            ),
        ),
        Mistake(
            "clamped-after",
            _slip("min(cap, random.uniform(0, base * 2**attempt))"),
            mark(
                "The cap came after the die: most of your late tries wait for exactly `cap`, all together again. Cap "
                "the bound first, then draw."
            ),
        ),
        Mistake(
            "half-jitter",
            _slip("min(cap, base * 2**attempt) * random.uniform(0.5, 1)"),
            mark(
                "Nobody of yours comes back in the first half, so all crowd in the second. From 0 to the bound is "
                "twice as much room; some come early, and find out early whether it works again."
            ),
        ),
        Mistake(
            "added-jitter",
            _slip("min(cap, base * 2**attempt) + random.uniform(0, 0.1)"),
            mark(
                "A tenth of a second was added to a wait that is the same for all: the herd comes back within that "
                "tenth, and above the cap. The whole wait must be drawn."
            ),
        ),
        Mistake(
            "does-not-double",
            _slip("random.uniform(0, min(cap, base * attempt))"),
            mark(
                "Your bound grows by the same step each time. Then an outage of an hour still gets a try every few "
                "seconds from every client. Doubling gives it room: 2**attempt."
            ),
        ),
    ),
)
