"""One set-up at a time in one folder."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(file: Path, waiting: Callable[[], None]) -> Iterator[int]:
    """Hold the lock on `file`; call `waiting` once if another process has it. Yields the descriptor.

    A child that inherits the descriptor holds the lock too: when a set-up is killed and its pip runs on, the next
    set-up waits for that pip instead of writing into the same folder.
    """
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle.fileno()
