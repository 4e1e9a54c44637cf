"""What the URL says, and what to say when the broker behind it refuses."""

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pika  # type: ignore[import-untyped]
from pika.exceptions import (  # type: ignore[import-untyped]
    AMQPConnectionError,
    ConnectionClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from workshop_lib.events.errors import BrokerUnavailable, BusError, WrongCredentials
from workshop_lib.i18n import _

_PORTS = {"amqp": 5672, "amqps": 5671}


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e6:
        raise ValueError
    return value


def _verify(text: str) -> str:
    if text not in ("verify_peer", "verify_none"):
        raise ValueError
    return text


# `patience` and `ca` are as in the other transports' URLs, the rest as in RabbitMQ's own.
_OPTIONS: dict[str, Callable[[str], Any]] = {
    "heartbeat": lambda text: int(_seconds(text)),
    "patience": _seconds,
    "ca": str,
    "certfile": str,
    "keyfile": str,
    "server_name_indication": str,
    "verify": _verify,
}


@dataclass(frozen=True)
class Address:
    """A parsed URL.

    Attributes:
        place: host and port, to show: no user, no password.
        patience: seconds for which a call waits for a broker that is away.
    """

    host: str
    port: int
    vhost: str
    user: str
    password: str
    tls: bool
    place: str
    patience: float
    options: dict[str, Any]

    def parameters(self, purpose: str) -> pika.ConnectionParameters:
        """For pika. `purpose` is shown in RabbitMQ's list of connections.

        Raises:
            BrokerUnavailable: a certificate can't be read.
        """
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.vhost,
            credentials=pika.PlainCredentials(self.user, self.password),
            heartbeat=self.options.get("heartbeat"),
            ssl_options=pika.SSLOptions(self._context(), self._server_name()) if self.tls else None,
            client_properties={"connection_name": f"mlops-workshop {os.getpid()} {purpose}"},
        )

    def _server_name(self) -> str:
        return str(self.options.get("server_name_indication", self.host))

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.options.get("ca"))
            if "certfile" in self.options:
                context.load_cert_chain(self.options["certfile"], self.options.get("keyfile"))
        except OSError as error:
            files = [self.options[name] for name in ("ca", "certfile", "keyfile") if name in self.options]
            missing = [file for file in files if not Path(file).is_file()]
            text = _("expected the certificates that the URL names, can't read {files}: {why}")
            raise BrokerUnavailable(text.format(files=", ".join(missing or files), why=error)) from None
        if self.options.get("verify") == "verify_none":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def parse(url: str) -> Address:
    """The parts of an ``amqp://`` or ``amqps://`` URL.

    Raises:
        BusError: a port that is no number, an option that isn't known, or a value that it can't have.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise BusError(_("expected amqp://user:password@host:port/vhost, got a port that is none")) from None
    options: dict[str, Any] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _OPTIONS:
            known = _("expected options of an AMQP URL, some of {known}; got {name!r}")
            raise BusError(known.format(known=", ".join(_OPTIONS), name=name))
        try:
            options[name] = _OPTIONS[name](text)
        except ValueError:
            raise BusError(_("option {name} can't be {text!r}").format(name=name, text=text)) from None
    host = parts.hostname or "localhost"
    return Address(
        host=host,
        port=port,
        vhost=unquote(parts.path[1:]) or "/",
        user=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        tls=parts.scheme == "amqps",
        place=f"{host}:{port}",
        patience=options.get("patience", 30.0),
        options=options,
    )


def explain(error: BaseException, address: Address) -> BrokerUnavailable:
    """What a refused or lost connection means to a reader: one line, no password."""
    if isinstance(error, ProbableAuthenticationError):
        text = _("RabbitMQ at {place} refused the user or the password. Put the right ones into the URL")
        return WrongCredentials(text.format(place=address.place))
    if isinstance(error, ProbableAccessDeniedError) or (
        isinstance(error, ConnectionClosedByBroker) and error.reply_code in (403, 530)
    ):
        text = _(
            "RabbitMQ at {place} has no virtual host {vhost!r} for this user. `rabbitmqctl list_vhosts` lists them"
        )
        return BrokerUnavailable(text.format(place=address.place, vhost=address.vhost))
    if isinstance(error, IncompatibleProtocolError):
        text = _("RabbitMQ at {place} did not speak AMQP: it is just starting, or something else listens there")
        return BrokerUnavailable(text.format(place=address.place))
    if (tls := _cause(error, ssl.SSLError)) is not None:
        text = _("no TLS with {place}: {why}. Name its CA in the URL: amqps://…?ca=/path/ca.pem")
        return BrokerUnavailable(text.format(place=address.place, why=getattr(tls, "verify_message", None) or tls))
    text = _(
        "nobody answers as RabbitMQ at {place} ({why}). Start one: "
        "make services, or docker run -p 127.0.0.1:5672:5672 rabbitmq:4, or on Debian: apt-get install rabbitmq-server"
    )
    return BrokerUnavailable(text.format(place=address.place, why=_innermost(error)))


def _chain(error: BaseException) -> list[BaseException]:
    """The error and those inside it, outermost first: pika puts them into arguments and attributes."""
    found = [error]
    for one in found:
        inside = [*one.args, *getattr(one, "exceptions", ()), getattr(one, "exception", None)]
        found.extend(each for each in inside if isinstance(each, BaseException) and each not in found)
    return found


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    return next((one for one in _chain(error) if isinstance(one, kind)), None)


def _innermost(error: BaseException) -> str:
    system = _cause(error, OSError)
    if isinstance(system, OSError) and system.strerror:
        return system.strerror
    inner = _chain(error)[-1]
    return type(inner).__name__ if isinstance(inner, AMQPConnectionError) or not str(inner) else str(inner)
