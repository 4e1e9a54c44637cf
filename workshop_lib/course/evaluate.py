"""Runs one check on one subject. Pure: it writes nothing, shows nothing, and always returns."""

import inspect
import linecache
import re
import sys
import traceback
from dataclasses import replace
from types import FunctionType
from typing import Any

from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.exercises.model import MISSING, Exercise, Incorrect
from workshop_lib.course.exercises.trying import shown
from workshop_lib.course.limits import TimeIsUp, captured, no_exit, time_limit
from workshop_lib.course.outcome import Line, Outcome, Status
from workshop_lib.i18n import _

_TODO = re.compile(r"TODO (\d+\.\d+)")
_LONGEST = 500  # characters of one text on a card


def evaluate(exercise: Exercise | str, subject: Any = MISSING) -> Outcome:
    """What comes of `subject` as an answer to `exercise`.

    Whatever the answer does becomes an outcome: it loops for ever (a time limit), prints megabytes (cut), calls
    `exit()`, raises a BaseException, gives a value that can't be shown. Only Ctrl-C passes through. Two things can't be
    stopped from inside a process: `os._exit`, and one call that never returns from C (`sum` of an endless iterator).

    Raises:
        UnknownExercise: there is no exercise with this id.
    """
    if not isinstance(exercise, Exercise):
        exercise = catalogue().exercise(exercise)
    with captured() as stream:
        outcome = _run(exercise, subject)
    return replace(outcome, output=stream.text, written=stream.written)


def _run(exercise: Exercise, subject: Any) -> Outcome:
    try:
        with no_exit(_namespace(subject)), time_limit(exercise.seconds):
            return _judge(exercise, subject)
    except KeyboardInterrupt:
        raise
    except TimeIsUp as error:
        message = _("It was still running after {seconds:g} s and was stopped. Does a loop never end?")
        message = message.format(seconds=exercise.seconds)
        return _outcome(exercise, Status.ERROR, mistake="time-limit", message=message, line=_line(subject, error))
    except SystemExit as error:
        message = _("The answer calls exit(). In a notebook that ends the kernel: return a value in its place.")
        return _outcome(exercise, Status.ERROR, mistake="exit", message=message, line=_line(subject, error))
    except BaseException as error:  # noqa: BLE001 - an answer may raise anything, and all of it is an outcome
        return _error(exercise, subject, error)


def _judge(exercise: Exercise, subject: Any) -> Outcome:
    """The outcome of the check. It is put into words here too, under the same guard: a repr is an answer's own code."""
    misfit = _misfit(exercise, subject)
    if misfit:
        return _outcome(exercise, Status.ERROR, mistake="wrong-subject", message=misfit)
    try:
        exercise.check(subject)
    except Incorrect as wrong:
        return _incorrect(exercise, wrong)
    except NotImplementedError as error:
        return _not_implemented(exercise, subject, error)
    return _outcome(exercise, Status.PASSED)


def _outcome(exercise: Exercise, status: Status, **fields: Any) -> Outcome:
    return Outcome(exercise_id=exercise.id, status=status, **fields)


def _incorrect(exercise: Exercise, wrong: Incorrect) -> Outcome:
    return _outcome(
        exercise,
        Status.INCORRECT,
        tried=wrong.tried,
        expected=_text(wrong.expected),
        got=_text(wrong.got),
        mistake=wrong.mistake or "",
        hint=exercise.hint_for(wrong.mistake),
        case=wrong.case,
    )


def _text(value: object) -> str:
    return _cut(value) if isinstance(value, str) else shown(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _not_implemented(exercise: Exercise, subject: Any, error: NotImplementedError) -> Outcome:
    """Tell an untouched stub by its message: a finished 2.3 that calls an untouched 2.1 ends here too."""
    todo = _TODO.search(str(error))
    if todo and todo[1] != exercise.id:
        return _outcome(exercise, Status.NEEDS, needs=todo[1])
    # nbgrader's release writes an empty one into the answer's own cell.
    if todo or (not str(error) and _raised_in(error) in _files(subject)):
        return _outcome(exercise, Status.NOT_STARTED)
    return _error(exercise, subject, error)


def _error(exercise: Exercise, subject: Any, error: BaseException) -> Outcome:
    message = _cut("".join(traceback.format_exception_only(error)).strip())
    return _outcome(exercise, Status.ERROR, message=message, line=_line(subject, error))


def _misfit(exercise: Exercise, subject: Any) -> str:
    """Why `subject` can't be an answer at all, or an empty text."""
    call = f'check("{exercise.id}", {exercise.name})'
    if subject is MISSING:
        return _("The check got nothing to look at. Write: {call}").format(call=call)
    if exercise.is_class and not inspect.isclass(subject):
        expected = _("the class {name} itself, not one of its instances").format(name=exercise.name)
    elif not exercise.is_class and inspect.isclass(subject):
        expected = _("the function {name} (or an instance that can be called), not a class").format(name=exercise.name)
    elif not callable(subject):
        expected = _("the function {name} itself, not what it returns").format(name=exercise.name)
    else:
        return ""
    return _("Expected {expected}. Got {got}. Write: {call}").format(expected=expected, got=shown(subject), call=call)


def _functions(subject: Any) -> list[FunctionType]:
    subject = inspect.unwrap(subject) if callable(subject) else subject
    if isinstance(subject, FunctionType):
        return [subject]
    owner = subject if inspect.isclass(subject) else type(subject)
    members = (getattr(m, "__func__", getattr(m, "fget", m)) for m in vars(owner).values())
    return [m for m in members if isinstance(m, FunctionType)]


def _files(subject: Any) -> set[str]:
    return {f.__code__.co_filename for f in _functions(subject)}


def _namespace(subject: Any) -> dict[str, Any]:
    for function in _functions(subject):
        return function.__globals__
    return vars(sys.modules.get(getattr(subject, "__module__", "") or "", sys.modules["__main__"]))


def _raised_in(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].filename if frames else ""


def _line(subject: Any, error: BaseException) -> Line | None:
    """The deepest line of the student's own code, not of ours or of a library that it called."""
    files = _files(subject)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files and frame.lineno:
            return Line(frame.lineno, linecache.getline(frame.filename, frame.lineno).strip())
    return None
