import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from workshop_lib.cli.run import RunCommand, joined_pairs, run
from workshop_lib.course.run.errors import BadParameter, RunInterrupted, UnknownNotebook
from workshop_lib.course.run.notebook import Notebook

app = typer.Typer(pretty_exceptions_enable=False)
app.command("run", cls=RunCommand)(run)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    folder = tmp_path / "notebooks"
    folder.mkdir()
    return folder


def write(path: Path, *sources: str) -> None:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {"tags": ["parameters"] * (i == 0)}, "source": source}
        | {"outputs": [], "execution_count": None}
        for i, source in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


def test_a_pair_is_joined_and_all_else_stays():
    args = ["00", "-p", "k", "3", "--parameter", "s", "a=b", "-p", "n=1", "02", "--", "-p", "x", "y"]
    joined = ["00", "-p", "k=3", "--parameter", "s=a=b", "-p", "n=1", "02", "--", "-p", "x", "y"]
    assert joined_pairs(args) == joined
    assert joined_pairs(["-p"]) == ["-p"]
    assert joined_pairs(["-p", "k"]) == ["-p", "k"]


@pytest.mark.slow
def test_the_table_the_failure_and_the_status(folder: Path, tmp_path: Path):
    write(folder / "00_fine.ipynb", "fast = False\nk = 1", "assert fast and k == [1, 2]")
    write(folder / "01_bad.ipynb", "k = 1", "raise ValueError('[no] way')")
    (folder / "02_broken.ipynb").write_text("{")
    said = CliRunner().invoke(app, ["--notebooks", str(folder), "-p", "k", "[1, 2]", "--jobs", "2"])
    assert said.exit_code == 1, said.output
    for text in (
        "00_fine",
        "finished",
        "01_bad · cell 3 of 3",
        "ValueError: [no] way",
        "line 1, column 2",
        "index.html",
    ):
        assert text in said.output
    assert "Traceback" not in said.output
    assert (tmp_path / "home" / "runs" / "latest" / "notebooks" / "01_bad.html").is_file()


@pytest.mark.slow
def test_a_whole_run_ends_with_status_0(folder: Path):
    write(folder / "00_fine.ipynb", "fast = True", "assert not fast")
    said = CliRunner().invoke(app, ["0", "--full", "--notebooks", str(folder)])
    assert said.exit_code == 0, said.output


def test_an_unknown_chapter_or_half_a_pair_is_refused(folder: Path):
    write(folder / "00_fine.ipynb", "1")
    for args, error in ((["7"], UnknownNotebook), (["-p", "k"], BadParameter)):
        result = CliRunner().invoke(app, [*args, "--notebooks", str(folder)])
        assert isinstance(result.exception, error)


def test_without_names_a_chapter_whose_packages_are_missing_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch):
    def missing(extra: str) -> list[str]:
        return ["chromadb"] if extra == "rag" else []

    def only_look(chosen: list[Notebook], **_options: object) -> None:
        raise AssertionError([notebook.name for notebook in chosen])

    monkeypatch.setattr("workshop_lib.course.extras.missing", missing)
    monkeypatch.setattr("workshop_lib.course.run.runner.run_course", only_look)
    every = CliRunner().invoke(app, [])
    assert "06_rag is left out: this needs the extra [rag], and chromadb is not installed" in every.output
    assert "00_welcome" in str(every.exception)
    assert "06_rag" not in str(every.exception)
    named = CliRunner().invoke(app, ["06"])
    assert "06_rag" in str(named.exception)


def test_a_stopped_run_has_the_shells_status(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_args: object, **_options: object) -> None:
        raise RunInterrupted(2)

    monkeypatch.setattr("workshop_lib.course.run.runner.run_course", stopped)
    write(folder / "00_fine.ipynb", "1")
    result = CliRunner().invoke(app, ["--notebooks", str(folder)])
    assert result.exit_code == 130
    assert "Stopped" in result.output
