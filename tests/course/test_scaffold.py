"""A new exercise in a copy of the course: it builds at once, and the proofs see it."""

import errno
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from workshop_lib.course.errors import ScaffoldError, UnknownChapter
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.scaffold import scaffold

ROOT = Path(__file__).resolve().parents[2]

CHAPTER = catalogue().chapter("00")
NEXT = f"0.{len(CHAPTER.exercises) + 1}"

PROOF = """
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.published import Project
from pathlib import Path

Project(Path.cwd()).build(catalogue())
exercise = catalogue().chapter("00").exercises[-1]
def twice(number): return number + number
assert evaluate(exercise, twice).passed
for mistake in exercise.mistakes:
    names = {}
    exec(mistake.code, names)
    outcome = evaluate(exercise, names["twice"])
    assert outcome.mistake == mistake.key, (mistake.key, outcome)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in ("solutions", "notebooks", "instructor", "workshop_lib"):
        ignore = shutil.ignore_patterns("__pycache__", "data", "assets")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def new(
    root: Path, exercise_id: str = NEXT, name: str = "twice", title: str = "Double it", reference: str = "operator:add"
) -> tuple[Path, Path]:
    return scaffold(catalogue(), root, exercise_id, name, title, minutes=3, difficulty=1, reference=reference)


def files_in(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_new_exercise_builds_and_its_mistakes_are_known(checkout: Path) -> None:
    declaration, source = new(checkout)
    assert declaration.name == "twice.py"
    subprocess.run([sys.executable, "-c", PROOF], cwd=checkout, check=True)
    student = (checkout / "notebooks" / "00_welcome.ipynb").read_text()
    assert f"## {NEXT} Double it" in student
    assert "return 2 * number" not in student
    assert "return 2 * number" in source.read_text()


@pytest.mark.parametrize("exercise_id", ["0.3", "0.9", "zero", "0"])
def test_an_id_that_is_taken_or_leaves_a_gap(checkout: Path, exercise_id: str) -> None:
    with pytest.raises(ScaffoldError, match=r"0\.4|such as 2\.3"):
        new(checkout, exercise_id)


def test_an_unknown_chapter(checkout: Path) -> None:
    with pytest.raises(UnknownChapter, match="00_welcome"):
        new(checkout, "77.1")


REFERENCE = "workshop_lib.platform.shelf:reading_minutes"


@pytest.mark.parametrize(
    ("name", "title", "reference"),
    [
        ("f", "F", "m:f"),
        ("reading_minutes", "How long it takes to read", REFERENCE),
        ("n" * 30, "t" * 98, f"{'m' * 90}:reading"),
        ("back", "back\\", "operator:add"),
        ("quoted", 'The "size" of it', "operator:add"),
        ("quoted_too", "It's \"so\" 'so' {id} \\n", "operator:add"),
    ],
)
def test_what_is_written_is_as_ruff_would_write_it_and_says_what_was_given(
    checkout: Path, name: str, title: str, reference: str
) -> None:
    files = new(checkout, name=name, title=title, reference=reference)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, *files], cwd=checkout, capture_output=True)
        assert done.returncode == 0, done.stdout.decode()
    names: dict[str, Any] = {}
    exec(files[0].read_text(encoding="utf-8"), names)
    assert (names["EXERCISE"].title, names["EXERCISE"].reference) == (title, reference)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("two words", "name of a function"),
        ("class", "name of a function"),
        ("1st", "name of a function"),
        ("Backoff", "class"),
        ("check", "choose another"),
        ("begin", "choose another"),
        ("sum", "choose another"),
        ("n" * 31, "30 characters"),
    ],
)
def test_a_name_for_no_function_of_the_students(checkout: Path, name: str, says: str) -> None:
    before = files_in(checkout)
    with pytest.raises(ScaffoldError, match=says):
        new(checkout, name=name)
    assert files_in(checkout) == before


@pytest.mark.parametrize(
    "given",
    [{"title": "two\nlines"}, {"title": "two\u2028lines"}, {"title": " "}, {"title": "t" * 99}]
    + [{"reference": text} for text in ("", "operator", 'operator:"add', "operator:add\n", f"m:{'f' * 99}")],
)
def test_what_is_no_line_of_text(checkout: Path, given: dict[str, str]) -> None:
    before = files_in(checkout)
    with pytest.raises(ScaffoldError, match="expected"):
        new(checkout, **given)
    assert files_in(checkout) == before


def test_a_module_that_is_there_is_not_overwritten(checkout: Path) -> None:
    before = files_in(checkout)
    with pytest.raises(ScaffoldError, match="another name"):
        new(checkout, name="announce")
    assert files_in(checkout) == before


def test_a_failure_half_way_leaves_nothing(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "00_welcome.py")

    before = files_in(checkout)
    monkeypatch.setattr("workshop_lib.course.scaffold.notebooks.write", full)
    with pytest.raises(ScaffoldError, match=r"00_welcome\.py: No space left"):
        new(checkout)
    assert files_in(checkout) == before


def test_a_chapter_whose_source_is_gone(checkout: Path) -> None:
    (checkout / "solutions" / "00_welcome.py").unlink()
    before = files_in(checkout)
    with pytest.raises(ScaffoldError, match=r"00_welcome\.py: No such file"):
        new(checkout)
    assert files_in(checkout) == before
