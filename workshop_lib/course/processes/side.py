"""A process beside the notebook: started, listened to, killed, and never left behind."""

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from workshop_lib import home as _home
from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

_LONGEST = 60.0
_LOOK = 0.2


class SideProcessEnded(PlainError):
    """The process ended, or said nothing, where more was expected of it."""


@dataclass(frozen=True)
class Line:
    """Something that the process said: `word`, about `what`, at `at` (seconds since 1970)."""

    word: str
    what: str
    at: float


class SideProcess:
    """``python -m module`` in a process of its own, with ``WORKSHOP_PARTS=answers``.

    It is killed when this process ends, and, should this one be killed itself, it sees that its parent is gone and
    ends: its `main` is handed to `run_aside`. What it says by `say` is in `lines`. `started` and `ended` are seconds
    since 1970, the latter infinite until `kill` or `stop`.
    """

    def __init__(self, module: str, **told: Any) -> None:
        """Start it; `told`, which JSON can say, are the arguments of its `main`."""
        environment = os.environ | {"WORKSHOP_PARTS": "answers", "WORKSHOP_HOME": str(_home.home())}
        command = [sys.executable, "-m", module, str(os.getpid()), json.dumps(told)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.started, self.ended = time.time(), float("inf")
        self.lines: list[Line] = []
        self._other: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"side-process-{self.pid}")
        self._reader.start()
        atexit.register(self.kill)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def said(self, word: str) -> list[Line]:
        """The lines with that word."""
        return [line for line in list(self.lines) if line.word == word]

    def wait_for(self, word: str, count: int = 1, seconds: float = _LONGEST) -> Line:
        """Wait until it has said `word` `count` times, and return that line.

        Raises:
            SideProcessEnded: it ended before, or `seconds` have passed; with the last of its output.
        """
        with self._news:
            self._news.wait_for(lambda: len(self.said(word)) >= count or not self._reader.is_alive(), seconds)
            found = self.said(word)
        if len(found) < count:
            text = _("expected the process to say {word!r}, got: {output}")
            raise SideProcessEnded(text.format(word=word, output="\n".join(self._other[-8:]) or _("nothing")))
        return found[count - 1]

    def wait_until_quiet(self, quiet: float, seconds: float = _LONGEST) -> None:
        """Wait until it has said nothing for `quiet` seconds, or ended, at most `seconds`."""
        until = time.monotonic() + seconds
        with self._news:
            heard = -1
            while heard != len(self.lines) and self._reader.is_alive() and time.monotonic() < until:
                heard = len(self.lines)
                self._news.wait_for(lambda before=heard: len(self.lines) != before, quiet)  # type: ignore[misc]

    def kill(self) -> None:
        """As ``kill -9`` does: at once, with no chance to tidy up. Doing it to an ended process is no error."""
        if self.running:
            self._process.kill()
        self._end()

    def stop(self, seconds: float = _LONGEST) -> int:
        """Ask it to end (SIGTERM), and return its exit code: 0 where it had time to finish what it had begun.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self._process.terminate()
        self._process.wait(seconds)
        return self._end()

    def _end(self) -> int:
        code = self._process.wait()
        self.ended = min(self.ended, time.time())
        self._reader.join()
        atexit.unregister(self.kill)
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for text in output:
                line = _line(text)
                with self._news:
                    if line is None:
                        self._other.append(text.rstrip())
                    else:
                        self.lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()


def say(word: str, what: str = "") -> None:
    """In a side process: tell the notebook."""
    # In one write: several threads may speak at once.
    sys.stdout.write(json.dumps({"word": word, "what": what, "at": time.time()}) + "\n")
    sys.stdout.flush()


def run_aside(main: Callable[..., None]) -> None:
    """In a side process: call `main` with what `SideProcess` was told, and end when the parent is gone."""
    parent = int(sys.argv[1])
    threading.Thread(target=_end_with, args=(parent,), daemon=True, name="end-with-parent").start()
    main(**json.loads(sys.argv[2]))


def _end_with(parent: int) -> None:
    # Neither a signal at the parent's death (it comes when the starting thread ends) nor a pipe (any child of the
    # parent keeps it open) tells this for sure.
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


def _line(text: str) -> Line | None:
    try:
        return Line(**json.loads(text))
    except (ValueError, TypeError):
        return None
