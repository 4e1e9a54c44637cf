"""What a URL says about a cluster, and the words for when it is not there."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from workshop_lib.events.errors import BrokerUnavailable, BusError, WrongCredentials
from workshop_lib.i18n import _

REFUSALS = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    IllegalSaslStateError,
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
)
"""Errors that no waiting mends."""


@dataclass(frozen=True)
class Address:
    """A cluster and how to talk to it.

    Attributes:
        servers: ``host:port`` with commas between.
        lease: seconds.
        timeout: seconds.
        replication: brokers that hold each new topic.
    """

    servers: str
    tls: bool = False
    ca: str | None = None
    user: str | None = None
    password: str = field(default="", repr=False)
    lease: float = 10.0
    timeout: float = 30.0
    partitions: int = 3
    replication: int = 1

    @classmethod
    def parse(cls, url: str) -> Self:
        """From ``kafka://USER:PASSWORD@HOST:PORT,HOST:PORT?OPTION=VALUE``.

        Raises:
            BusError: no host, or an option that is unknown or out of range. No password is shown.
        """
        scheme, _separator, rest = url.partition("://")
        place, _mark, query = rest.partition("?")
        login, _at, hosts = place.rpartition("@")
        user, _colon, password = login.partition(":")
        servers = ",".join(_with_port(host) for host in hosts.strip("/").split(",") if host)
        if not servers:
            raise BusError(_("expected kafka://HOST:PORT, got a URL without a host"))
        options: dict[str, Any] = {}
        kinds = {"ca": str, "lease": float, "timeout": float, "partitions": int, "replication": int}
        for name, text in parse_qsl(query, keep_blank_values=True):
            known = _("expected one of the options {known} in a Kafka URL, with a number above 0; got {name}={value!r}")
            error = BusError(known.format(known=", ".join(sorted(kinds)), name=name, value=text))
            if name not in kinds:
                raise error
            try:
                options[name] = kinds[name](text)
            except ValueError:
                raise error from None
            if not (text if name == "ca" else 0 < options[name] < 1e6):
                raise error
        return cls(servers, scheme == "kafkas", user=unquote(user) or None, password=unquote(password), **options)

    def client(self) -> dict[str, Any]:
        """Arguments of every aiokafka client.

        Raises:
            BusError: the CA's file can't be read.
        """
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT"),
            "request_timeout_ms": int(self.timeout * 1000),
        }
        if self.tls:
            try:
                arguments["ssl_context"] = ssl.create_default_context(cafile=self.ca)
            except OSError as why:
                raise BusError(
                    _("expected a file with CA certificates, got {path}: {why}").format(path=self.ca, why=why)
                ) from why
        if self.user:
            arguments |= {
                "sasl_mechanism": "PLAIN",
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return arguments

    def error(self, why: BaseException) -> BusError:
        """The typed error for what a client raised."""
        if isinstance(why, REFUSALS):
            text = _(
                "the Kafka broker at {servers} refused user {user!r}: {why}. Check the user and the password in the URL"
            )
            return WrongCredentials(text.format(servers=self.servers, user=self.user or "", why=type(why).__name__))
        reason = str(why) if isinstance(why, KafkaError) else type(why).__name__
        text = _(
            "expected a Kafka broker at {servers}, got: {why}. Start one: "
            "docker run --rm -p 9092:9092 apache/kafka, or take a bus that needs no server: sqlite:///events.db"
        )
        return BrokerUnavailable(text.format(servers=self.servers, why=reason))


def _with_port(host: str) -> str:
    return host if ":" in host.rpartition("]")[2] else f"{host}:9092"
