"""The commands of a student and of an author, as real processes in a small checkout."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workshop_lib.cli import app, main
from workshop_lib.course import extras, notebooks
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.progress import Progress, State

ROOT = Path(__file__).resolve().parents[2]
WORKSHOP = Path(sys.executable).parent / "workshop"
NEXT = f"0.{len(catalogue().chapter('00').exercises) + 1}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The course's files in a folder whose name looks like markup; the package is the installed one."""
    root = tmp_path / "my [2026] course [/red]"
    for folder in ("solutions", "notebooks", "instructor"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "workshop_lib").mkdir()
    (root / "workshop_lib" / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "my [2026] home [/red]"


def workshop(checkout: Path, home: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [WORKSHOP, *arguments], cwd=checkout, capture_output=True, text=True,
        env={**os.environ, "WORKSHOP_HOME": str(home), "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_help_names_every_command() -> None:
    runner = CliRunner()
    said = runner.invoke(app, ["--help"]).output
    for command in app.registered_commands:
        assert command.name
        assert command.name in said
        assert "Usage" in runner.invoke(app, [command.name, "--help"]).output


def test_build_check_names_the_file_that_one_character_changed(checkout: Path, home: Path) -> None:
    assert "as its source says" in workshop(checkout, home, "build", "--check")
    notebook = checkout / "notebooks" / "00_welcome.ipynb"
    text = notebook.read_text()
    notebook.write_text(text.replace("A real shelf", "A reel shelf", 1))
    assert "notebooks/00_welcome.ipynb" in workshop(checkout, home, "build", "--check", code=1)
    assert "wrote notebooks/00_welcome.ipynb" in workshop(checkout, home, "build")
    assert notebook.read_text() == text
    assert "Nothing to do" in workshop(checkout, home, "build")


def test_reset_puts_the_stub_back_and_keeps_the_answer(checkout: Path, home: Path) -> None:
    workshop(checkout, home, "update")
    copy = checkout / "work" / "00_welcome.ipynb"
    notebook = notebooks.read(copy)
    stub = next(c.source for c in notebook.cells if c.id == "answer-0-1")
    mine = stub.replace('raise NotImplementedError("TODO 0.1")', "return len(text.split())")
    next(c for c in notebook.cells if c.id == "answer-0-1").source = mine
    notebooks.write(copy, notebooks.dumps(notebook))
    (home / "answers").mkdir(parents=True)
    (home / "answers" / "ex_0_1.py").write_text(mine)

    said = workshop(checkout, home, "reset", "0.1")

    assert next(c.source for c in notebooks.read(copy).cells if c.id == "answer-0-1") == stub
    assert (home / "answers" / "ex_0_1.old-1.py").read_text() == mine
    assert not (home / "answers" / "ex_0_1.py").exists()
    assert str(home / "answers" / "ex_0_1.old-1.py") in said
    workshop(checkout, home, "reset", "0.1")
    assert [p.name for p in (home / "answers").glob("*")] == ["ex_0_1.old-1.py"]


def test_catch_up_counts_what_comes_before_as_the_librarys(checkout: Path, home: Path) -> None:
    Progress(home).record("passed", "0.1")
    workshop(checkout, home, "catch-up", "02")
    states = {i: s.state for i, s in Progress(home).standings().items()}
    others = [e.id for e in catalogue().exercises if e.key < (2, 0) and e.id != "0.1"]
    assert states == {"0.1": State.PASSED} | dict.fromkeys(others, State.LIBRARY)
    said = workshop(checkout, home, "progress")
    assert "library's answer" in said
    assert f"1 passed and {len(others)} by the library, of {len(catalogue().exercises)}" in said


def test_catch_up_with_the_first_chapter_has_nothing_to_do(checkout: Path, home: Path) -> None:
    assert workshop(checkout, home, "catch-up", "00").startswith("0 exercises")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("reset", "0.11"), "0.1"),
        (("catch-up", "nonsense"), "00_welcome"),
        (("new-exercise", "0.3", "twice", "--reference", "operator:add"), NEXT),
    ],
)
def test_a_mistake_is_one_line(checkout: Path, home: Path, arguments: tuple[str, ...], expected: str) -> None:
    said = workshop(checkout, home, *arguments, code=1)
    assert said.startswith("workshop: ")
    assert len(said.strip().splitlines()) == 1
    assert expected in said


def test_a_home_that_is_a_file_is_one_line(checkout: Path, home: Path) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("in the way")
    said = workshop(checkout, home, "catch-up", "02", code=1)
    assert f"{home} is a file" in said
    assert "WORKSHOP_HOME" in said
    assert home.read_text() == "in the way"


def test_new_exercise_says_what_to_do_next(checkout: Path, home: Path) -> None:
    (checkout / "workshop_lib" / "course" / "exercises" / "ch00").mkdir(parents=True)
    said = workshop(checkout, home, "new-exercise", NEXT, "twice", "--reference", "operator:add")
    assert "ch00/twice.py" in said
    assert "workshop build" in said


def test_what_an_extra_lacks_is_said_with_its_brackets_and_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extras, "missing", lambda extra: ["nbformat"])
    monkeypatch.setattr(sys, "argv", ["workshop", "lab"])
    with pytest.raises(SystemExit, match="1"):
        main()
    said = capsys.readouterr().err
    assert said.startswith("workshop: this needs the extra [notebooks], and nbformat is not installed. To add it: ")
    assert extras.command("notebooks") in said
