"""Commands for a student's work: lab, update, reset, catch-up, progress; and for authors: build, new-exercise."""

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from workshop_lib import home as _home

_console = Console(highlight=False, soft_wrap=True)


def lab(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The port to serve on; the next free one if it is taken.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Open JupyterLab on your own copies of the notebooks, in work/. Options after -- go to JupyterLab."""
    from workshop_lib.course.copies import Copies
    from workshop_lib.course.extras import require
    from workshop_lib.course.lab import lab_command, lab_environment
    from workshop_lib.course.published import project

    require("notebooks")
    here = project()
    copies = Copies.of(here)
    for copy in copies.make_missing():
        _console.print(f"copied {copy.relative_to(here.root)}")
    outdated = [copy.name for copy in copies.outdated()]
    if outdated:
        _console.print(f"There is a new edition of {', '.join(outdated)}. To get it: [bold]workshop update[/]")
    first = min(here.work.glob("[0-9][0-9]_*.ipynb"))
    command = lab_command(here, first, port=port, browser=browser, extra=context.args)
    os.execve(command[0], command, lab_environment())  # noqa: S606 - this process becomes JupyterLab


def update() -> None:
    """Bring your copies in work/ to the published edition. A copy that you edited stays as it is."""
    from workshop_lib.course.copies import Change, Copies
    from workshop_lib.course.published import project

    here = project()
    root = here.root
    for done in Copies.of(here).update():
        _console.print(f"{done.copy.relative_to(root)}: {done.change}", end="")
        _console.print(f" ({done.beside.name})" if done.beside else "")
        if done.change is Change.KEPT and done.beside and done.base:
            mine, new, base = (p.relative_to(root) for p in (done.copy, done.beside, done.base))
            _console.print(f'  To merge: [bold]nbmerge "{base}" "{mine}" "{new}" --out "{mine}"[/]')
        elif done.change is Change.KEPT and done.beside:
            mine, new = (p.relative_to(root) for p in (done.copy, done.beside))
            _console.print(f'  To compare: [bold]nbdiff-web "{mine}" "{new}"[/]')


def reset(exercise: Annotated[str, typer.Argument(help="An exercise id, such as 0.1.")]) -> None:
    """Put one exercise's stub back into your copy, and keep your old answer beside the saved ones."""
    from workshop_lib.course.answers import Answers
    from workshop_lib.course.copies import Copies, put_back
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.progress import Progress
    from workshop_lib.course.published import project

    here, declared = project(), catalogue().exercise(exercise)
    name = f"{catalogue().chapter_of(declared).stem}.ipynb"
    Copies.of(here).make_missing()
    _home.writable(_home.home())
    old = put_back(here.work / name, here.notebooks / name, declared)
    kept = Answers(_home.home()).set_aside(declared, old)
    Progress(_home.home()).record("reset", exercise)
    _console.print(f"{exercise} is a stub again in work/{name}. " + (f"Your old answer: {kept}" if kept else ""))
    _console.print("If the notebook is open in JupyterLab: File, Reload Notebook from Disk.")


def catch_up(chapter: Annotated[str, typer.Argument(help="The chapter you want to start with, such as 02.")]) -> None:
    """Count every exercise before CHAPTER as done, with the library's answer."""
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.progress import Progress, State

    course = catalogue()
    # A room may skip ahead to a chapter that comes with a later edition.
    number = int(chapter) if chapter.isdecimal() else course.chapter(chapter).number
    progress = Progress(_home.home())
    done = 0
    for exercise in course.exercises:
        if exercise.key[0] < number and progress.standing(exercise.id).state is not State.PASSED:
            progress.record("library", exercise.id)
            done += 1
    _console.print(f"{done} exercises before chapter {number:02} now count as done, with the library's answer.")


def progress() -> None:
    """Show how each exercise stands."""
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.progress import Progress, Standing, State
    from workshop_lib.i18n import _

    colours = {State.PASSED: "green", State.LIBRARY: "cyan", State.TRIED: "yellow", State.NOT_STARTED: "dim"}
    standings = Progress(_home.home()).standings()
    table = Table(title=str(_home.home()), title_style="dim")
    for heading in ("", _("Exercise"), _("State")):
        table.add_column(heading)
    table.add_column(_("Tries"), justify="right")
    table.add_column(_("Hints"), justify="right")
    passed = total = 0
    for chapter in catalogue():
        table.add_section()
        table.add_row(f"{chapter.number:02}", f"[bold]{_(chapter.title)}")
        for exercise in chapter.exercises:
            standing = standings.get(exercise.id, Standing())
            total, passed = total + 1, passed + (standing.state is State.PASSED)
            state = f"[{colours[standing.state]}]{_(standing.state.value)}"
            table.add_row(exercise.id, _(exercise.title), state, str(standing.attempts), str(standing.hints))
    Console().print(table)
    _console.print(_("{passed} of {total} passed").format(passed=passed, total=total))


def build(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a generated file differs.")] = False,
) -> None:
    """Generate the notebooks from solutions/*.py, and the generated part of the instructor's guides."""
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.published import project

    here = project()
    if check:
        here.check(catalogue())
        _console.print("Every generated file is as its source says.")
        return
    changed = here.build(catalogue())
    for path in changed:
        _console.print(f"wrote {path.relative_to(here.root)}")
    if not changed:
        _console.print("Nothing to do: every generated file is as its source says.")


def new_exercise(
    exercise: Annotated[str, typer.Argument(metavar="ID", help="The chapter's next id, such as 0.4.")],
    name: Annotated[str, typer.Argument(help="The function that the student writes.")],
    reference: Annotated[str, typer.Option(help="The library's own implementation, module:name.")],
    title: Annotated[str, typer.Option(help="A few words for the heading.")] = "",
    minutes: Annotated[int, typer.Option(min=1, max=30)] = 5,
    difficulty: Annotated[int, typer.Option(min=1, max=3)] = 1,
) -> None:
    """Start an exercise: append its declaration and its cells, with a worked example to replace."""
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.published import project
    from workshop_lib.course.scaffold import scaffold

    root = project().root
    title = title or name.replace("_", " ").capitalize()
    files = scaffold(
        catalogue(), root, exercise, name, title, minutes=minutes, difficulty=difficulty, reference=reference
    )
    for file in files:
        _console.print(f"edit {file.relative_to(root)}")
    _console.print("Then: [bold]workshop build[/] and [bold]make test ARGS='-k exercises'[/]")
