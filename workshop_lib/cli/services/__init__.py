"""`workshop services`: the brokers that this machine can run, started for this checkout and ended again."""

import typer

from workshop_lib.cli.services.commands import down, status, up
from workshop_lib.i18n import _

app = typer.Typer(
    help=_("RabbitMQ and Redis on this machine, for chapters that use them: start them, see them, end them."),
    no_args_is_help=True,
)
app.command(
    "up",
    help=_(
        "Start them, in Docker where an engine answers, or else as programs of this machine, and say which URLs to "
        "use. What runs already stays as it is. They listen on 127.0.0.1 only, and keep their data in WORKSHOP_HOME "
        "or in a volume of Docker's."
        "\n\n\b\nExamples:\n  workshop services up\n  workshop services up redis\n"
        '  eval "$(workshop services status --export)"'
    ),
)(up)
app.command("down", help=_("End those that `up` started, and nothing else. Their data stays."))(down)
app.command("status", help=_("Show what `up` started, and the URLs."))(status)
