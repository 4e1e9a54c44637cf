"""Assembles the commands and turns this project's own errors into one line and exit status 1."""

import sys

import typer
from rich.console import Console

from workshop_lib.errors import WorkshopError

app = typer.Typer(
    name="workshop",
    help="Work through the MLOps course: check, run, build, reset.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line of this process and exit."""
    try:
        app()
    except WorkshopError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]workshop:[/] {error}")
        sys.exit(1)
