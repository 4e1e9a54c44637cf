"""What came of an answer, as data; how it is shown is `card`'s affair."""

from dataclasses import dataclass
from enum import StrEnum

from workshop_lib.course.exercises.model import MISSING
from workshop_lib.i18n import mark


class Status(StrEnum):
    """The outcomes that an answer can have."""

    PASSED = mark("passed")
    NOT_STARTED = mark("not started")
    NEEDS = mark("needs another")
    INCORRECT = mark("incorrect")
    ERROR = mark("error")


@dataclass(frozen=True)
class Line:
    """A line of the student's own code."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one answer to one exercise.

    Args:
        message: what happened, where `expected` and `got` don't say it.
        tried, expected, got: as the check stated them, already text.
        mistake: the key of the recorded mistake, or "time-limit", "exit", "wrong-subject".
        hint: written for that mistake.
        line: where the student's code raised.
        needs: the exercise that has to be done first.
        output: what the answer printed, cut at `limits.SHOWN_CHARACTERS`; `written` counts all characters.
        case: the input on which the answer failed.
    """

    exercise_id: str
    status: Status
    message: str = ""
    tried: str = ""
    expected: str = ""
    got: str = ""
    mistake: str = ""
    hint: str = ""
    line: Line | None = None
    needs: str = ""
    output: str = ""
    written: int = 0
    case: object = MISSING

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.status is Status.PASSED
