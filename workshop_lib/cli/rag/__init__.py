"""`workshop rag`: index documents, ask them, measure the answers, and see what is indexed."""

import typer

from workshop_lib.cli.rag.ask import ask
from workshop_lib.cli.rag.evaluate import evaluate
from workshop_lib.cli.rag.index import index
from workshop_lib.cli.rag.stats import stats
from workshop_lib.i18n import _

app = typer.Typer(
    help=_("Ask documents: index them, get answers with their sources, and measure how good they are."),
    no_args_is_help=True,
)
app.command(
    "index",
    help=_(
        "Index the course's pages, or your own Markdown and text files, so that they can be asked. What is there just "
        "so already is skipped, so running it again continues.\n\n\b\nExamples:\n  workshop rag index\n"
        "  workshop rag index --language es --embedder use --collection spanish\n"
        "  workshop rag index notes/ README.md --collection mine"
    ),
)(index)
app.command(
    "ask",
    help=_(
        "Answer a question with sentences of the documents, each shown where it stands, or say that they don't "
        'answer it.\n\n\b\nExamples:\n  workshop rag ask "How do I send a 201?"\n'
        '  workshop rag ask "¿Cómo valido un parámetro?" --filter language=es\n'
        '  workshop rag ask "What is new?" --filter \'{"year": {"$gte": 2024}}\' --json'
    ),
)(ask)
app.command(
    "eval",
    help=_(
        "Ask the course's questions, and show how often what answers is found, and whether it is silent where no page "
        "answers. It measures the collection as it is; with --embedder or --chunk-size, a throwaway one of the "
        "course's pages.\n\n\b\nExamples:\n  workshop rag eval\n  workshop rag eval --embedder use --chunk-size 300\n"
        "  workshop rag eval --language es --json"
    ),
)(evaluate)
app.command("stats", help=_("Show what a collection holds, and how it was made."))(stats)
