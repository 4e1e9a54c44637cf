"""Compares a measure with the right scores, and names the mistake that gives the same wherever it is tried."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown, shown_call

Case = tuple[Any, ...]
Slip = Callable[..., float | None]


def expect_scores(
    name: str, subject: Callable[..., Any], cases: Sequence[tuple[Case, float]], mistakes: Mapping[str, Slip]
) -> None:
    """Call `subject` with the inputs of each case and compare, to six digits.

    Args:
        mistakes: what each recorded mistake would give, by its key. None or ZeroDivisionError is a result too.

    Raises:
        Incorrect: another score.
    """
    for given, right in cases:
        got = _result(subject, given)
        if not _near(got, right):
            same = (key for key, slip in mistakes.items() if _alike(subject, slip, given, cases))
            raise Incorrect(
                tried=shown_call(name, *given),
                expected=right,
                got="ZeroDivisionError" if got is ZeroDivisionError else shown(got) if isinstance(got, str) else got,
                mistake=next(same, None),
                case=given,
            )


def _alike(subject: Callable[..., Any], slip: Slip, given: Case, cases: Sequence[tuple[Case, float]]) -> bool:
    """The same on the input that failed, and where the mistake shows at all."""
    telling = [case for case, right in cases if not _near(_result(slip, case), right)]
    return given in telling and all(_same(_quiet(subject, case), _result(slip, case)) for case in telling)


def _result(subject: Callable[..., Any], given: Case) -> Any:
    """A copy of the input for each try: an answer may empty its list."""
    try:
        return call(subject, *copy.deepcopy(given))
    except ZeroDivisionError:
        return ZeroDivisionError


def _quiet(subject: Callable[..., Any], given: Case) -> Any:
    try:
        return _result(subject, given)
    except Exception as error:  # noqa: BLE001 - an answer may raise anything; then it is not this mistake
        return error


def _same(got: object, other: object) -> bool:
    return got is other or (isinstance(other, int | float) and _near(got, other))


def _near(got: object, right: float) -> bool:
    """Also for NumPy's numbers and fractions. Six digits are what 32 bits hold."""
    try:
        return not isinstance(got, str) and math.isclose(float(got), right, rel_tol=1e-6, abs_tol=1e-9)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
