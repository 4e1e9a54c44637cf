"""Assembles the commands and turns this project's own errors into one line and exit status 1."""

import sys

import typer
from rich.console import Console

from workshop_lib.cli import course, data, doctor, run
from workshop_lib.errors import WorkshopError

app = typer.Typer(
    name="workshop",
    help="Work through the MLOps course: check, run, build, reset.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


app.command("lab", context_settings={"allow_extra_args": True})(course.lab)
app.command("run", cls=run.RunCommand)(run.run)
app.command("progress")(course.progress)
app.command("reset")(course.reset)
app.command("catch-up")(course.catch_up)
app.command("update")(course.update)
app.command("doctor")(doctor.doctor)
app.add_typer(data.app, name="data")
app.command("build", rich_help_panel="Authors")(course.build)
app.command("new-exercise", rich_help_panel="Authors")(course.new_exercise)


def main() -> None:
    """Run the command line of this process and exit."""
    try:
        app()
    except WorkshopError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]workshop:[/] {error}")
        sys.exit(1)
