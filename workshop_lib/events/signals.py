"""SIGTERM and SIGINT as requests to end in good order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping_signals(stop: Callable[[], None]) -> Iterator[None]:
    """While the body runs, the first SIGTERM or SIGINT calls `stop`; a second one does what it does elsewhere.

    `stop` runs in between any two steps of the main thread: it may not wait for a lock that this thread can hold, as
    `threading.Event.set` does; `queue.SimpleQueue.put` doesn't. On another thread than the main one, which is the
    only one that may ask for signals, the body runs without.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def once(_number: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    for number in before:
        signal.signal(number, once)
    try:
        yield
    finally:
        restore()
