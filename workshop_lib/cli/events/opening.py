"""From options to an open bus."""

from typing import TYPE_CHECKING, Annotated

import typer

from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.events import EventBus
    from workshop_lib.events.transport import Transport

Url = Annotated[
    str | None,
    typer.Option(
        help=_("The bus, such as sqlite:///events.db or amqp://guest:guest@localhost. Default: EVENT_BUS_URL.")
    ),
]
Exchange = Annotated[str, typer.Option(help=_("The exchange's name: what is published under another is not seen."))]
EXCHANGE = "ml_events"


class NotShared(PlainError):
    """A bus that only its own process sees."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "expected a bus that processes share, got memory://, which ends with its process. "
                "Name one by --url or EVENT_BUS_URL, such as sqlite:///events.db"
            )
        )


def open_shared(url: str | None, exchange: str) -> "EventBus":
    """The bus, not connected yet, on which another process's events are seen.

    Raises:
        NotShared: `memory://`.
        UnknownScheme: no backend for the URL.
        MissingExtra: the backend's client is not installed.
    """
    from workshop_lib.events import open_bus

    return open_bus(shared(url), exchange)


def transport_of(url: str | None, exchange: str) -> "Transport":
    """What lies below that bus, for one who looks on and handles nothing. Raises as `open_shared` does."""
    from workshop_lib.events.transports import make_transport

    return make_transport(shared(url), exchange)


def shared(url: str | None) -> str:
    """`url`, by default the one of the settings. Raises as `open_shared` does."""
    from workshop_lib.course.extras import require
    from workshop_lib.settings import Settings

    chosen = url or Settings().event_bus_url
    scheme = chosen.partition("://")[0]
    if scheme == "memory":
        raise NotShared
    if scheme != "sqlite":
        require("events")
    return chosen
