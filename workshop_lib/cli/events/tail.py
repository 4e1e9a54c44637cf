"""`workshop events tail`: what goes by."""

import os
import sys
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from workshop_lib.cli.events.opening import EXCHANGE, Exchange, Url, transport_of
from workshop_lib.cli.terminal import console
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from rich.text import Text

    from workshop_lib.events.errors import BusError
    from workshop_lib.events.transport import Delivery

_PREFETCH = 100
_LOOK_EVERY = 0.2


def tail(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help=_("Routing keys: * is one word, # any number. Default: #.")),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help=_("End after so many events."))] = None,
    url: Url = None,
    exchange: Exchange = EXCHANGE,
    as_json: Annotated[bool, typer.Option("--json", help=_("One JSON object a line, for programs."))] = False,
) -> None:
    from workshop_lib.cli.events.view import delivery_json, delivery_line
    from workshop_lib.events.schemas import ALIASES
    from workshop_lib.events.signals import stopping_signals
    from workshop_lib.events.topics import check_pattern
    from workshop_lib.events.transport import QueueSpec

    keys = tuple(ALIASES.get(pattern, pattern) for pattern in patterns or ("#",))
    for key in keys:
        check_pattern(key)
    transport = transport_of(url, exchange)
    arrived: SimpleQueue[Delivery | BusError | None] = SimpleQueue()
    queue = f"tail-{uuid4()}"
    shown = 0
    with stopping_signals(lambda: arrived.put(None)):
        transport.connect()
        try:
            transport.declare(QueueSpec(queue, keys, temporary=True))
            consumption = transport.consume(queue, _PREFETCH, arrived.put, arrived.put)
            said = _("Looking on at {keys} of exchange {exchange}. Ctrl-C ends it.")
            console(stderr=True).print(said.format(keys=" ".join(keys), exchange=exchange))
            try:
                while shown != count and (delivery := _next(arrived)) is not None:
                    if isinstance(delivery, Exception):
                        raise delivery
                    # Through typer: where nobody reads on, rich would end the process with 1.
                    typer.echo(delivery_json(delivery) if as_json else _rendered(delivery_line(delivery)))
                    delivery.ack()
                    shown += 1
            finally:
                consumption.stop()
                consumption.close()
        except BrokenPipeError:
            # Such as `| head`: nobody reads on. Python would complain of it once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            transport.close()


def _next(arrived: "SimpleQueue[Delivery | BusError | None]") -> "Delivery | BusError | None":
    while True:
        # A signal that comes just before it falls asleep would not wake it.
        with suppress(Empty):
            return arrived.get(timeout=_LOOK_EVERY)


def _rendered(line: "Text") -> str:
    screen = console()
    with screen.capture() as captured:
        screen.print(line, end="")
    return captured.get()
