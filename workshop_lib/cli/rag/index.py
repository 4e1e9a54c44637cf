"""`workshop rag index`: documents into a collection."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from workshop_lib.cli.rag.options import Collection, Url, progress, shelf
from workshop_lib.cli.terminal import console, say
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.cli.rag.opening import Counting
    from workshop_lib.rag.files import Skipped
    from workshop_lib.rag.results import Indexed


def index(
    paths: Annotated[
        list[Path] | None, typer.Argument(help=_("Files and folders. Default: the course's own pages."))
    ] = None,
    language: Annotated[
        str | None, typer.Option(help=_("Only the course's pages in en or es; with PATHS, recorded with each file."))
    ] = None,
    embedder: Annotated[
        str | None,
        typer.Option(
            help=_("minilm, minilm-int8, use, or a model's folder. Default: the collection's, or else EMBEDDER.")
        ),
    ] = None,
    chunk_size: Annotated[
        int | None, typer.Option(help=_("The most characters in a chunk. Default: the collection's, or else 500."))
    ] = None,
    chunk_overlap: Annotated[
        int | None, typer.Option(help=_("Characters that neighbours share. Default: the collection's, or else 50."))
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help=_("Delete the collection first, to make it with another model or chunking."))
    ] = False,
    collection: Collection = "documents",
    url: Url = None,
) -> None:
    from workshop_lib.course.extras import require

    require("rag")
    from workshop_lib.cli.rag.opening import Place
    from workshop_lib.rag.errors import IndexMismatch
    from workshop_lib.rag.files import Files

    place = Place(url, collection)
    files = Files(paths, limit=place.settings.document_limit, language=language) if paths else None
    documents = shelf(language) if files is None else files
    # Where there is nothing to index, what is there stays.
    if fresh and len(documents) and place.delete(embedder, chunk_size, chunk_overlap):
        say(_("deleted collection {name}").format(name=collection))
    try:
        service, embedding = place.open(embedder, chunk_size, chunk_overlap)
    except IndexMismatch:
        text = _("To delete the collection and make it anew: {command}. To keep it, choose another name: {option}")
        console(stderr=True).print(text.format(command="workshop rag index --fresh …", option="--collection NAME"))
        raise
    with service:
        begun = monotonic()
        try:
            with progress() as bar:
                task = bar.add_task(_("Indexing with {embedder}").format(embedder=embedding.name), total=len(documents))
                done = service.index_documents(documents, lambda n, _all: bar.update(task, completed=n))
        except KeyboardInterrupt:
            text = _("Stopped. {count} documents are in the index, each of them whole. Run it again to continue.")
            console(stderr=True).print(text.format(count=service.index.stats().documents))
            raise typer.Exit(130) from None
        _tell(done, embedding, monotonic() - begun)
        held = service.index.stats()
    text = _("{place}, collection {name}: {documents} documents, {chunks} chunks by {model}")
    say(
        text.format(
            place=place.url,
            name=collection,
            documents=f"{held.documents:,}",
            chunks=f"{held.chunks:,}",
            model=held.model,
        )
    )
    if files is not None and files.skipped:
        _tell_skipped(files.skipped)
        raise typer.Exit(1)


def _tell(done: "Sequence[Indexed]", embedding: "Counting", seconds: float) -> None:
    written = [one for one in done if one.written]
    text = _("documents: {written} indexed, {same} unchanged, in {seconds} s")
    say(text.format(written=len(written), same=len(done) - len(written), seconds=f"{seconds:.1f}"))
    if embedding.texts:
        say(_("vectors: {how}").format(how=embedding))
    if cut := sum(len(one.cut) for one in written):
        text = _(
            "{count} chunks are longer than {embedder} reads: their vectors know only their beginning. "
            "A smaller --chunk-size loses nothing."
        )
        console(stderr=True).print(Text(text.format(count=cut, embedder=embedding.name), "yellow"))


def _tell_skipped(skipped: "Sequence[Skipped]") -> None:
    screen = console(stderr=True)
    screen.print(Text(_("{count} could not be indexed:").format(count=len(skipped)), "bold red"))
    for path, reason in skipped:
        screen.print(Text(f"  {path}: {reason}"))
