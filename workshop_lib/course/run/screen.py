"""Shows a run while it goes on: one live line a notebook in a terminal, a line for each new heading elsewhere."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from workshop_lib.course.run.state import Standing
from workshop_lib.i18n import _


class Screen(Protocol):
    """What a run shows itself on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, standings: Sequence[Standing]) -> None:
        """Called several times a second."""


class LiveScreen:
    """One line a notebook, redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def show(self, standings: Sequence[Standing]) -> None:
        """Redraw."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for standing in standings:
            seconds = f"{standing.seconds:.0f} s" if standing.began is not None else ""
            table.add_row(escape(standing.name), seconds, _described(standing))
        self._live.update(table)


class PlainScreen:
    """A line when a notebook begins, reaches a new heading, or ends: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, standings: Sequence[Standing]) -> None:
        """Print what is new."""
        for standing in standings:
            if standing.began is None and standing.finish is None:
                continue
            key = "end" if standing.finish else standing.heading or "begin"
            if self._last.get(standing.name) != key:
                self._last[standing.name] = key
                line = f"{escape(standing.name)}  {standing.seconds:.1f} s  {_described(standing)}"
                self._console.print(line, highlight=False, soft_wrap=True)


def _described(standing: Standing) -> str:
    if standing.failure:
        return _styled(_("failed"), "red") + f"  {escape(standing.failure.first_line)}"
    if standing.finish:
        return _styled(_("finished"), "green")
    if standing.began is None:
        return _styled(_("waiting"), "dim")
    if not standing.cell:
        return _styled(_("starting its kernel"), "dim")
    place = _("cell {cell} of {cells}").format(cell=standing.cell, cells=standing.cells)
    return f"{place}  {escape(standing.heading)}"


def _styled(text: str, style: str) -> str:
    return f"[{style}]{escape(text)}[/]"


def screen_for(console: Console) -> Screen:
    """Live where the console is a terminal, plain elsewhere."""
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)
