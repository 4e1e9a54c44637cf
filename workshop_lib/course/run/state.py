"""How each notebook of a run stands, as its events tell it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from workshop_lib.course.run.events import Event
from workshop_lib.course.run.result import Failure, Finish


@dataclass
class Standing:
    """One notebook: waiting until `began` is set, over when `finish` is. Times are seconds of `clock`."""

    name: str
    clock: Callable[[], float] = time.monotonic
    began: float | None = None
    cell: int = 0
    cells: int = 0
    heading: str = ""
    finish: Finish | None = None
    host: str = ""
    home: str = ""
    terminated: bool = False
    kernel: tuple[int, float] | None = field(default=None)

    def apply(self, event: Event) -> None:
        """Take in one event; unknown kinds are left to newer readers."""
        match event:
            case {"event": "started", "host": host, "home": home}:
                self.began, self.host, self.home = self.clock(), host, home
            case {"event": "kernel", "pid": pid, "created": created}:
                self.kernel = (pid, created)
            case {"event": "cell", "cell": cell, "cells": cells, "heading": heading}:
                self.cell, self.cells, self.heading = cell, cells, heading
            case {"event": "terminated"}:
                self.terminated = True
            case _:
                pass

    def start_again(self) -> None:
        """Back to waiting, after a worker was ended for another notebook's fault."""
        self.began, self.cell, self.heading, self.kernel, self.terminated = None, 0, "", None, False

    @property
    def seconds(self) -> float:
        """How long it ran, or has been running."""
        if self.finish is not None:
            return self.finish.seconds
        return 0.0 if self.began is None else self.clock() - self.began

    @property
    def failure(self) -> Failure | None:
        """Why it stopped, or None."""
        return self.finish.failure if self.finish else None
