"""What several of the commands take and do."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workshop_lib.cli.terminal import console
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from rich.progress import Progress

    from workshop_lib.datasets import Document

Collection = Annotated[str, typer.Option(help=_("The collection's name: one embedder and one chunking each."))]
Url = Annotated[
    str | None,
    typer.Option(
        help=_(
            "A folder (a relative one under WORKSHOP_HOME), or a Chroma server's http://host:port. Default: CHROMA_URL."
        )
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help=_("Write JSON, for programs."))]


def shelf(language: str | None) -> "list[Document]":
    """The course's pages, or those in one language.

    Raises:
        UnknownChoice: there is none in that language.
    """
    from workshop_lib.datasets import UnknownChoice, load

    pages = list(load("documents"))
    languages = sorted({page.language for page in pages})
    if language is not None and language not in languages:
        raise UnknownChoice("language", language, languages)
    return [page for page in pages if language in (None, page.language)]


def progress() -> "Progress":
    """A bar on the error stream, with the rate and the time left; it is gone when the work is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(_("{rate}/s").format(rate=f"{task.speed:.1f}") if task.speed else "", "dim")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
