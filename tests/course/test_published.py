import inspect
import shutil
from pathlib import Path

import pytest

from workshop_lib.course import published
from workshop_lib.course.errors import BuildError, OutOfStep, ProjectNotFound
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.published import Project, project, solution_source

COURSE = catalogue()
WORDS = COURSE.exercise("0.1")


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """The project's own sources and generated files, to spoil."""
    for folder in ("solutions", "notebooks", "instructor"):
        shutil.copytree(project().root / folder, tmp_path / "a copy" / folder)
    return Project(tmp_path / "a copy")


def test_the_working_tree_is_in_step() -> None:
    project().check(COURSE)


def test_a_copy_is_in_step_and_building_writes_nothing(copy: Project) -> None:
    copy.check(COURSE)
    assert copy.build(COURSE) == []


@pytest.mark.parametrize(
    "name", ["notebooks/00_welcome.ipynb", "solutions/00_welcome.ipynb", "instructor/00_welcome.md"]
)
def test_one_changed_character_is_found_named_and_mended(copy: Project, name: str) -> None:
    path = copy.root / name
    good = path.read_text(encoding="utf-8")
    at = good.index("Count the words")
    path.write_text(good[:at] + "c" + good[at + 1 :], encoding="utf-8")
    with pytest.raises(OutOfStep, match=f"not as their sources say: {name}"):
        copy.check(COURSE)
    assert copy.build(COURSE) == [path]
    assert path.read_text(encoding="utf-8") == good
    copy.check(COURSE)


@pytest.mark.parametrize("change", [lambda b: b.replace(b"\n", b"\r\n"), lambda b: b + b"\n", lambda b: b + b"\xff"])
def test_line_ends_and_stray_bytes_are_found(copy: Project, change: object) -> None:
    path = copy.notebooks / "00_welcome.ipynb"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(OutOfStep, match=r"notebooks/00_welcome\.ipynb"):
        copy.check(COURSE)


def test_each_file_that_differs_is_named(copy: Project) -> None:
    (copy.notebooks / "00_welcome.ipynb").unlink()
    (copy.solutions / "00_welcome.ipynb").write_text("{}")
    with pytest.raises(OutOfStep) as error:
        copy.check(COURSE)
    assert "solutions/00_welcome.ipynb, notebooks/00_welcome.ipynb" in str(error.value)


@pytest.mark.parametrize("folder", ["notebooks", "solutions"])
def test_a_notebook_without_source_is_named(copy: Project, folder: str) -> None:
    (copy.root / folder / "99_gone.ipynb").write_text("{}")
    with pytest.raises(OutOfStep, match=f"{folder}/99_gone.ipynb"):
        copy.check(COURSE)


def test_a_chapter_without_source(copy: Project) -> None:
    (copy.solutions / "00_welcome.py").unlink()
    with pytest.raises(BuildError, match=r"chapter 00 is declared, but .*00_welcome\.py is missing"):
        copy.check(COURSE)


@pytest.mark.parametrize("name", ["solutions/00_welcome.py", "instructor/00_welcome.md"])
def test_what_is_not_utf_8_is_named(copy: Project, name: str) -> None:
    (copy.root / name).write_bytes(b"# Caf\xe9\n")
    with pytest.raises(BuildError, match=rf"{name} is not UTF-8 text: byte 5"):
        copy.check(COURSE)


def test_a_chapter_without_guide(copy: Project) -> None:
    (copy.guides / "00_welcome.md").unlink()
    with pytest.raises(BuildError, match="chapter 00 has no instructor's guide: write"):
        copy.build(COURSE)


def test_a_source_that_cant_be_built_changes_nothing(copy: Project) -> None:
    source = copy.solutions / "00_welcome.py"
    before = (copy.notebooks / "00_welcome.ipynb").read_bytes()
    source.write_text(source.read_text().replace("    ### END SOLUTION\n", "", 1))
    with pytest.raises(BuildError, match="is never closed"):
        copy.build(COURSE)
    assert (copy.notebooks / "00_welcome.ipynb").read_bytes() == before


def test_a_solution_is_the_chapters_own_cell() -> None:
    source = solution_source(COURSE.chapter("00"), WORDS)
    assert source.startswith("def count_words(text: str) -> int:")
    assert "return len(text.split())" in source
    assert "SOLUTION" not in source


def test_without_a_checkout_it_is_the_librarys_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "project_root", lambda: None)
    assert solution_source(COURSE.chapter("00"), WORDS) == inspect.getsource(WORDS.load_reference())


@pytest.mark.parametrize("text", [None, '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'])
def test_a_solved_notebook_that_lacks_it_gives_the_librarys(
    copy: Project, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    solved = copy.solutions / "00_welcome.ipynb"
    if text is None:
        solved.unlink()
    else:
        solved.write_text(text)
    monkeypatch.setattr(published, "project_root", lambda: copy.root)
    assert solution_source(COURSE.chapter("00"), WORDS) == inspect.getsource(WORDS.load_reference())


def test_no_checkout_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "project_root", lambda: None)
    with pytest.raises(ProjectNotFound, match="expected a checkout of the course"):
        project()
