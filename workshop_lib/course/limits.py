"""Keeps a student's answer from hanging, flooding or ending the kernel while it is checked."""

import builtins
import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any, NoReturn

from workshop_lib.course.coroutines import interrupt

SHOWN_CHARACTERS = 2_000


class TimeIsUp(BaseException):
    """The time limit. Not an Exception, or an answer's own `except Exception` would swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in the block after `seconds`, and every half second until the block is left.

    By SIGALRM in the main thread, else by an exception set in this thread, which a call that sleeps in C notices only
    when it returns.
    """
    rung = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    try:
        yield from (_by_alarm if main else _by_watchdog)(seconds, rung)
    except (TimeIsUp, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Raised where it was least expected, TimeIsUp may come out as another error.
        if rung.is_set():
            raise TimeIsUp().with_traceback(error.__traceback__) from error
        raise


def _by_alarm(seconds: float, rung: threading.Event) -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> NoReturn:
        rung.set()
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    timer = (0.0, 0.0)
    try:
        # Repeated, since an answer may catch the first with a bare `except`.
        timer = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            signal.signal(signal.SIGALRM, before)
            # Whoever had set an alarm (a test runner) still gets it.
            signal.setitimer(signal.ITIMER_REAL, *timer)


def _by_watchdog(seconds: float, rung: threading.Event) -> Iterator[None]:
    done, thread = threading.Event(), threading.current_thread()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            rung.set()
            interrupt(thread, TimeIsUp)
            wait = 0.5

    watchdog = threading.Thread(target=watch, daemon=True, name="time-limit")
    watchdog.start()
    try:
        yield
    finally:
        done.set()
        watchdog.join()


class Capped(io.TextIOBase):
    """A text stream that keeps the first characters and counts the rest."""

    def __init__(self, limit: int = SHOWN_CHARACTERS) -> None:
        self._kept: list[str] = []
        self._room = limit
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += len(text)
        if self._room > 0:
            self._kept.append(text[: self._room])
            self._room -= len(text)
        return len(text)

    @property
    def text(self) -> str:
        """What was kept."""
        return "".join(self._kept)


@contextmanager
def captured() -> Iterator[Capped]:
    """Python's standard output and error of the block, capped at SHOWN_CHARACTERS."""
    stream = Capped()
    with redirect_stdout(stream), redirect_stderr(stream):
        yield stream


@contextmanager
def no_exit(namespace: dict[str, Any]) -> Iterator[None]:
    """`exit()` and `quit()` raise SystemExit in the block.

    In IPython they return None and the kernel ends after the cell, so both are shadowed: in the answer's own
    `namespace`, and among the builtins.
    """
    spaces = (namespace, vars(builtins))
    before: list[dict[str, Any]] = [{n: space[n] for n in ("exit", "quit") if n in space} for space in spaces]
    for space in spaces:
        space["exit"] = space["quit"] = sys.exit
    try:
        yield
    finally:
        for space, saved in zip(spaces, before, strict=True):
            for name in ("exit", "quit"):
                space.pop(name, None)
            space.update(saved)
