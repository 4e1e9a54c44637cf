"""Saves a right answer, so that it outlives the kernel and runs in other processes."""

import itertools
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.model import Exercise
from workshop_lib.course.limits import TimeIsUp, captured, time_limit
from workshop_lib.course.source import defined_names, missing_names, without_desk_calls
from workshop_lib.home import HomeNotWritable, writable
from workshop_lib.i18n import _
from workshop_lib.parts import AnswerError, answer_path, load_answer


class Answers:
    """The saved answers under one home."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def path(self, exercise: Exercise) -> Path:
        """Where the answer to `exercise` lies once it is saved."""
        return answer_path(exercise.id, self._home)

    def load(self, exercise: Exercise) -> Any | None:
        """The student's saved answer, or None.

        Raises:
            AnswerError: the file is there and can't be loaded, or loading it never ends.
        """
        path = self.path(exercise)
        if not path.is_file():
            return None
        try:
            with time_limit(exercise.seconds):
                return load_answer(path, exercise.name)
        except TimeIsUp:
            text = _("it was still running after {seconds:g} s").format(seconds=exercise.seconds)
            raise AnswerError(path, text) from None

    def save(self, exercise: Exercise, name: str, source: str) -> str:
        """Save a cell's `source`, which defines the answer as `name`, after it passed alone in a fresh namespace.

        Returns an empty text, or why it was not saved; then an earlier saved answer stays as it is.

        Raises:
            HomeNotWritable: the state folder takes no files.
        """
        source = without_desk_calls(source)
        if name != exercise.name and exercise.name not in defined_names(source):
            source = f"{source.rstrip()}\n\n\n{exercise.name} = {name}\n"
        lacking = missing_names(source)
        if lacking:
            return _(
                "It uses {names}, which another cell defines. A saved answer must stand alone: "
                "define or import {names} in the answer's own cell, then check again."
            ).format(names=", ".join(lacking))
        folder = writable(writable(self._home) / "answers")
        try:
            # A folder of its own: the draft keeps its name, and nobody reads it before it has passed.
            with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as private:
                draft = Path(private) / self.path(exercise).name
                with draft.open("w", encoding="utf-8") as file:
                    file.write(source if source.endswith("\n") else source + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                reason = _alone(exercise, draft)
                if not reason:
                    draft.replace(self.path(exercise))
        except OSError as error:
            raise HomeNotWritable(folder, error.strerror or str(error)) from error
        return reason

    def set_aside(self, exercise: Exercise, cell: str | None = None) -> list[Path]:
        """Keep the saved answer, and the text of its `cell` where that is another, as `ex_2_3.old-N.py`.

        Returns the new files. The saved answer is gone afterwards, so `answer` gives the library's again.

        Raises:
            HomeNotWritable: the state folder takes no files.
        """
        saved = self.path(exercise)
        kept: list[Path] = []
        folder = writable(writable(self._home) / "answers")
        try:
            if cell is not None and not _same(cell, saved):
                kept.append(_unused(folder, saved.stem))
                kept[-1].write_text(cell, encoding="utf-8")
            if saved.is_file():
                # Moved, not read: whatever is in it stays.
                kept.append(saved.replace(_unused(folder, saved.stem)))
        except OSError as error:
            raise HomeNotWritable(folder, error.strerror or str(error)) from error
        return kept


def _same(cell: str, saved: Path) -> bool:
    return saved.is_file() and saved.read_bytes().strip() == cell.strip().encode()


def _unused(folder: Path, stem: str) -> Path:
    """A new, empty file for an old answer."""
    for number in itertools.count(1):
        with suppress(FileExistsError), (old := folder / f"{stem}.old-{number}.py").open("x"):
            return old
    raise AssertionError("unreachable")


def _alone(exercise: Exercise, draft: Path) -> str:
    """Why the answer in the file `draft` does not stand alone, or an empty text."""
    try:
        with captured(), time_limit(exercise.seconds):
            subject = load_answer(draft, exercise.name)
        outcome = evaluate(exercise, subject)
        if outcome.passed:
            return ""
        why = outcome.message or outcome.got or _(outcome.status.value)
    except AnswerError as error:
        why = error.why
    except TimeIsUp:
        why = _("its cell was still running after {seconds:g} s").format(seconds=exercise.seconds)
    return _("It passes here, but not alone in a fresh namespace: {why}").format(why=why)
