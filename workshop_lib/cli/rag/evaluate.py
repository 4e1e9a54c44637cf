"""`workshop rag eval`: how good the answers are."""

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from workshop_lib.cli.rag.options import AsJson, Collection, Url, print_json, progress, shelf
from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workshop_lib.rag.measuring import Report


def evaluate(
    split: Annotated[
        str, typer.Option(help=_("test to report on, or calibrate, on which thresholds are chosen."))
    ] = "test",
    language: Annotated[str | None, typer.Option(help=_("Only questions in en or es."))] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            help=_(
                "Measure this one, on a throwaway collection of the course's pages; the folder that the collection was "
                "made with measures the collection."
            )
        ),
    ] = None,
    chunk_size: Annotated[int | None, typer.Option(help=_("Of the throwaway collection. Default: 500."))] = None,
    chunk_overlap: Annotated[int | None, typer.Option(help=_("Of the throwaway collection. Default: 50."))] = None,
    collection: Collection = "documents",
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    from tempfile import TemporaryDirectory

    from workshop_lib.course.extras import require

    require("rag")
    from workshop_lib.cli.rag.opening import Place, made_with
    from workshop_lib.datasets import load
    from workshop_lib.rag.measuring import evaluate_retrieval

    # Unknown ones are refused there, with the choices.
    chosen: dict[str, Any] = {"split": split, "language": language}
    asked = load("questions").select(**chosen)
    vectors: str | None = None
    with ExitStack() as stack:
        bar = stack.enter_context(progress())
        rechunked = chunk_size is not None or chunk_overlap is not None
        place = None if rechunked else made_with(url, collection, embedder)
        if place is None:
            folder = stack.enter_context(TemporaryDirectory(prefix="workshop-eval-"))
            service, embedding = Place(folder, "documents").open(embedder, chunk_size, chunk_overlap)
            stack.callback(service.close)
            pages = shelf(None)
            task = bar.add_task(_("Indexing with {embedder}").format(embedder=embedding.name), total=len(pages))
            service.index_documents(pages, lambda n, _all: bar.update(task, completed=n))
            vectors = str(embedding)
        else:
            service = stack.enter_context(place.open_filled(embedder))
        asking = bar.add_task(_("Asking"), total=len(asked))
        report = evaluate_retrieval(
            service, asked, progress=lambda n, total: bar.update(asking, completed=n, total=total)
        )
        held = service.get_collection_stats()
    if as_json:
        print_json({"collection": held, "vectors": vectors, **asdict(report)})
    else:
        _show(report, held, vectors)


def _show(report: "Report", held: "Mapping[str, str | int]", vectors: str | None) -> None:
    from workshop_lib.cli.rag.view import latency, made, pairs, report_tables

    screen = console()
    splits = ", ".join(report.splits)
    rows = {
        **made(held),
        _("questions"): _("{count} of split {split}").format(count=len(report.outcomes), split=splits),
    }
    if vectors is not None:
        rows[_("vectors")] = vectors
    rows[_("median time")] = latency(report)
    screen.print(pairs(rows), soft_wrap=False)
    for table in report_tables(report):
        screen.print()
        screen.print(table, soft_wrap=False)
    if report.left_out:
        text = _("{count} questions are left out: no page that answers them is in the collection.")
        say(text.format(count=len(report.left_out)))
    if "calibrate" in report.splits:
        text = _("The threshold was chosen on the questions of split calibrate: what is said of silence is too good.")
        screen.print(Text(text, "yellow"))
