"""Commands for a student's work: lab, update, reset, catch-up, progress; and for authors: build, new-exercise."""

import importlib
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from workshop_lib import home as _home
from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _


def lab(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help=_("The port to serve on; the next free one if it is taken."))
    ] = 8888,
    browser: Annotated[bool, typer.Option(help=_("Open a browser."))] = True,
) -> None:
    from workshop_lib.course.copies import Copies
    from workshop_lib.course.extras import require
    from workshop_lib.course.lab import lab_command, lab_environment
    from workshop_lib.course.published import project

    require("notebooks")
    here = project()
    copies = Copies.of(here)
    for copy in copies.make_missing():
        say(_("copied {file}").format(file=copy.relative_to(here.root)))
    outdated = [copy.name for copy in copies.outdated()]
    if outdated:
        text = _("There is a new edition of {names}. To get it: {command}")
        say(text.format(names=", ".join(outdated), command="workshop update"), command="workshop update")
    first = min(here.work.glob("[0-9][0-9]_*.ipynb"))
    command = lab_command(here, first, port=port, browser=browser, extra=context.args)
    os.execve(command[0], command, lab_environment())  # noqa: S606 - this process becomes JupyterLab


def update() -> None:
    from workshop_lib.course.copies import Change, Copies
    from workshop_lib.course.notebooks import spare_a_grammar
    from workshop_lib.course.published import project

    spare_a_grammar()
    here = project()
    root = here.root
    for done in Copies.of(here).update():
        beside = f" ({done.beside.name})" if done.beside else ""
        say(f"{done.copy.relative_to(root)}: {_(done.change.value)}{beside}")
        if done.change is Change.KEPT and done.beside and done.base:
            command = _program("nbmerge", done.base, done.copy, done.beside, "--out", done.copy)
            say("  " + _("To merge: {command}").format(command=command), command=command)
        elif done.change is Change.KEPT and done.beside:
            command = _program("nbdiff-web", done.copy, done.beside)
            say("  " + _("To compare: {command}").format(command=command), command=command)


def _program(name: str, *arguments: str | Path) -> str:
    """A command that runs as it is shown, from any folder and without an activated environment."""
    return shlex.join(map(str, (Path(sys.executable).parent / name, *arguments)))


def reset(exercise: Annotated[str, typer.Argument(help=_("An exercise id, such as 0.1."))]) -> None:
    from workshop_lib.course.answers import Answers
    from workshop_lib.course.copies import AnswerCell, Copies
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.notebooks import spare_a_grammar
    from workshop_lib.course.progress import Progress
    from workshop_lib.course.published import project

    spare_a_grammar()
    here, declared = project(), catalogue().exercise(exercise)
    name = f"{catalogue().chapter_of(declared).stem}.ipynb"
    Copies.of(here).make_missing()
    _home.writable(_home.home())
    cell = AnswerCell(here.work / name, here.notebooks / name, declared)
    # What is there is kept before anything is taken away.
    kept = Answers(_home.home()).set_aside(declared, cell.text)
    cell.put_back()
    Progress(_home.home()).record("reset", exercise)
    said = _("{id} is a stub again in {file}.").format(id=exercise, file=f"work/{name}")
    old = _("Your old answer: {files}").format(files=", ".join(map(str, kept))) if kept else ""
    say(f"{said} {old}".strip())
    say(_("If the notebook is open in JupyterLab: File, Reload Notebook from Disk."))


def catch_up(
    chapter: Annotated[str, typer.Argument(help=_("The chapter you want to start with, such as 02."))],
) -> None:
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.progress import Progress, State

    course = catalogue()
    # A room may skip ahead to a chapter that comes with a later edition.
    number = int(chapter) if chapter.isdecimal() and len(chapter) < 5 else course.chapter(chapter).number
    progress = Progress(_home.home())
    done = 0
    for exercise in course.exercises:
        if exercise.key[0] < number and progress.standing(exercise.id).state is not State.PASSED:
            progress.record("library", exercise.id)
            done += 1
    text = _("{count} exercises before chapter {number:02} now count as done, with the library's answer.")
    say(text.format(count=done, number=number))


def progress() -> None:
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.progress import Progress, Standing, State

    colours = {State.PASSED: "green", State.LIBRARY: "cyan", State.TRIED: "yellow", State.NOT_STARTED: "dim"}
    standings = Progress(_home.home()).standings()
    table = Table(title=str(_home.home()), title_style="dim")
    for heading in ("", _("Exercise"), _("State")):
        table.add_column(heading)
    table.add_column(_("Tries"), justify="right")
    table.add_column(_("Hints"), justify="right")
    passed = library = total = 0
    for chapter in catalogue():
        table.add_section()
        table.add_row(f"{chapter.number:02}", Text(_(chapter.title), "bold"))
        for exercise in chapter.exercises:
            standing = standings.get(exercise.id, Standing())
            total, passed = total + 1, passed + (standing.state is State.PASSED)
            library += standing.state is State.LIBRARY
            state = Text(_(standing.state.value), colours[standing.state])
            table.add_row(exercise.id, _(exercise.title), state, str(standing.attempts), str(standing.hints))
    console().print(table, soft_wrap=False)
    text = _("{passed} passed and {library} by the library, of {total}")
    say(text.format(passed=passed, library=library, total=total))


def build(
    check: Annotated[bool, typer.Option("--check", help=_("Write nothing; fail if a generated file differs."))] = False,
) -> None:
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.notebooks import spare_a_grammar
    from workshop_lib.course.published import project

    spare_a_grammar()
    here = project()
    if check:
        here.check(catalogue())
        say(_("Every generated file is as its source says."))
        return
    changed = here.build(catalogue())
    for path in changed:
        say(_("wrote {file}").format(file=path.relative_to(here.root)))
    if not changed:
        say(_("Nothing to do: every generated file is as its source says."))


def new_exercise(
    exercise: Annotated[str, typer.Argument(metavar="ID", help=_("The chapter's next id, such as 0.4."))],
    name: Annotated[str, typer.Argument(help=_("The function that the student writes."))],
    reference: Annotated[str, typer.Option(help=_("The library's own implementation, module:name."))],
    title: Annotated[str, typer.Option(help=_("A few words for the heading."))] = "",
    minutes: Annotated[int, typer.Option(min=1, max=30, help=_("How long a student needs."))] = 5,
    difficulty: Annotated[int, typer.Option(min=1, max=3, help=_("From 1, easy, to 3."))] = 1,
) -> None:
    from workshop_lib.course.exercises.catalogue import catalogue
    from workshop_lib.course.published import project
    from workshop_lib.course.scaffold import scaffold

    root = project().root
    title = title or name.replace("_", " ").capitalize()
    files = scaffold(
        catalogue(), root, exercise, name, title, minutes=minutes, difficulty=difficulty, reference=reference
    )
    for file in files:
        say(_("edit {file}").format(file=file.relative_to(root)))
    module, _colon, wanted = reference.partition(":")
    if not _can_import(module, wanted):
        say(_("{reference} can't be imported yet: write it before you test.").format(reference=reference))
    then = ("workshop build", "make test ARGS='-k exercises'")
    say(_("Then: {build} and {test}").format(build=then[0], test=then[1]))


def _can_import(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name)
    except (ImportError, ValueError):
        return False
