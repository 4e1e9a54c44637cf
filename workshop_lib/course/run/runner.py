"""Runs notebooks and leaves a report: `run_course` is what `workshop run` calls."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from workshop_lib.course.run.assets import put_assets
from workshop_lib.course.run.batch import Batch, ExecutorFactory
from workshop_lib.course.run.errors import BadLimit
from workshop_lib.course.run.folder import new_folder, point_latest_to
from workshop_lib.course.run.notebook import Notebook
from workshop_lib.course.run.pages import write_page
from workshop_lib.course.run.parameters import Parameters, known_parameters, refuse_unknown
from workshop_lib.course.run.plan import default_jobs, longest_first, record_seconds, recorded_seconds, thread_caps
from workshop_lib.course.run.pool import processes
from workshop_lib.course.run.report import write_index
from workshop_lib.course.run.result import Failure, Finish, Kind, NotebookResult, RunResult
from workshop_lib.course.run.screen import Screen
from workshop_lib.course.run.task import Task
from workshop_lib.home import writable
from workshop_lib.i18n import _


def run_course(
    notebooks: Sequence[Notebook],
    *,
    runs_dir: Path,
    cache: Path,
    screen: Screen,
    parameter_sets: Sequence[Parameters] = ({},),
    checks: Literal["raise", "card"] = "raise",
    own_folder: bool = False,
    limit: int = 600,
    jobs: int | None = None,
    minutes: Mapping[str, int] | None = None,
    executor_factory: ExecutorFactory = processes,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RunResult:
    """Run each notebook once for each set of parameters, each in a throwaway home, and write the report.

    Args:
        runs_dir: gets a folder for this run, and `latest`, a link to the newest.
        cache: WORKSHOP_CACHE of every kernel.
        checks: WORKSHOP_CHECKS: a failed check stops the notebook, or is shown and recorded.
        own_folder: a notebook runs in the folder where it lies, and finds what lies beside it; else in a throwaway one.
        limit: seconds that one cell may take.
        jobs: how many at once; default by cores and free memory.
        minutes: declared minutes by notebook name, which order notebooks that have never run.
        executor_factory: makes any `concurrent.futures.Executor` whose workers share `runs_dir`.

    Raises:
        UnknownParameter: no notebook has it.
        BadLimit: jobs or limit below one.
        HomeNotWritable: `runs_dir` takes no files.
        RunInterrupted: a signal came; every kernel has been ended.
    """
    began = time.monotonic()
    jobs = default_jobs() if jobs is None else jobs
    if jobs < 1 or limit < 1:
        raise BadLimit(
            _("expected {option} of at least 1, got {value}").format(
                option="--jobs" if jobs < 1 else "--limit", value=min(jobs, limit)
            )
        )
    readable = [n for n in notebooks if not n.error]
    if readable:
        refuse_unknown(readable, parameter_sets)
    folder = new_folder(writable(runs_dir), now())
    jobs = max(1, min(jobs, len(readable) * len(parameter_sets)))
    environment = {
        **thread_caps(jobs),
        "WORKSHOP_CACHE": str(cache),
        "WORKSHOP_CHECKS": checks,
        # ipykernel's debugger warns on every start about Python's frozen modules.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    ordered = longest_first(readable, recorded_seconds(runs_dir), minutes or {})
    tasks = {
        (notebook.path, number): _task(
            notebook, number, one, folder, environment, limit, len(parameter_sets), own_folder
        )
        for notebook in ordered
        for number, one in enumerate(parameter_sets, start=1)
    }
    finishes = Batch(list(tasks.values()), executor_factory, jobs, screen).run()
    for task in tasks.values():
        if not task.page.is_file():
            # Its worker died before it could.
            write_page(task)
    results = [
        _result(notebook, tasks.get((notebook.path, number)), finishes)
        for notebook in notebooks
        for number in range(1, len(parameter_sets) + 1 if not notebook.error else 2)
    ]
    result = RunResult(folder, tuple(results), time.monotonic() - began, jobs)
    put_assets(folder / "assets", (n.page for n in results if n.page))
    record_seconds(runs_dir, {n.source.stem: n.finish.seconds for n in results if n.executed and not n.failure})
    write_index(result, now())
    point_latest_to(folder)
    return result


def _task(
    notebook: Notebook,
    number: int,
    parameters: Parameters,
    folder: Path,
    environment: dict[str, str],
    limit: int,
    sets: int,
    own_folder: bool,
) -> Task:
    name = notebook.name if sets == 1 else f"{notebook.name}-{number}"
    return Task(
        name=name,
        source=notebook.path.absolute(),
        executed=folder / "notebooks" / f"{name}.ipynb",
        events=folder / "events" / f"{name}.jsonl",
        parameters=known_parameters(notebook, parameters),
        environment=environment,
        limit=limit,
        exercises=notebook.exercises,
        cwd=notebook.path.absolute().parent if own_folder else None,
    )


def _result(notebook: Notebook, task: Task | None, finishes: Mapping[str, Finish]) -> NotebookResult:
    if task is None:
        unread = Finish(0.0, failure=Failure(Kind.NOTEBOOK, notebook.error))
        return NotebookResult(notebook.name, notebook.path, unread)
    return NotebookResult(
        task.name,
        notebook.path,
        finishes[task.name],
        task.parameters,
        task.executed if task.executed.is_file() else None,
        task.page if task.page.is_file() else None,
    )
