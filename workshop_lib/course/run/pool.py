"""The default executor: processes that leave Ctrl-C to their parent, and leave nothing behind.

Workers and kernels that all hear the terminal's SIGINT end in any order, and some not at all. Here only the parent
hears it; a worker told to end by SIGTERM, or left alone by its parent's death, takes its kernel with it.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from types import FrameType

from workshop_lib.course.run.processes import descendants, end
from workshop_lib.course.run.worker import say_terminated


def processes(jobs: int) -> ProcessPoolExecutor:
    """`jobs` worker processes. Spawned, not forked: a fork copies locks that the parent's threads hold."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare, initargs=(os.getpid(),))


def _prepare(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    # jsonschema imports this for formats that no notebook has, and it builds a grammar for more than a second. This
    # process serves notebooks only.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
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
