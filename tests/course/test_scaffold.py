"""A new exercise in a copy of the course: it builds at once, and the proofs see it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop_lib.course.errors import ScaffoldError, UnknownChapter
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.scaffold import scaffold

ROOT = Path(__file__).resolve().parents[2]

PROOF = """
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.published import Project
from pathlib import Path

Project(Path.cwd()).build(catalogue())
exercise = catalogue().exercise("0.4")
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


def new(root: Path, exercise_id: str = "0.4", name: str = "twice") -> tuple[Path, Path]:
    return scaffold(
        catalogue(), root, exercise_id, name, "Double it", minutes=3, difficulty=1, reference="operator:add"
    )


def test_a_new_exercise_builds_and_its_mistakes_are_known(checkout: Path) -> None:
    declaration, source = new(checkout)
    assert declaration.name == "twice.py"
    subprocess.run([sys.executable, "-c", PROOF], cwd=checkout, check=True)
    student = (checkout / "notebooks" / "00_welcome.ipynb").read_text()
    assert "## 0.4 Double it" in student
    assert "return 2 * number" not in student
    assert "return 2 * number" in source.read_text()


@pytest.mark.parametrize("exercise_id", ["0.3", "0.9", "zero", "0"])
def test_an_id_that_is_taken_or_leaves_a_gap(checkout: Path, exercise_id: str) -> None:
    with pytest.raises(ScaffoldError, match=r"0\.4|such as 2\.3"):
        new(checkout, exercise_id)


def test_an_unknown_chapter(checkout: Path) -> None:
    with pytest.raises(UnknownChapter, match="00_welcome"):
        new(checkout, "77.1")


@pytest.mark.parametrize("name", ["two words", "class", "1st"])
def test_a_name_that_python_refuses(checkout: Path, name: str) -> None:
    with pytest.raises(ScaffoldError, match="function"):
        new(checkout, name=name)


def test_a_module_that_is_there_is_not_overwritten(checkout: Path) -> None:
    before = (checkout / "solutions" / "00_welcome.py").read_bytes()
    with pytest.raises(ScaffoldError, match="another name"):
        new(checkout, name="announce")
    assert (checkout / "solutions" / "00_welcome.py").read_bytes() == before
