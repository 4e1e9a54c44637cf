"""SIGTERM and SIGINT as requests to end in good order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

_LOOK = 0.2


def wait_for_end(ends: "SimpleQueue[None]") -> None:
    """Return when something is put into `ends`, by `stopping_signals` or by another thread.

    A signal that comes just before this thread falls asleep doesn't wake it, so that its handler would never run: hence
    a look now and then.
    """
    while True:
        try:
            return ends.get(timeout=_LOOK)
        except Empty:
            continue


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
