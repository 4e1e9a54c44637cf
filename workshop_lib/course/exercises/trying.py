"""Helps a check to call an answer and to say what it tried."""

import inspect
import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workshop_lib.course.coroutines import wait_for
from workshop_lib.course.exercises.model import Incorrect

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


def shown(value: object) -> str:
    """A short repr; where there is none to be had, what kind of value it is."""
    try:
        return _repr.repr(value)
    except Exception as error:  # noqa: BLE001 - a repr is the answer's own code, and Python refuses that of a huge int
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


def shown_call(name: str, *args: object, **kwargs: object) -> str:
    """A call as a reader would type it."""
    given = [shown(a) for a in args] + [f"{k}={shown(v)}" for k, v in kwargs.items()]
    return f"{name}({', '.join(given)})"


def _name(subject: object) -> str:
    name = getattr(subject, "__name__", "")
    return name if name.isidentifier() else "answer"


def call(subject: Callable[..., Any], *args: object, **kwargs: object) -> Any:
    """What `subject` returns; a coroutine is run to its end on a thread of its own."""
    result = subject(*args, **kwargs)
    return wait_for(result) if inspect.isawaitable(result) else result


def expect(
    subject: Callable[..., Any], *args: object, returns: object, mistakes: Mapping[str, object] | None = None
) -> None:
    """Call `subject` with `args` and compare.

    Args:
        returns: the right result.
        mistakes: what each recorded mistake would give here, by its key.

    Raises:
        Incorrect: another result; the first mistake that gives the same is named.
    """
    got = call(subject, *args)
    # A bool equals an int and 3.0 equals 3: neither is a reason to reject an answer, so plain equality decides.
    if got != returns:
        mistake = next((key for key, value in (mistakes or {}).items() if value == got), None)
        raise _incorrect(subject, args, returns, got, mistake)


def expect_each(
    subject: Callable[..., Any],
    cases: Sequence[tuple[Any, object]],
    *,
    mistakes: Mapping[str, Callable[[Any], object]] | None = None,
) -> None:
    """Call `subject` with each input and compare.

    Args:
        cases: one input each, with the right result.
        mistakes: what each recorded mistake makes of an input, by its key.

    Raises:
        Incorrect: another result. A mistake is named where it explains two wrong results, and two different ones: a
            constant, too, is what some mistake gives somewhere.
    """
    for given, right in cases:
        got = call(subject, given)
        if got != right:
            alike = (key for key, wrong in (mistakes or {}).items() if _speaks_for(wrong, subject, cases, given, got))
            raise _incorrect(subject, (given,), right, got, next(alike, None))


def _speaks_for(
    wrong: Callable[[Any], object],
    subject: Callable[..., Any],
    cases: Sequence[tuple[Any, object]],
    given: object,
    got: object,
) -> bool:
    if wrong(given) != got:
        return False
    telling = [x for x, right in cases if wrong(x) not in (right, got)]
    return any(_gives(subject, x, wrong(x)) for x in telling)


def _gives(subject: Callable[..., Any], given: object, result: object) -> bool:
    try:
        return bool(call(subject, given) == result)
    except Exception:  # noqa: BLE001 - an answer may raise anything; then it isn't this result
        return False


def _incorrect(subject: object, args: tuple[object, ...], right: object, got: object, mistake: str | None) -> Incorrect:
    return Incorrect(
        tried=shown_call(_name(subject), *args),
        expected=shown(right) if isinstance(right, str) else right,
        got=shown(got) if isinstance(got, str) else got,
        mistake=mistake,
        case=args[0] if len(args) == 1 else args,
    )
