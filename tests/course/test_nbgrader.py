"""A school imports the solved notebook into nbgrader: what it releases, and what it gives for three submissions."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.nbgraderformat import MetadataValidator

from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.lab import lab_environment
from workshop_lib.course.progress import Progress, State

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOLVED = ROOT / "solutions/00_welcome.ipynb"
POINTS = {exercise.id: exercise.difficulty for exercise in catalogue().chapter("00").exercises}


class School:
    """An nbgrader course of one assignment, `welcome`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "school"\n')
        own = {
            name: str(folder / "jupyter" / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
        }
        environ = {k: v for k, v in os.environ.items() if k != "WORKSHOP_CHECKS"}
        self._environment = {
            # nbgrader calls alembic by its bare name.
            **lab_environment(environ),
            **own,
            # Relative to where each submission runs, so that none sees another's answers.
            "WORKSHOP_HOME": ".workshop",
            # As if started from a cell, `!nbgrader autograde`: the kernels inherit the name that marks a student's.
            "JPY_SESSION_NAME": "/school/grading.ipynb",
        }

    def nbgrader(self, *arguments: str) -> str:
        """Run nbgrader's command; returns what it printed."""
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def released(self) -> Path:
        return self.folder / "release/welcome" / SOLVED.name

    def submit(self, student: str, notebook: Path) -> Path:
        """Hand a copy of `notebook` in; returns the copy."""
        folder = self.folder / "submitted" / student / "welcome"
        folder.mkdir(parents=True)
        return Path(shutil.copy(notebook, folder / SOLVED.name))

    def home_of(self, student: str) -> Path:
        return self.folder / "autograded" / student / "welcome/.workshop"

    def marks(self) -> dict[str, tuple[float, float]]:
        """What the gradebook says: each student's score, and the most there is."""
        with Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}", "school") as book:
            return {row["student"]: (row["score"], row["max_score"]) for row in book.submission_dicts("welcome")}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    school = School(tmp_path_factory.mktemp("school"))
    source = school.folder / "source/welcome"
    source.mkdir(parents=True)
    shutil.copy(SOLVED, source)
    school.nbgrader("generate_assignment", "welcome")
    school.submit("untouched", school.released)
    school.submit("solved", SOLVED)
    _answer(school.submit("wrong", SOLVED), "0.1", "def count_words(text):\n    return len(text)\n")
    school.nbgrader("autograde", "welcome")
    return school


def _answer(notebook: Path, exercise_id: str, source: str) -> None:
    content = nbformat.read(notebook, as_version=4)
    _cell(content, f"answer-{exercise_id.replace('.', '-')}").source = source
    nbformat.write(content, notebook)


def _cell(content: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(c for c in content.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def test_the_solved_notebook_has_valid_metadata() -> None:
    MetadataValidator().validate_nb(nbformat.read(SOLVED, as_version=4))


def test_the_release_holds_no_answer(school: School) -> None:
    solved, released = (nbformat.read(path, as_version=4) for path in (SOLVED, school.released))
    for exercise_id in POINTS:
        grade_id = f"answer-{exercise_id.replace('.', '-')}"
        answer, stub = _cell(solved, grade_id).source, _cell(released, grade_id).source
        region = answer.partition("### BEGIN SOLUTION")[2].partition("### END SOLUTION")[0]
        assert region.strip()
        assert not [line for line in region.splitlines() if line.strip() and line in stub.splitlines()]
        assert "raise NotImplementedError()" in stub


def test_the_gradebook_gives_each_answer_its_points(school: School) -> None:
    most = float(sum(POINTS.values()))
    assert school.marks() == {"untouched": (0.0, most), "solved": (most, most), "wrong": (most - POINTS["0.1"], most)}


def test_each_submission_has_a_home_of_its_own(school: School) -> None:
    states = {s: [v.state for v in Progress(school.home_of(s)).standings().values()] for s in school.marks()}
    assert states == {
        "untouched": [State.NOT_STARTED] * len(POINTS),
        "solved": [State.PASSED] * len(POINTS),
        "wrong": [State.TRIED, *[State.PASSED] * (len(POINTS) - 1)],
    }


def test_validate_tells_a_student_which_checks_fail(school: School) -> None:
    shown = school.nbgrader("validate", str(school.folder / "submitted/wrong/welcome" / SOLVED.name))
    assert "VALIDATION FAILED ON 1 CELL" in shown
    assert f"CheckFailed: 0.1 {catalogue().exercise('0.1').title} — Not yet" in shown
