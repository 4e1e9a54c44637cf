"""Runs one notebook with papermill in a home of its own. This is what an executor's workers are given to do."""

import logging
import os
import shutil
import socket
import tempfile
import time
import traceback
from pathlib import Path

from workshop_lib.course.run.events import EventLog
from workshop_lib.course.run.failure import Recorder, failure_of, shortened
from workshop_lib.course.run.result import Failure, Finish, Kind, Score
from workshop_lib.course.run.task import Task
from workshop_lib.i18n import _

# The notebooks that run in this process: one, or one a thread.
_running: set[EventLog] = set()


def run_notebook(task: Task) -> Finish:
    """Run it, and never raise for what the notebook does: a failure is part of the Finish.

    Writes `task.executed` cell by cell and `task.events`; touches neither this process's environment nor its working
    folder, so that threads serve as workers too.
    """
    log = EventLog(task.events)
    began = time.perf_counter()
    try:
        home = Path(tempfile.mkdtemp(prefix="workshop-run-"))
    except OSError as error:
        said = _("no throwaway home could be made in {folder}: {why}")
        return Finish(0.0, failure=Failure(Kind.WORKER, said.format(folder=tempfile.gettempdir(), why=error.strerror)))
    _running.add(log)
    try:
        log.write("started", pid=os.getpid(), host=socket.gethostname(), home=str(home))
        failure = _execute(task, home, log)
        score = _score(home, task)
        seconds = time.perf_counter() - began
        unwritten = _page(task)
    finally:
        _running.discard(log)
        # What a stray process of the notebook still writes here can't matter any more.
        shutil.rmtree(home, ignore_errors=True)
    log.write("finished")
    return Finish(seconds, score, failure or unwritten)


def say_terminated() -> None:
    """Write into the log of each notebook running here that its worker was told to end: the notebook isn't at fault."""
    for log in list(_running):
        log.write("terminated")


def _execute(task: Task, home: Path, log: EventLog) -> Failure | None:
    recorder = Recorder(log)
    try:
        _run(task, home, recorder)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - the boundary of a worker; nbclient lets CancelledError through
        failure = failure_of(error, recorder, task.limit)
        if failure.kind is Kind.NOTEBOOK:
            with task.kernel_log.open("a", encoding="utf-8") as kernel_log:
                traceback.print_exception(error, file=kernel_log)
        return failure
    task.kernel_log.unlink()
    return None


def _run(task: Task, home: Path, recorder: Recorder) -> None:
    # papermill takes a second to import: the parent, which imports this module for the function's name, needn't.
    import papermill
    from papermill.log import logger

    from workshop_lib.course.run.engine import ENGINE, Surroundings

    # Its lines would break into the live screen; what they tell is in the Failure.
    logger.setLevel(logging.CRITICAL)
    scratch = home / "scratch"
    scratch.mkdir()
    environment = {**os.environ, **task.environment, "WORKSHOP_HOME": str(home)}
    with task.kernel_log.open("wb") as kernel_log:
        papermill.execute_notebook(
            _as_template(task.source),
            _as_template(task.executed),
            task.parameters,
            engine_name=ENGINE,
            # Whatever a student's notebook was last opened with, the course's own environment runs it.
            kernel_name="python3",
            language="python",
            progress_bar=False,
            execution_timeout=task.limit,
            surroundings=Surroundings(
                environment, str(task.cwd or scratch), str(home / "kernel.json"), kernel_log, recorder
            ),
        )


def _as_template(path: Path) -> str:
    # papermill formats paths with the parameters.
    return str(path).replace("{", "{{").replace("}", "}}")


def _page(task: Task) -> Failure | None:
    from workshop_lib.course.run.pages import write_page

    try:
        write_page(task)
    except Exception as error:  # noqa: BLE001 - a page that can't be written must not lose the run's result
        said = _("the notebook has run, but its page can't be written: {why}")
        return Failure(Kind.NOTEBOOK, said.format(why=shortened(f"{type(error).__name__}: {error}")))
    return None


def _score(home: Path, task: Task) -> Score:
    from workshop_lib.course.progress import Progress

    summary = Progress(home).summary()
    return Score(summary.passed, max(task.exercises, summary.total), summary.backend)
