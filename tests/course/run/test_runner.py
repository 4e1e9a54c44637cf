import json
import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from workshop_lib.course.run.errors import BadLimit, UnknownParameter
from workshop_lib.course.run.notebook import find_notebooks
from workshop_lib.course.run.plan import recorded_seconds
from workshop_lib.course.run.result import Kind, RunResult
from workshop_lib.course.run.runner import run_course
from workshop_lib.course.run.screen import PlainScreen


def run_all(folder: Path, tmp_path: Path, **options: Any) -> RunResult:
    with (tmp_path / "screen.txt").open("a") as out:
        return run_course(
            find_notebooks(folder),
            runs_dir=tmp_path / "runs",
            cache=tmp_path / "cache",
            screen=PlainScreen(Console(file=out)),
            **options,
        )


@pytest.mark.slow
def test_threads_serve_as_workers_and_share_no_environment(make_notebook, tmp_path):
    show = "import os; print(os.environ['WORKSHOP_HOME'], os.environ['WORKSHOP_CHECKS'], os.environ['WORKSHOP_CACHE'])"
    for name in ("00_a", "01_b"):
        folder = make_notebook(name, "# One", show).parent
    result = run_all(folder, tmp_path, jobs=2, executor_factory=ThreadPoolExecutor, checks="card")
    assert not result.failed
    texts = [
        json.loads(n.executed.read_text())["cells"][1]["outputs"][0]["text"] for n in result.notebooks if n.executed
    ]
    homes, checks, caches = zip(*("".join(text).split() for text in texts), strict=True)
    assert len(set(homes)) == 2
    assert set(checks) == {"card"}
    assert set(caches) == {str(tmp_path / "cache")}


@pytest.mark.slow
def test_a_notebook_called_index_keeps_its_page_and_finds_what_lies_beside_it(make_notebook, tmp_path):
    folder = make_notebook("index", "# Mine", "from pathlib import Path", "print(Path('data.txt').read_text())").parent
    (folder / "data.txt").write_text("beside the notebook")
    result = run_all(folder, tmp_path, executor_factory=ThreadPoolExecutor, own_folder=True)
    (notebook,) = result.notebooks
    assert notebook.failure is None
    assert notebook.page is not None
    assert "beside the notebook" in notebook.page.read_text(encoding="utf-8")
    entrance = (tmp_path / "runs" / "latest" / "index.html").read_text(encoding="utf-8")
    assert "All 1 notebooks finished" in entrance
    assert 'href="notebooks/index.html"' in entrance
    assert 'href="notebooks/index.ipynb"' in entrance
    assert sorted(path.name for path in folder.iterdir()) == ["data.txt", "index.ipynb"]


@pytest.mark.slow
def test_processes_run_what_they_can_and_the_rest_is_said(make_notebook, tmp_path):
    make_notebook("02_fine", "# Fine", "parameters: k = 1", "print(k)")
    folder = make_notebook("01_fails", "## Boom", "1 / 0").parent
    (folder / "00_broken.ipynb").write_text("{")
    result = run_all(folder, tmp_path, jobs=2, parameter_sets=[{"k": 1}, {"k": 2}])
    names = [n.name for n in result.notebooks]
    assert names == ["00_broken", "01_fails-1", "01_fails-2", "02_fine-1", "02_fine-2"]
    assert [n.name for n in result.failed] == ["00_broken", "01_fails-1", "01_fails-2"]
    assert [n.parameters for n in result.notebooks if n.name.startswith("02")] == [{"k": 1}, {"k": 2}]
    assert all(n.page and n.executed for n in result.notebooks[1:])
    assert (tmp_path / "runs" / "latest" / "index.html").samefile(result.report)
    assert set(recorded_seconds(tmp_path / "runs")) == {"02_fine"}
    page = result.report.read_text(encoding="utf-8")
    for text in ("3 of 5 notebooks failed", "ZeroDivisionError: division by zero", "Boom", "line 1, column 2", "k=2"):
        assert text in page


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_worker_that_is_killed_is_named_and_the_others_begin_anew(make_notebook, tmp_path, own_temporary_folder):
    begun = tmp_path / "begun"
    # The one dies when the other has begun; that one waits for its worker's end, and runs through the second time.
    make_notebook(
        "00_kills",
        "## Its own worker",
        f"import os, pathlib, time\nwhile not pathlib.Path({str(begun)!r}).exists(): time.sleep(0.05)\n"
        "os.kill(os.getppid(), 9)\ntime.sleep(600)",
    )
    again = (
        f"import pathlib, time\nbegun = pathlib.Path({str(begun)!r})\nif not begun.exists():\n"
        "    begun.touch()\n    time.sleep(600)"
    )
    folder = make_notebook("01_bystander", again).parent
    known = set(psutil.Process().children(recursive=True))
    result = run_all(folder, tmp_path, jobs=2)
    kills, bystander = result.notebooks
    assert kills.failure is not None
    assert kills.failure.kind is Kind.WORKER
    assert "died without a word" in kills.failure.message
    assert kills.failure.heading == "Its own worker"
    assert bystander.failure is None
    assert list(own_temporary_folder.iterdir()) == []
    left = [p for p in set(psutil.Process().children(recursive=True)) - known if "ipykernel" in " ".join(p.cmdline())]
    assert left == []


class Refusing(Executor):
    """A stand-in for an executor whose machinery fails."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(ConnectionError("no scheduler"))
        return future


def test_what_an_executor_raises_is_the_notebooks_result(make_notebook, tmp_path):
    folder = make_notebook("00_a", "1").parent
    result = run_all(folder, tmp_path, executor_factory=lambda jobs: Refusing())
    assert result.notebooks[0].failure is not None
    assert result.notebooks[0].failure.message == "ConnectionError: no scheduler"
    assert result.notebooks[0].page is None


def test_notebooks_that_are_all_unreadable_make_a_report(tmp_path):
    (tmp_path / "00_a.ipynb").write_text("{")
    result = run_all(tmp_path, tmp_path)
    assert len(result.failed) == 1
    assert result.report.is_file()


def test_it_runs_outside_the_main_thread(tmp_path):
    (tmp_path / "00_a.ipynb").write_text("{")
    results: list[RunResult] = []
    thread = threading.Thread(target=lambda: results.append(run_all(tmp_path, tmp_path)))
    thread.start()
    thread.join()
    assert len(results) == 1


def test_what_cannot_start_is_refused_before_a_folder_is_made(make_notebook, tmp_path):
    folder = make_notebook("00_a", "1").parent
    with pytest.raises(UnknownParameter, match="epochs"):
        run_all(folder, tmp_path, parameter_sets=[{"epochs": 1}])
    for options in ({"jobs": 0}, {"limit": 0}):
        with pytest.raises(BadLimit):
            run_all(folder, tmp_path, **options)
    assert not (tmp_path / "runs").exists()
