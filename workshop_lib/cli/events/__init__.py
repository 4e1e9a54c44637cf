"""`workshop events`: the schemas, what was given up, and what goes by."""

import typer

from workshop_lib.cli.events import dead_letters
from workshop_lib.cli.events.schema import schema
from workshop_lib.cli.events.tail import tail
from workshop_lib.i18n import _

app = typer.Typer(
    help=_("Events: their schemas, those that were given up, and those that go by."), no_args_is_help=True
)
app.command(
    "schema",
    help=_(
        "Write what every event looks like, for programs in other languages: an AsyncAPI 3 document, or JSON Schema."
        "\n\n\b\nExamples:\n  workshop events schema\n  workshop events schema --format json --out schemas.json\n"
        "  workshop events schema --check"
    ),
)(schema)
app.command(
    "tail",
    help=_(
        "Show events as they are published, until Ctrl-C. It takes none from any queue; but while it looks on, a "
        "request that no service listens to has found a queue, this one, and its publisher gets no error.\n\n\b\n"
        "Examples:\n  workshop events tail\n  workshop events tail 'training.*' 'model.#'\n"
        "  workshop events tail data.ingested --json"
    ),
)(tail)
letters = typer.Typer(
    help=_(
        "Events that a handler failed at too often, each in its queue's dead letters: see why, mend it, replay them."
    ),
    no_args_is_help=True,
)
letters.command(
    "list",
    help=_(
        "Without QUEUE, how much every queue holds and why events died; with it, each dead letter.\n\n\b\nExamples:\n"
        "  workshop events dead-letters list\n  workshop events dead-letters list training --limit 20"
    ),
)(dead_letters.list_)
letters.command("show", help=_("Show one dead letter whole: what was published, and where its handler failed."))(
    dead_letters.show
)
letters.command(
    "replay",
    help=_(
        "Put dead letters back into their own queue, and no other's, as if they were new.\n\n\b\nExamples:\n"
        "  workshop events dead-letters replay training 17 18\n  workshop events dead-letters replay training --all"
    ),
)(dead_letters.replay)
letters.command("drop", help=_("Forget dead letters. Nothing brings them back."))(dead_letters.drop)
app.add_typer(letters, name="dead-letters")
