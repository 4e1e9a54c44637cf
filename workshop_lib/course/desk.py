"""What a student calls in a notebook: check, hint, solution, answer, case."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from workshop_lib import home as _home
from workshop_lib.course import surroundings
from workshop_lib.course.answers import Answers
from workshop_lib.course.card import Card, outcome_card
from workshop_lib.course.errors import CheckFailed, NoCase
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import Catalogue, catalogue
from workshop_lib.course.exercises.model import MISSING, Exercise
from workshop_lib.course.outcome import Outcome
from workshop_lib.course.progress import Progress, Standing
from workshop_lib.course.published import solution_source
from workshop_lib.course.source import cell_source, file_source
from workshop_lib.errors import WorkshopError
from workshop_lib.home import HomeNotWritable
from workshop_lib.i18n import _, mark
from workshop_lib.parts import ANSWERS_MODULE

# What a chapter calls its backends.
_LABELS = {
    "event_bus": mark("Event bus"),
    "event_store": mark("Event store"),
    "vector_store": mark("Vector store"),
    "embedder": mark("Embedder"),
}


def _show(card: Card) -> None:
    if surroundings.shell() is None:
        print(card)  # noqa: T201
        return
    from IPython.display import display

    display(card)


class Desk:
    """One student at one home. It evaluates, shows, records and saves.

    Args:
        course: the exercises there are.
        home: where progress and answers lie.
        show: takes each card.
        inputs: gives the session's inputs, for the source of an answer's cell.
        mode: gives what a failing check does.
    """

    def __init__(
        self,
        course: Catalogue,
        home: Path,
        *,
        show: Callable[[Card], None] = _show,
        inputs: Callable[[], Sequence[str]] = surroundings.inputs,
        mode: Callable[[], surroundings.Mode] = surroundings.check_mode,
    ) -> None:
        self._course, self._show, self._inputs, self._mode = course, show, inputs, mode
        self._progress = Progress(home)
        self._answers = Answers(home)
        self._cases: dict[str, object] = {}
        self._unkept: dict[str, Standing] = {}

    def check(self, exercise_id: str, subject: Any = MISSING) -> None:
        """Try `subject` as the answer to `exercise_id`, show what came of it, record it, and save a right answer.

        Raises:
            CheckFailed: outside JupyterLab, when the answer didn't pass.
            UnknownExercise: there is no such exercise.
        """
        exercise = self._course.exercise(exercise_id)
        mode = self._mode()
        outcome = evaluate(exercise, subject)
        self._cases[exercise_id] = outcome.case
        notes = self._keep(exercise, subject, outcome)
        hints_left = max(0, len(exercise.hints) - self._standing(exercise_id).hints)
        card = outcome_card(outcome, title=_(exercise.title), hints_left=hints_left, notes=notes)
        if outcome.passed or mode == "card":
            self._show(card)
        else:
            raise CheckFailed(card.line)

    def hint(self, exercise_id: str) -> None:
        """Show one more hint, from a question to nearly the answer."""
        exercise = self._course.exercise(exercise_id)
        before = self._standing(exercise_id).hints
        number = min(before + 1, len(exercise.hints))
        heading = _("{id} {title} — hint {number} of {all}").format(
            id=exercise_id, title=_(exercise.title), number=number, all=len(exercise.hints)
        )
        rows = tuple(("", _(text), False) for text in exercise.hints[:number])
        if number > before:
            rows += tuple(("", note, False) for note in self._record("hint", exercise_id))
        if number == len(exercise.hints):
            rows += ((_("After a try"), f'solution("{exercise_id}")', True),)
        self._show(Card(heading, rows))

    def solution(self, exercise_id: str) -> None:
        """Show the chapter's own answer, once there was a try."""
        exercise = self._course.exercise(exercise_id)
        title = _(exercise.title)
        if not self._standing(exercise_id).attempts:
            text = _("Try first: change the answer's cell, run it, and check it. Then the solution opens.")
            self._show(Card(f"{exercise_id} {title}", (("", text, False),)))
            return
        heading = _("{id} {title} — a solution").format(id=exercise_id, title=title)
        self._show(Card(heading, (("", solution_source(self._course.chapter_of(exercise), exercise), True),)))

    def answer(self, exercise_id: str) -> Any:
        """The student's saved answer if there is one, else the library's; says which.

        Raises:
            AnswerError: the saved answer can't be loaded.
        """
        exercise = self._course.exercise(exercise_id)
        mine = self._answers.load(exercise)
        whose = _("yours") if mine is not None else _("the library's, until yours passes")
        self._show(Card(_("{name} ({id}) is {whose}").format(name=exercise.name, id=exercise_id, whose=whose)))
        return mine if mine is not None else exercise.load_reference()

    def case(self, exercise_id: str) -> Any:
        """The input on which the last checked answer failed.

        Raises:
            NoCase: none failed on an input since this kernel started.
        """
        self._course.exercise(exercise_id)
        found = self._cases.get(exercise_id, MISSING)
        if found is MISSING:
            text = _(
                "{id}: no input to show. No check in this kernel has failed on one; its card says what went wrong."
            )
            raise NoCase(text.format(id=exercise_id))
        return found

    def _standing(self, exercise_id: str) -> Standing:
        """What was recorded and, where that failed, what this kernel remembers of it."""
        unkept = self._unkept.get(exercise_id, Standing())
        try:
            kept = self._progress.standing(exercise_id)
        except HomeNotWritable:
            return unkept
        return Standing(attempts=kept.attempts + unkept.attempts, hints=kept.hints + unkept.hints)

    def _record(self, kind: str, exercise_id: str, detail: str = "") -> tuple[str, ...]:
        """Record one entry; where the home takes none, keep it in memory and return what to say."""
        try:
            self._progress.record(kind, exercise_id, detail)
        except HomeNotWritable as error:
            self._unkept.setdefault(exercise_id, Standing()).apply(kind)
            return (_("Nothing was kept: {why}").format(why=error),)
        return ()

    def _keep(self, exercise: Exercise, subject: Any, outcome: Outcome) -> tuple[str, ...]:
        """Record the outcome and save a right answer; what couldn't be kept is said on the card."""
        if outcome.passed and _is_reference(exercise, subject):
            return self._keep_library(exercise)
        if outcome.mistake == "wrong-subject":
            return ()  # no answer was tried
        reason = ""
        if outcome.passed:
            try:
                reason = self._save(exercise, subject)
            except HomeNotWritable as error:
                reason = str(error)
        detail = outcome.mistake or ("not saved" if reason else "")
        unkept = self._record(outcome.status.value, exercise.id, detail)
        if unkept or not outcome.passed:
            return unkept
        if reason:
            return (_("Passed, but not saved. {why}").format(why=reason),)
        return (_('Saved. From now on answer("{id}") gives yours.').format(id=exercise.id),)

    def _keep_library(self, exercise: Exercise) -> tuple[str, ...]:
        note = _("This is the library's answer. It counts as such, not as yours.")
        return (note, *self._record("library", exercise.id))

    def _save(self, exercise: Exercise, subject: Any) -> str:
        if str(getattr(subject, "__module__", "")).startswith(ANSWERS_MODULE):
            return ""  # it comes from the saved file
        given = getattr(subject, "__name__", exercise.name)
        for name in dict.fromkeys((given, exercise.name)):
            source = cell_source(name, self._inputs())
            if source:
                return self._answers.save(exercise, name, source)
        if source := file_source(subject, given):
            return self._answers.save(exercise, given, source)
        return _("No cell of this session defines {name}.").format(name=exercise.name)


def _is_reference(exercise: Exercise, subject: Any) -> bool:
    module, _colon, name = exercise.reference.partition(":")
    return getattr(subject, "__module__", None) == module and getattr(subject, "__qualname__", None) == name


@cache
def _desk_at(home: Path) -> Desk:
    return Desk(catalogue(), home)


def desk() -> Desk:
    """This process's desk at WORKSHOP_HOME."""
    return _desk_at(_home.home())


def begin(chapter: str, **backends: str) -> None:
    """Open a chapter: look that its packages are there, and say where state lies and which backends run.

    Raises:
        MissingExtra: a package is missing; the message gives the command that adds it.
    """
    from workshop_lib.course.extras import require

    declared = catalogue().chapter(chapter)
    require(*declared.extras)
    kept = _home.home()
    rows = [(_("State"), str(kept), True)]
    rows += [(_(_LABELS.get(name, name.replace("_", " "))), value, True) for name, value in backends.items()]
    try:
        Progress(kept).record("backend", detail=", ".join(backends.values()))
    except WorkshopError as error:
        rows.append((_("Nothing will be kept"), str(error), False))
    _show(Card(f"{declared.number:02} {_(declared.title)}", tuple(rows)))
