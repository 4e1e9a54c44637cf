"""Real signals to a real run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workshop_lib.course.run.events import read_events

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")]

DRIVER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from rich.console import Console
from workshop_lib.course.run.errors import RunInterrupted
from workshop_lib.course.run.notebook import find_notebooks
from workshop_lib.course.run.pool import processes
from workshop_lib.course.run.runner import run_course
from workshop_lib.course.run.screen import PlainScreen

def main(folder, runs, kind):
    factory = {"processes": processes, "threads": ThreadPoolExecutor}[kind]
    try:
        run_course(find_notebooks(Path(folder)), runs_dir=Path(runs), cache=Path(runs), jobs=2,
                   screen=PlainScreen(Console()), executor_factory=factory)
    except RunInterrupted as interrupted:
        sys.exit(interrupted.exit_status)

if __name__ == "__main__":
    main(*sys.argv[1:])
"""
HOURS = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], start_new_session=True)\n"
    "time.sleep(3600)"
)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def cells_begun(runs: Path) -> int:
    return sum(e["event"] == "cell" for log in runs.glob("*/events/*.jsonl") for e in read_events(log))


@pytest.mark.parametrize("kind", ["processes", "threads"])
@pytest.mark.parametrize(
    ("signum", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)], ids=["ctrl-c", "sigterm"]
)
def test_a_signal_leaves_no_process_and_no_home(
    make_notebook, tmp_path, own_temporary_folder, kind: str, signum: int, whole_group: bool
):
    for number in range(3):
        folder = make_notebook(f"0{number}_hours", "# Long", HOURS).parent
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    runs = tmp_path / "runs"
    command = [sys.executable, str(driver), str(folder), str(runs), kind]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        try:
            assert wait_until(lambda: cells_begun(runs) == 2)
            kernels_and_servers = 2 * 2
            assert wait_until(lambda: len(psutil.Process(run.pid).children(recursive=True)) >= kernels_and_servers)
            started = psutil.Process(run.pid).children(recursive=True)
            # A terminal's Ctrl-C reaches the whole foreground group.
            (os.killpg if whole_group else os.kill)(run.pid, signum)
            said = run.communicate(timeout=60)[0].decode()
        finally:
            run.kill()
    assert run.returncode == 128 + signum, said
    assert wait_until(lambda: not alive(started), 10), alive(started)
    assert list(own_temporary_folder.iterdir()) == []
    assert "Traceback" not in said


def test_a_run_whose_parent_is_killed_ends_by_itself(make_notebook, tmp_path):
    folder = make_notebook("00_hours", "# Long", HOURS).parent
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    runs = tmp_path / "runs"
    command = [sys.executable, str(driver), str(folder), str(runs), "processes"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            assert wait_until(lambda: cells_begun(runs) == 1)
            started = psutil.Process(run.pid).children(recursive=True)
        finally:
            run.kill()
    assert wait_until(lambda: not alive(started), 30), alive(started)
