"""Says in a few lines why a notebook stopped, and where."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from workshop_lib.course.run.events import EventLog
from workshop_lib.course.run.notebook import headings, source_of
from workshop_lib.course.run.result import Failure, Kind
from workshop_lib.i18n import _

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MOST_LINES = 6
_MOST_CHARACTERS = 600


class Recorder:
    """Tells an event log which cell runs, and remembers the last one that began."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._cells: Sequence[Mapping[str, Any]] = ()
        self._headings: list[str] = []
        self._numbers: dict[int, int] = {}
        self.cell, self.heading, self.cell_id = 0, "", ""

    @property
    def cells(self) -> int:
        """How many code cells there are to run."""
        return len(self._numbers)

    def look_at(self, cells: Sequence[Mapping[str, Any]]) -> None:
        """Learn the cells that are about to run, papermill's injected one among them."""
        self._cells, self._headings = cells, headings(cells)
        code = (i for i, cell in enumerate(cells) if cell.get("cell_type") == "code" and source_of(cell).strip())
        self._numbers = {index: number for number, index in enumerate(code, start=1)}

    def kernel(self, process: psutil.Process) -> None:
        """A kernel has started."""
        self._log.write("kernel", pid=process.pid, created=process.create_time())

    def began(self, index: int) -> None:
        """The cell at `index` begins."""
        self.cell, self.heading = self._numbers[index], self._headings[index]
        self.cell_id = str(self._cells[index].get("id", ""))
        self._log.write("cell", cell=self.cell, cells=self.cells, heading=self.heading)

    def ended(self, index: int) -> None:
        """The cell at `index` has ended, well or not."""
        self._log.write("ended", cell=self._numbers[index])


def failure_of(error: BaseException, recorder: Recorder, limit: int) -> Failure:
    """`error`, raised while a notebook ran under a `limit` of seconds a cell, as a Failure."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    match error:
        case PapermillExecutionError():
            kind, message = Kind.CELL, _cell_message(error.ename, error.evalue)
        case CellTimeoutError():
            kind = Kind.LIMIT
            message = _("still running after the limit of {limit} s a cell (--limit)").format(limit=limit)
        case DeadKernelError():
            kind = Kind.KERNEL
            message = _("the kernel died while this cell ran: out of memory, a crash in native code, or exit()")
        case _:
            kind, message = Kind.NOTEBOOK, _cell_message(type(error).__name__, str(error))
    return Failure(kind, message, recorder.cell, recorder.cells, recorder.heading, recorder.cell_id)


def _cell_message(name: str, value: str) -> str:
    # A failed check's message says all that its reader needs.
    whole = value if name == "CheckFailed" and value else f"{name}: {value}" if value else name
    return shortened(whole)


def shortened(text: str) -> str:
    """A few lines of plain text."""
    lines = [line.rstrip() for line in _ANSI.sub("", text).strip().splitlines()]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], "…"]
    text = "\n".join(lines)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"
