"""Puts tasks through an executor, follows their progress, and ends everything when it is told to stop."""

import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from workshop_lib.course.run.errors import RunInterrupted
from workshop_lib.course.run.failure import shortened
from workshop_lib.course.run.processes import descendants, end, end_descendants, same_process, with_children
from workshop_lib.course.run.result import Failure, Finish, Kind
from workshop_lib.course.run.screen import Screen
from workshop_lib.course.run.state import Standing
from workshop_lib.course.run.tail import Tail
from workshop_lib.course.run.task import Task
from workshop_lib.course.run.worker import run_notebook
from workshop_lib.i18n import _

ExecutorFactory = Callable[[int], Executor]
_TICK = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Batch:
    """The tasks of one run, in the order to start them.

    Args:
        executor_factory: makes an executor for a number of jobs; called again if one breaks.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        executor_factory: ExecutorFactory,
        jobs: int,
        screen: Screen,
    ) -> None:
        self._factory, self._jobs, self._screen = executor_factory, jobs, screen
        self._waiting = list(tasks)
        self._standings = {task.name: Standing(task.name) for task in tasks}
        self._tails = {task.name: Tail(task.events) for task in tasks}

    def run(self) -> dict[str, Finish]:
        """Run every task; the Finish of each by its name.

        Raises:
            RunInterrupted: SIGINT or SIGTERM came; workers, kernels and their homes are gone.
        """
        with self._screen:
            while self._waiting:
                self._round()
            self._look()
        return {name: standing.finish for name, standing in self._standings.items() if standing.finish}

    def _round(self) -> None:
        tasks, self._waiting = self._waiting, []
        before = descendants()
        executor = self._factory(min(self._jobs, len(tasks)))
        futures: dict[Future[Finish], Task] = {}
        unfinished: list[Task] = []
        try:
            with _stopping():
                # A worker inherits that SIGINT is ignored, so that Ctrl-C can't meet it half-way into its imports.
                with _ignoring(signal.SIGINT):
                    for task in tasks:
                        try:
                            futures[executor.submit(run_notebook, task)] = task
                        except BrokenExecutor:
                            unfinished.append(task)
                unfinished += self._follow(futures)
        except _Stopped as stop:
            with _ignoring(*_SIGNALS):
                executor.shutdown(wait=False, cancel_futures=True)
                end_descendants(before, until=lambda: all(future.done() for future in futures))
                for task in tasks:
                    self._clear(task)
            raise RunInterrupted(stop.signum) from None
        executor.shutdown(wait=True)
        self._sort_out(unfinished)

    def _follow(self, futures: dict[Future[Finish], Task]) -> list[Task]:
        unfinished = []
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._look()
            for future in done:
                try:
                    self._finish(futures[future], future.result())
                except BrokenExecutor:
                    unfinished.append(futures[future])
                except Exception as error:  # noqa: BLE001 - whatever another executor raises is this task's result
                    message = shortened(f"{type(error).__name__}: {error}")
                    self._finish(futures[future], Finish(0.0, failure=Failure(Kind.WORKER, message)))
        return unfinished

    def _sort_out(self, unfinished: list[Task]) -> None:
        """After a worker died its executor ends the others too: those, told by SIGTERM, begin anew."""
        self._look()
        guilty = [t for t in unfinished if self._standings[t.name].began and not self._standings[t.name].terminated]
        for task in unfinished:
            self._clear(task)
            if guilty and task not in guilty:
                self._standings[task.name].start_again()
                self._waiting.append(task)
            else:
                self._finish(task, self._death(task))

    def _death(self, task: Task) -> Finish:
        standing = self._standings[task.name]
        said = _("its worker process died without a word, as one that is killed or runs out of memory does")
        where = (standing.cell, standing.cells, standing.heading)
        return Finish(standing.seconds, failure=Failure(Kind.WORKER, said, *where))

    def _clear(self, task: Task) -> None:
        """End what a dead worker left: its kernel, and the throwaway home."""
        self._look()
        standing = self._standings[task.name]
        if standing.host != socket.gethostname() or standing.finish:
            return
        if standing.kernel and (kernel := same_process(*standing.kernel)):
            end(with_children(kernel), grace=0)
        if standing.home:
            shutil.rmtree(Path(standing.home), ignore_errors=True)

    def _finish(self, task: Task, finish: Finish) -> None:
        self._standings[task.name].finish = finish

    def _look(self) -> None:
        for name, tail in self._tails.items():
            for event in tail.poll():
                self._standings[name].apply(event)
        self._screen.show(list(self._standings.values()))


class _Stopped(BaseException):
    def __init__(self, signum: int) -> None:
        self.signum = signum


@contextmanager
def _stopping() -> Iterator[None]:
    """SIGINT and SIGTERM raise _Stopped in the main thread; elsewhere they stay whoever's they are."""

    def stop(signum: int, _frame: FrameType | None) -> None:
        raise _Stopped(signum)

    with _handling(stop, *_SIGNALS):
        yield


@contextmanager
def _ignoring(*signals: signal.Signals) -> Iterator[None]:
    with _handling(signal.SIG_IGN, *signals):
        yield


@contextmanager
def _handling(
    handler: Callable[[int, FrameType | None], None] | signal.Handlers, *signals: signal.Signals
) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signum: signal.signal(signum, handler) for signum in signals}
    try:
        yield
    finally:
        for signum, was in before.items():
            signal.signal(signum, was)
