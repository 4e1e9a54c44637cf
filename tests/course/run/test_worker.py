import os
from pathlib import Path

import nbformat
import psutil
import pytest

from workshop_lib.course.run.events import read_events
from workshop_lib.course.run.result import Kind
from workshop_lib.course.run.worker import run_notebook

pytestmark = pytest.mark.slow


def printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", ()))


def test_a_notebook_runs_in_a_home_and_folder_of_its_own(make_notebook, make_task, own_temporary_folder):
    before, here = dict(os.environ), Path.cwd()
    source = make_notebook(
        "00_{braces}",
        "# Title",
        "parameters: k = 1",
        "## Say",
        "import os, pathlib\nhome = pathlib.Path(os.environ['WORKSHOP_HOME'])\n"
        "print(k, os.environ['CAP'], pathlib.Path.cwd().parent == home)",
    )
    bytes_before = source.read_bytes()
    task = make_task(source, parameters={"k": 7}, environment={"CAP": "2"})
    finish = run_notebook(task)
    assert finish.failure is None
    assert printed(task.executed) == "7 2 True\n"
    assert list(own_temporary_folder.iterdir()) == []
    assert (dict(os.environ), Path.cwd(), source.read_bytes()) == (before, here, bytes_before)
    events = list(read_events(task.events))
    assert [e["event"] for e in events][:3] == ["started", "kernel", "cell"]
    assert events[-1]["event"] == "finished"
    cells = [(e["cell"], e["cells"], e["heading"]) for e in events if e["event"] == "cell"]
    assert cells == [(1, 3, "Title"), (2, 3, "Title"), (3, 3, "Say")]
    assert not psutil.pid_exists(events[1]["pid"])
    assert not task.kernel_log.exists()


def test_what_the_checks_recorded_is_counted_before_the_home_goes(make_notebook, make_task):
    source = make_notebook(
        "00_a",
        "from workshop_lib.course.progress import Progress\nfrom workshop_lib.home import home\n"
        "p = Progress(home())\np.record('passed', '0.1')\n"
        "p.record('incorrect', '0.2')\np.record('backend', '', 'memory')",
    )
    score = run_notebook(make_task(source, exercises=3)).score
    assert (score.passed, score.total, score.backend) == (1, 3, "memory")


def test_a_failing_cell_says_where_and_why(make_notebook, make_task):
    source = make_notebook("00_a", "# Title", "1", "## Boom", "raise ValueError('no\\nway')", "print('never')")
    task = make_task(source)
    failure = run_notebook(task).failure
    assert failure is not None
    assert (failure.kind, failure.cell, failure.cells, failure.heading) == (Kind.CELL, 2, 3, "Boom")
    assert failure.message == "ValueError: no\nway"
    assert failure.cell_id == "cell-3"
    assert "never" not in printed(task.executed)
    assert "Boom" in task.page.read_text(encoding="utf-8")


def test_a_failed_check_is_its_message_alone(make_notebook, make_task):
    source = make_notebook(
        "00_a", "from workshop_lib.course.errors import CheckFailed", "raise CheckFailed('0.1: say more')"
    )
    failure = run_notebook(make_task(source)).failure
    assert failure is not None
    assert failure.message == "0.1: say more"


def test_a_cell_over_the_limit_names_the_limit(make_notebook, make_task):
    failure = run_notebook(make_task(make_notebook("00_a", "import time; time.sleep(600)"), limit=1)).failure
    assert failure is not None
    assert failure.kind is Kind.LIMIT
    assert "1 s" in failure.message


def test_a_kernel_that_dies_is_said_to_have_died(make_notebook, make_task):
    failure = run_notebook(make_task(make_notebook("00_a", "## End", "import os; os.kill(os.getpid(), 9)"))).failure
    assert failure is not None
    assert (failure.kind, failure.heading) == (Kind.KERNEL, "End")
    assert "died" in failure.message


def test_a_server_that_a_cell_started_goes_with_its_kernel(make_notebook, make_task):
    source = make_notebook(
        "00_a",
        "import subprocess, sys\n"
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True).pid)",
    )
    task = make_task(source)
    assert run_notebook(task).failure is None
    pid = int(printed(task.executed))
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_json_that_is_no_notebook_is_a_failure(make_task, tmp_path):
    source = tmp_path / "00_a.ipynb"
    source.write_text('{"cells": [{"cell_type": "strange"}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    failure = run_notebook(make_task(source)).failure
    assert failure is not None
    assert failure.kind is Kind.NOTEBOOK


def test_no_room_for_a_home_is_a_failure(make_notebook, make_task, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    failure = run_notebook(make_task(make_notebook("00_a", "1"))).failure
    assert failure is not None
    assert (failure.kind, "throwaway home" in failure.message) == (Kind.WORKER, True)
