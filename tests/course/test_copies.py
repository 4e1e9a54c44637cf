"""A student's copies, with a real upstream repository and real pulls."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop_lib.course import notebooks
from workshop_lib.course.copies import AnswerCell, Change, Copies
from workshop_lib.course.errors import CellNotFound, NotebookUnreadable
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.published import Project
from workshop_lib.home import HomeNotWritable

ROOT = Path(__file__).resolve().parents[2]
NAME = "00_welcome.ipynb"
SCRIPTS = Path(sys.executable).parent


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def workshop(folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "WORKSHOP_HOME"}
    done = subprocess.run(
        [SCRIPTS / "workshop", *arguments], cwd=folder, capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout


@pytest.fixture
def upstream(tmp_path: Path) -> Project:
    """A repository with the course's files, as a student would clone it."""
    root = tmp_path / "up stream"
    for folder in ("solutions", "notebooks", "instructor"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "workshop_lib").mkdir()
    (root / "workshop_lib" / "__init__.py").touch()
    for file in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / file, root / file)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first edition")
    return Project(root)


@pytest.fixture
def clone(upstream: Project, tmp_path: Path) -> Project:
    git(tmp_path, "clone", "--quiet", str(upstream.root), "my clone")
    return Project(tmp_path / "my clone")


def publish_new_edition(upstream: Project) -> None:
    source = upstream.solutions / "00_welcome.py"
    text = source.read_text(encoding="utf-8")
    assert "## A real shelf" in text
    source.write_text(text.replace("## A real shelf", "## A shelf of real pages"), encoding="utf-8")
    upstream.build(catalogue())
    git(upstream.root, "commit", "--quiet", "-a", "-m", "second edition")


def edit(copy: Path, text: str = "len(text.split())  # mine") -> None:
    notebook = notebooks.read(copy)
    cell = next(c for c in notebook.cells if c.id == "answer-0-1")
    cell.source = cell.source.replace('raise NotImplementedError("TODO 0.1")', f"return {text}")
    notebooks.write(copy, notebooks.dumps(notebook))


def test_a_copy_is_made_once(clone: Project) -> None:
    copies = Copies.of(clone)
    assert copies.make_missing() == [clone.work / f"{chapter.stem}.ipynb" for chapter in catalogue()]
    edit(clone.work / NAME)
    mine = (clone.work / NAME).read_bytes()
    assert copies.make_missing() == []
    assert (clone.work / NAME).read_bytes() == mine


def test_an_edit_survives_build_lab_pull_and_update(upstream: Project, clone: Project) -> None:
    copy = clone.work / NAME
    Copies.of(clone).make_missing()
    edit(copy)
    mine = copy.read_bytes()
    clone.build(catalogue())
    assert git(clone.root, "status", "--porcelain") == ""

    publish_new_edition(upstream)
    git(clone.root, "pull", "--quiet")
    assert Copies.of(clone).outdated() == [copy]
    said = workshop(clone.root, "update")

    assert copy.read_bytes() == mine
    beside = next(clone.work.glob("00_welcome.new-*.ipynb"))
    assert beside.read_text() == (clone.notebooks / NAME).read_text()
    assert "nbmerge" in said
    assert beside.name in said
    assert git(clone.root, "status", "--porcelain") == ""


def test_the_merge_that_update_proposes_keeps_both(upstream: Project, clone: Project, tmp_path: Path) -> None:
    copy = clone.work / NAME
    Copies.of(clone).make_missing()
    edit(copy)
    publish_new_edition(upstream)
    git(clone.root, "pull", "--quiet")
    command = workshop(clone.root, "update").partition("To merge: ")[2].partition("\n")[0]

    # From any folder, and without an activated environment.
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if Path(p) != SCRIPTS)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True, env={**os.environ, "PATH": path})
    merged = copy.read_text()
    assert "# mine" in merged
    assert "A shelf of real pages" in merged
    assert Copies.of(clone).outdated() == []


def test_an_untouched_copy_becomes_the_new_edition(upstream: Project, clone: Project) -> None:
    copy = clone.work / NAME
    Copies.of(clone).make_missing()
    ran = notebooks.read(copy)
    ran.cells[1].execution_count = 1
    notebooks.write(copy, notebooks.dumps(ran))
    publish_new_edition(upstream)
    git(clone.root, "pull", "--quiet")
    others = [Change.CURRENT] * (len(list(catalogue())) - 1)
    assert [u.change for u in Copies.of(clone).update()] == [Change.REPLACED, *others]
    assert "A shelf of real pages" in copy.read_text()
    assert [u.change for u in Copies.of(clone).update()] == [Change.CURRENT, *others]


def test_an_edited_new_edition_beside_is_not_overwritten(upstream: Project, clone: Project) -> None:
    Copies.of(clone).make_missing()
    edit(clone.work / NAME)
    publish_new_edition(upstream)
    git(clone.root, "pull", "--quiet")
    beside = Copies.of(clone).update()[0].beside
    assert beside is not None
    edit(beside, "42")
    Copies.of(clone).update()
    assert "return 42" in beside.read_text()


def test_a_broken_copy_is_kept(upstream: Project, clone: Project) -> None:
    copy = clone.work / NAME
    Copies.of(clone).make_missing()
    copy.write_text('{"cells": [', encoding="utf-8")
    assert Copies.of(clone).update()[0].change is Change.KEPT
    assert copy.read_text() == '{"cells": ['


def test_work_that_is_a_file_is_said(clone: Project) -> None:
    clone.work.write_text("not a folder")
    with pytest.raises(HomeNotWritable, match="work"):
        Copies.of(clone).make_missing()


def test_the_stub_is_put_back(clone: Project) -> None:
    copy, exercise = Copies.of(clone).make_missing()[0], catalogue().exercise("0.1")
    edit(copy)
    cell = AnswerCell(copy, clone.notebooks / NAME, exercise)
    assert "# mine" in (cell.text or "")
    cell.put_back()
    assert cell.text is None
    assert AnswerCell(copy, clone.notebooks / NAME, exercise).text is None
    assert "# mine" not in copy.read_text()


@pytest.mark.parametrize("first_line", ["", "%%time\n"])
def test_a_cell_without_its_id_is_found_by_what_it_defines(clone: Project, first_line: str) -> None:
    copy, exercise = Copies.of(clone).make_missing()[0], catalogue().exercise("0.1")
    edit(copy)
    plain = json.loads(copy.read_text())
    plain["nbformat_minor"] = 4
    for cell in plain["cells"]:
        if cell.pop("id") == "answer-0-1":
            cell["source"] = [first_line, *cell["source"]]
    copy.write_text(json.dumps(plain))
    assert "# mine" in (AnswerCell(copy, clone.notebooks / NAME, exercise).text or "")


def test_without_the_cell_the_stub_is_shown(clone: Project) -> None:
    copy, exercise = Copies.of(clone).make_missing()[0], catalogue().exercise("0.1")
    notebook = notebooks.read(copy)
    notebook.cells = [c for c in notebook.cells if c.id != "answer-0-1"]
    notebooks.write(copy, notebooks.dumps(notebook))
    with pytest.raises(CellNotFound, match="def count_words"):
        AnswerCell(copy, clone.notebooks / NAME, exercise)


def test_invalid_json_is_left_as_it_is(clone: Project) -> None:
    copy = Copies.of(clone).make_missing()[0]
    copy.write_text("{")
    with pytest.raises(NotebookUnreadable, match="line 1"):
        AnswerCell(copy, clone.notebooks / NAME, catalogue().exercise("0.1"))
    assert copy.read_text() == "{"
