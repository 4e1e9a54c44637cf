"""Finds chapters and exercises by number and id."""

import difflib
import importlib
import pkgutil
import traceback
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from workshop_lib.course import exercises as _package
from workshop_lib.course.errors import CourseError, DuplicateExercise, UnknownChapter, UnknownExercise
from workshop_lib.course.exercises.model import Chapter, Exercise
from workshop_lib.i18n import _


class Catalogue:
    """Chapters in order, and their exercises by id.

    Raises:
        DuplicateExercise: one id, or one chapter number, is declared twice.
    """

    def __init__(self, chapters: Iterable[Chapter]) -> None:
        self._chapters: dict[int, Chapter] = {}
        self._exercises: dict[str, Exercise] = {}
        for chapter in sorted(chapters, key=lambda c: c.number):
            if chapter.number in self._chapters:
                raise DuplicateExercise(
                    _("chapter {number:02} is declared twice: give one another number").format(number=chapter.number)
                )
            self._chapters[chapter.number] = chapter
            for exercise in chapter.exercises:
                self._add(chapter, exercise)

    def _add(self, chapter: Chapter, exercise: Exercise) -> None:
        if exercise.id in self._exercises:
            raise DuplicateExercise(
                _("exercise {id} is declared twice: as {one!r} and as {other!r}. Give one of them another id").format(
                    id=exercise.id, one=self._exercises[exercise.id].name, other=exercise.name
                )
            )
        if exercise.key[0] != chapter.number:
            raise DuplicateExercise(
                _("exercise {id} stands in chapter {number:02}: expected an id {number}.N").format(
                    id=exercise.id, number=chapter.number
                )
            )
        self._exercises[exercise.id] = exercise

    def __iter__(self) -> Iterator[Chapter]:
        return iter(self._chapters.values())

    @property
    def exercises(self) -> list[Exercise]:
        """Every exercise, in the order of their ids."""
        return sorted(self._exercises.values(), key=lambda e: e.key)

    def exercise(self, exercise_id: object) -> Exercise:
        """The exercise with this id.

        Raises:
            UnknownExercise: naming the nearest ids.
        """
        if isinstance(exercise_id, str) and exercise_id in self._exercises:
            return self._exercises[exercise_id]
        known = [e.id for e in self.exercises]
        near = difflib.get_close_matches(str(exercise_id), known, n=3, cutoff=0.3) or known[:3]
        text = _("no exercise {id!r}. The nearest: {near}")
        if not isinstance(exercise_id, str):
            text = _("no exercise {id!r}: the id comes first, in quotes. The nearest: {near}")
        raise UnknownExercise(text.format(id=exercise_id, near=", ".join(map(repr, near))))

    def chapter(self, number: str | int) -> Chapter:
        """The chapter with this number: 0, "0", "00" or "00_welcome".

        Raises:
            UnknownChapter: naming the ones there are.
        """
        digits = str(number).partition("_")[0]
        if digits.isdecimal() and len(digits) < 5 and int(digits) in self._chapters:
            return self._chapters[int(digits)]
        known = ", ".join(c.stem for c in self)
        raise UnknownChapter(_("no chapter {number!r}. There is: {known}").format(number=number, known=known))

    def chapter_of(self, exercise: Exercise) -> Chapter:
        """The chapter in which `exercise` stands."""
        return self._chapters[exercise.key[0]]


@cache
def catalogue() -> Catalogue:
    """The course's own catalogue: every package `chNN` beside this module, by its `CHAPTER`."""
    names = sorted(m.name for m in pkgutil.iter_modules(_package.__path__) if m.name.startswith("ch"))
    return Catalogue(_declared(name) for name in names if name[2:].isdecimal())


def _declared(name: str) -> Chapter:
    """The chapter that one package declares. An author's slip in it is one line for every command."""
    try:
        chapter: Chapter = importlib.import_module(f"{_package.__name__}.{name}").CHAPTER
    except CourseError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = next((f for f in reversed(frames) if f"/exercises/{name}/" in f.filename), None)
        where = f"{Path(ours.filename).name}, line {ours.lineno}: " if ours else ""
        text = _("the declarations of {chapter} don't import: {where}{kind}: {error}")
        raise CourseError(text.format(chapter=name, where=where, kind=type(error).__name__, error=error)) from error
    return chapter
