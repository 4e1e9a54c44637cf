"""Helps a check to call an answer and to say what it tried."""

import inspect
import reprlib
from collections.abc import Callable, Mapping
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
    if got == returns:
        return
    mistake = next((key for key, value in (mistakes or {}).items() if value == got), None)
    raise Incorrect(
        tried=shown_call(_name(subject), *args),
        expected=returns if not isinstance(returns, str) else shown(returns),
        got=got if not isinstance(got, str) else shown(got),
        mistake=mistake,
        case=args[0] if len(args) == 1 else args,
    )
