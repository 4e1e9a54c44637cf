"""What a chapter declares: its exercises, their checks, hints and recorded mistakes."""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from workshop_lib.course.errors import CourseError, ReferenceNotFound

_ID = re.compile(r"(0|[1-9]\d?)\.[1-9]\d?")


class Missing:
    """The type of `MISSING`, which tells *nothing was given* from *None was given*."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Final = Missing()


class Incorrect(Exception):
    """Raised by a check: the answer ran and is wrong.

    A text is shown as it stands, any other value by its repr.

    Args:
        tried: the call that was made, as a reader would type it.
        expected, got: what a right answer gives and what this one gave.
        mistake: the key of the recorded mistake that this looks like; its hint is shown.
        case: the input that failed, for `case("2.3")`; give the smallest.
    """

    def __init__(
        self, *, expected: object, got: object, tried: str = "", mistake: str | None = None, case: object = MISSING
    ) -> None:
        super().__init__(tried)
        self.tried, self.expected, self.got, self.mistake, self.case = tried, expected, got, mistake, case

    def __str__(self) -> str:
        # Made only when somebody asks: what an answer gave may be huge, or fail to show itself.
        return f"{self.tried}: expected {self.expected!r}, got {self.got!r}"


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give, and the hint written for it.

    `code` defines the exercise's name and must fail the check with this `key`: the suite proves it.
    """

    key: str
    code: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One TODO.

    Args:
        id: "chapter.number", two integers.
        name: the function or class that the answer cell defines; CapWords mean a class.
        minutes: for a student who meets it first.
        difficulty: 1 (two to four lines), 2 (a choice to make), 3 (two ideas at once).
        reference: "module:name" of the library's own implementation.
        check: takes the subject; returns None, or raises Incorrect.
        hints: from a question to nearly the answer, at least two.
        seconds: how long the check may take before the answer counts as one that never ends.
    """

    id: str
    name: str
    title: str
    minutes: int
    difficulty: Literal[1, 2, 3]
    reference: str
    check: Callable[[Any], None]
    hints: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not is_exercise_id(self.id):
            raise CourseError(f"expected an exercise id such as '2.3', got {self.id!r}")

    @property
    def key(self) -> tuple[int, int]:
        """The id as a pair of integers: 2.10 comes after 2.9."""
        return sort_key(self.id)

    @property
    def is_class(self) -> bool:
        """Whether the answer is a class."""
        return self.name[:1].isupper()

    def hint_for(self, mistake: str | None) -> str:
        """The hint written for `mistake`, or an empty text."""
        return next((m.hint for m in self.mistakes if m.key == mistake), "")

    def load_reference(self) -> Any:
        """The library's own implementation.

        Raises:
            ReferenceNotFound: the module or the name isn't there.
        """
        module, _, name = self.reference.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ReferenceNotFound(
                f"exercise {self.id}: expected its reference {self.reference!r} to be module:name, "
                f"but importing it gave: {error}. Mend it in course/exercises/ch{self.key[0]:02}"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A numbered notebook: `solutions/NN_slug.py` is its source. `extras` are the packages that it needs."""

    number: int
    slug: str
    title: str
    minutes: int
    exercises: tuple[Exercise, ...]
    extras: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its ending: `00_welcome`."""
        return f"{self.number:02}_{self.slug}"


def is_exercise_id(text: str) -> bool:
    """Whether `text` has the form of an exercise's id."""
    return _ID.fullmatch(text) is not None


def sort_key(exercise_id: str) -> tuple[int, int]:
    """An exercise id as a pair of integers."""
    chapter, _, number = exercise_id.partition(".")
    return int(chapter), int(number)
