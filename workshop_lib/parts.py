"""The seam by which a running service takes a student's saved answer in place of the library's own code."""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from workshop_lib import home as _home
from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

# How the modules' names begin that saved answers are loaded as. No dot: pickle would import the package before it.
ANSWERS_MODULE = "workshop_answers_"

T = TypeVar("T", bound=Callable[..., Any])


class AnswerError(PlainError):
    """A saved answer that can't be loaded: a syntax error, a missing name, an exception while it ran.

    `why` is what went wrong, without the file and what to do.
    """

    def __init__(self, path: Path, why: str) -> None:
        exercise_id = path.stem.removeprefix("ex_").replace("_", ".")
        text = _("{path}: {why}. Mend the file, check the cell again, or run: workshop reset {id}")
        super().__init__(text.format(path=path, why=why, id=exercise_id))
        self.path, self.why = path, why


def answer_path(exercise_id: str, home: Path | None = None) -> Path:
    """`answers/ex_2_3.py` under `home` (default: WORKSHOP_HOME) for exercise "2.3"."""
    return (home or _home.home()) / "answers" / f"ex_{exercise_id.replace('.', '_')}.py"


def load_answer(path: Path, name: str) -> Any:
    """Run the saved file `path` as a module of its own and return its `name`.

    Raises:
        AnswerError: the file can't be read or run, or doesn't define `name`; the message gives the line.
    """
    path = path.absolute()
    try:
        module = _execute(path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() in a file of answers must not end a service, nor an error of its own kind
        raise AnswerError(path, _reason(error, path)) from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise AnswerError(path, _("expected it to define {name!r}, and it does not").format(name=name)) from None


def part(exercise_id: str, default: T) -> T:
    """The student's saved answer to `exercise_id` where WORKSHOP_PARTS=answers asks for it, else `default`.

    Only the course's own processes set that variable, so a production service never runs a file it finds.

    Raises:
        AnswerError: the saved answer can't be loaded.
    """
    if os.environ.get("WORKSHOP_PARTS") != "answers":
        return default
    path = answer_path(exercise_id)
    if not path.is_file():
        return default
    loaded: T = load_answer(path, default.__name__)
    return loaded


def _execute(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{ANSWERS_MODULE}{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Pickle and dataclasses look a class's module up by name.
    loaded_before, sys.modules[spec.name] = sys.modules.get(spec.name), module
    was, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if loaded_before is None:
            del sys.modules[spec.name]
        else:
            sys.modules[spec.name] = loaded_before
        raise
    finally:
        sys.dont_write_bytecode = was
    return module


def _reason(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return _("line {line}: expected Python, got: {why}").format(line=error.lineno, why=error.msg)
    frames = reversed(traceback.extract_tb(error.__traceback__))
    why = f"{type(error).__name__}: {error}"
    line = next((f.lineno for f in frames if f.filename == str(path)), None)
    return why if line is None else _("line {line}: {why}").format(line=line, why=why)
