"""Assembles the commands and turns this project's own errors into one line and exit status 1."""

import sys

import typer
from rich.text import Text

from workshop_lib.cli import course, data, doctor, events, rag, run, services
from workshop_lib.cli.terminal import console
from workshop_lib.errors import WorkshopError
from workshop_lib.i18n import _

app = typer.Typer(
    name="workshop",
    help=_("Work through the MLOps course: check, run, build, reset."),
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


# What a command does is said here and not in its docstring, which no catalogue can translate.
app.command(
    "lab",
    help=_("Open JupyterLab on your own copies of the notebooks, in work/. Options after -- go to JupyterLab."),
    context_settings={"allow_extra_args": True},
)(course.lab)
app.command(
    "run",
    cls=run.RunCommand,
    help=_("Run notebooks with papermill, several at once, and write a report that opens offline."),
)(run.run)
app.command("progress", help=_("Show how each exercise stands."))(course.progress)
app.command(
    "reset",
    help=_("Put one exercise's stub back into your copy, and keep your old answer beside the saved ones."),
)(course.reset)
app.command("catch-up", help=_("Count every exercise before CHAPTER as done, with the library's answer."))(
    course.catch_up
)
app.command(
    "update",
    help=_("Bring your copies in work/ to the published edition. A copy that you edited stays as it is."),
)(course.update)
app.command(
    "doctor",
    help=_("Look over this machine: what the course needs, and how to mend what it lacks. Exit 1 if it can't run."),
)(doctor.doctor)
app.add_typer(data.app, name="data")
app.add_typer(events.app, name="events")
app.add_typer(rag.app, name="rag")
app.add_typer(services.app, name="services")
app.command(
    "build",
    help=_("Generate the notebooks from solutions/*.py, and the generated part of the instructor's guides."),
    rich_help_panel=_("Authors"),
)(course.build)
app.command(
    "new-exercise",
    help=_("Start an exercise: append its declaration and its cells, with a worked example to replace."),
    rich_help_panel=_("Authors"),
)(course.new_exercise)


def main() -> None:
    """Run the command line of this process and exit."""
    try:
        app()
    except WorkshopError as error:
        console(stderr=True).print(Text.assemble(("workshop:", "bold red"), f" {error}"))
        sys.exit(1)
