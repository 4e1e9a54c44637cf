"""The default executor: processes that leave Ctrl-C to their parent, and leave nothing behind.

Workers and kernels that all hear the terminal's SIGINT end in any order, and some not at all. Here only the parent
hears it; a worker told to end by SIGTERM, or left alone by its parent's death, takes its kernel with it.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from types import FrameType
from typing import ParamSpec, TypeVar

from workshop_lib.course.notebooks import spare_a_grammar
from workshop_lib.course.run.processes import descendants, end
from workshop_lib.course.run.worker import say_terminated

P = ParamSpec("P")
T = TypeVar("T")


class _Workers(ProcessPoolExecutor):
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = super().submit(fn, *args, **kwargs)
        # The pool wakes its watching thread before it starts a process, so that the thread may not watch the newest
        # and never learn of its death. Waking it once more shows it all of them.
        super().submit(int).cancel()
        return future


def processes(jobs: int) -> ProcessPoolExecutor:
    """`jobs` worker processes. Spawned, not forked: a fork copies locks that the parent's threads hold."""
    context = multiprocessing.get_context("spawn")
    return _Workers(jobs, mp_context=context, initializer=_prepare, initargs=(os.getpid(),))


def _prepare(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    spare_a_grammar()
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _leave(signum: int, _frame: FrameType | None = None) -> None:
    say_terminated()
    end(descendants(), grace=0)
    # An exception would only become the notebook's result, and the worker would wait for its next one.
    os._exit(128 + signum)


def _watch(parent: int) -> None:
    # PDEATHSIG fires when the starting thread ends, and a pipe is kept open by any child: so poll.
    while os.getppid() == parent:
        time.sleep(0.5)
    _leave(signal.SIGTERM)
