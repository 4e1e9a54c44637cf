"""The course machinery. A notebook imports what a student calls from here::

from workshop_lib.course import answer, begin, case, check, hint, solution
"""

from typing import Any

from workshop_lib.course.desk import begin, desk
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.model import MISSING


def check(exercise_id: str, subject: Any = MISSING) -> None:
    """Try your answer: `check("2.3", backoff)`. It shows what came of it and saves a right answer."""
    desk().check(exercise_id, subject)


def hint(exercise_id: str) -> None:
    """Show one more hint: `hint("2.3")`."""
    desk().hint(exercise_id)


def solution(exercise_id: str) -> None:
    """Show a solution, once you have tried: `solution("2.3")`."""
    desk().solution(exercise_id)


def answer(exercise_id: str) -> Any:
    """Your saved answer if there is one, else the library's: `backoff = answer("2.3")`. It says which."""
    return desk().answer(exercise_id)


def case(exercise_id: str) -> Any:
    """The input on which your last answer failed: `case("2.3")`."""
    return desk().case(exercise_id)


__all__ = ["answer", "begin", "case", "check", "evaluate", "hint", "solution"]
