"""`workshop run`: the solved course, or other notebooks, from first cell to last, with a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.course.run.result import NotebookResult, RunResult


class RunCommand(TyperCommand):
    """Takes papermill's `-p NAME VALUE`, repeated. Typer knows no list of pairs, so a pair becomes NAME=VALUE."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join what follows each `-p`."""
        return super().parse_args(ctx, joined_pairs(args))


def joined_pairs(args: list[str]) -> list[str]:
    """`args` with NAME VALUE after `-p` or `--parameter` as one NAME=VALUE."""
    joined: list[str] = []
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return [*joined, arg, *rest]
        joined.append(arg)
        if arg in ("-p", "--parameter") and rest:
            name = rest.pop(0)
            pair = "=" not in name and bool(rest) and not rest[0].startswith("--")
            joined.append(f"{name}={rest.pop(0)}" if pair else name)
    return joined


def run(
    chapters: Annotated[list[str] | None, typer.Argument(help=_("Which, such as 00 02. Default: all."))] = None,
    jobs: Annotated[int | None, typer.Option(help=_("How many at once. Default: by cores and free memory."))] = None,
    fast: Annotated[bool, typer.Option("--fast/--full", help=_("Small data and few epochs, or everything."))] = True,
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help=_("A notebook's parameter; the value is YAML.")),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--parameters-file", help=_("YAML: a mapping, or a list of mappings for one run each.")),
    ] = None,
    limit: Annotated[int, typer.Option(help=_("Seconds that one cell may take."))] = 600,
    notebooks: Annotated[
        Path | None,
        typer.Option(
            help=_("Others, such as students' own: each runs where it lies, and a failed check doesn't stop it.")
        ),
    ] = None,
) -> None:
    from rich.console import Console

    from workshop_lib.course.extras import require

    require("notebooks")
    from workshop_lib.course.run.errors import RunInterrupted
    from workshop_lib.course.run.notebook import find_notebooks
    from workshop_lib.course.run.parameters import parameter_sets
    from workshop_lib.course.run.runner import run_course
    from workshop_lib.course.run.screen import screen_for
    from workshop_lib.settings import Settings

    settings = Settings()
    chosen = find_notebooks(notebooks or _solutions(), chapters or ())
    if not notebooks and not chapters:
        lacking = _lacking()
        chosen = [notebook for notebook in chosen if notebook.name not in lacking]
    try:
        result = run_course(
            chosen,
            runs_dir=settings.workshop_home / "runs",
            cache=settings.workshop_cache,
            screen=screen_for(Console(highlight=False)),
            parameter_sets=parameter_sets([_pair(text) for text in parameters or ()], file, fast=fast),
            checks="card" if notebooks else "raise",
            own_folder=notebooks is not None,
            limit=limit,
            jobs=jobs,
            minutes=_declared_minutes(),
        )
    except RunInterrupted as interrupted:
        console(stderr=True).print(_("Stopped: every kernel of this run has been ended."))
        raise typer.Exit(interrupted.exit_status) from None
    _print(result)
    if result.failed:
        raise typer.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    from workshop_lib.course.run.errors import BadParameter

    name, equals, value = text.partition("=")
    if not equals:
        raise BadParameter(_("-p {name}: expected a name and a value, such as -p {name} 3").format(name=name))
    return name, value


def _solutions() -> Path:
    from workshop_lib.course.errors import ProjectNotFound
    from workshop_lib.home import project_root

    root = project_root()
    if root is None:
        raise ProjectNotFound(_("expected to run in a checkout of the course. Go there, or give --notebooks DIR."))
    return root / "solutions"


def _lacking() -> set[str]:
    """The chapters whose packages are not here, each named with the command that adds them."""
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.extras import MissingExtra, require

    lacking = set()
    for chapter in catalogue():
        try:
            require(*chapter.extras)
        except MissingExtra as error:
            lacking.add(chapter.stem)
            say(_("{chapter} is left out: {why}").format(chapter=chapter.stem, why=error))
    return lacking


def _declared_minutes() -> dict[str, int]:
    from workshop_lib.course.exercises.catalogue import catalogue

    return {chapter.stem: chapter.minutes for chapter in catalogue()}


def _print(result: "RunResult") -> None:
    from rich.table import Table

    table = Table()
    for name in (_("Chapter"), _("Seconds"), _("Exercises"), _("Backend"), ""):
        table.add_column(name, justify="right" if name in (_("Seconds"), _("Exercises")) else "left")
    for notebook in result.notebooks:
        mark = Text(_("failed"), "red") if notebook.failure else Text(_("finished"), "green")
        score = notebook.finish.score
        table.add_row(notebook.name, f"{notebook.finish.seconds:.1f}", notebook.exercises, score.backend or "–", mark)
    console().print(table, soft_wrap=False)
    for notebook in result.failed:
        _print_failure(notebook)
    say(_("Report: {page}").format(page=result.folder.parent / "latest" / result.report.name))


def _print_failure(notebook: "NotebookResult") -> None:
    failure = notebook.failure
    assert failure is not None
    where = [Text(notebook.name, "bold red")]
    if failure.cell:
        where.append(Text(_("cell {cell} of {cells}").format(cell=failure.cell, cells=failure.cells)))
    if failure.heading:
        where.append(Text(failure.heading))
    console().print(Text(" · ").join(where))
    for line in failure.message.splitlines():
        say(f"  {line}")
    if notebook.page:
        say("  " + _("Open: {page}").format(page=notebook.page))
