from dataclasses import replace
from pathlib import Path

import pytest

from workshop_lib.course import exercises
from workshop_lib.course.errors import CourseError, DuplicateExercise, UnknownChapter, UnknownExercise
from workshop_lib.course.exercises.catalogue import Catalogue, catalogue
from workshop_lib.course.exercises.model import Chapter, Exercise

FIRST = Exercise(
    id="2.1", name="first", title="First", minutes=1, difficulty=1, reference="math:sqrt", check=lambda subject: None,
    hints=("a", "b"), mistakes=(),
)  # fmt: skip
TENTH, NINTH = replace(FIRST, id="2.10", name="tenth"), replace(FIRST, id="2.9", name="ninth")


def chapter(*exercises: Exercise, number: int = 2) -> Chapter:
    return Chapter(number=number, slug="events", title="Events", minutes=90, exercises=exercises)


def test_what_is_no_id_is_told_what_comes_first() -> None:
    for given in (len, [1], 0.1, None):
        with pytest.raises(UnknownExercise, match="id comes first"):
            catalogue().exercise(given)


def test_a_declaration_that_does_not_import_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "exercises" / "ch98"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("from no_such_module import check")
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(broken.parent)])
    with pytest.raises(CourseError, match=r"ch98 don't import: __init__\.py, line 1: ModuleNotFoundError"):
        catalogue.__wrapped__()


def test_ids_are_in_the_order_of_their_integers() -> None:
    course = Catalogue([chapter(number=10), chapter(TENTH, NINTH, FIRST)])
    assert [e.id for e in course.exercises] == ["2.1", "2.9", "2.10"]
    assert [c.stem for c in course] == ["02_events", "10_events"]


def test_a_duplicate_id_names_both() -> None:
    with pytest.raises(DuplicateExercise, match=r"exercise 2\.1 is declared twice: as 'first' and as 'other'"):
        Catalogue([chapter(FIRST, replace(FIRST, name="other"))])


def test_a_duplicate_chapter() -> None:
    with pytest.raises(DuplicateExercise, match="chapter 02 is declared twice"):
        Catalogue([chapter(), chapter()])


def test_an_exercise_in_another_chapter() -> None:
    with pytest.raises(CourseError, match=r"exercise 2\.1 stands in chapter 03: expected an id 3\.N"):
        Catalogue([chapter(FIRST, number=3)])


def test_finding_exercises() -> None:
    course = Catalogue([chapter(FIRST, NINTH, TENTH)])
    assert course.exercise("2.10") is TENTH
    assert course.chapter_of(TENTH).number == 2
    with pytest.raises(UnknownExercise, match=r"no exercise '2\.11'\. The nearest: '2\.1', '2\.10'"):
        course.exercise("2.11")
    with pytest.raises(UnknownExercise, match=r"no exercise 'backoff'\. The nearest: '2\.1', '2\.9', '2\.10'"):
        course.exercise("backoff")


@pytest.mark.parametrize("name", [0, "0", "00", "00_welcome", "00_welcome.ipynb"])
def test_finding_chapters(name: str | int) -> None:
    assert catalogue().chapter(name).number == 0


@pytest.mark.parametrize("name", [99, "99", "welcome", "", "-0", "٣"])
def test_an_unknown_chapter_names_those_there_are(name: str | int) -> None:
    with pytest.raises(UnknownChapter, match="There is: 00_welcome"):
        catalogue().chapter(name)
