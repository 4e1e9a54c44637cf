"""`workshop rag ask`: an answer with its sources."""

from typing import Annotated

import typer

from workshop_lib.cli.rag.options import AsJson, Collection, Url, print_json
from workshop_lib.cli.terminal import console
from workshop_lib.i18n import _


def ask(
    question: Annotated[str, typer.Argument(help=_("In a sentence or two, between quotes."))],
    top_k: Annotated[int, typer.Option(help=_("How many chunks to answer from."))] = 5,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="FILTER",
            help=_("Only chunks whose metadata fits: key=value, or JSON. Repeat it for more."),
        ),
    ] = None,
    embedder: Annotated[
        str | None, typer.Option(help=_("What the collection was made with, where its name doesn't find it: a folder."))
    ] = None,
    collection: Collection = "documents",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    from workshop_lib.course.extras import require

    require("rag")
    from workshop_lib.cli.rag.filters import parsed
    from workshop_lib.cli.rag.opening import Place
    from workshop_lib.cli.rag.view import answer_json, answer_view

    chosen = parsed(filters or ())
    with Place(url, collection).open_filled(embedder) as service:
        answer = service.answer(question, top_k, chosen)
    if as_json:
        print_json(answer_json(answer))
        return
    screen = console()
    for part in answer_view(answer, marks=screen.color_system is None):
        screen.print(part, soft_wrap=False)
