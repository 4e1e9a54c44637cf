"""The backends of the bus. Each is imported when a URL first names it: until then its client need not be there."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from workshop_lib.events.errors import UnknownScheme
from workshop_lib.events.transport import Transport
from workshop_lib.i18n import _

TRANSPORTS: Mapping[str, str] = MappingProxyType(
    {
        "memory": "workshop_lib.events.transports.memory:MemoryTransport",
        "amqp": "workshop_lib.events.transports.rabbitmq:RabbitMQTransport",
        "amqps": "workshop_lib.events.transports.rabbitmq:RabbitMQTransport",
        "sqlite": "workshop_lib.events.transports.sqlite:SQLiteTransport",
        "redis": "workshop_lib.events.transports.redis_streams:RedisStreamsTransport",
        "rediss": "workshop_lib.events.transports.redis_streams:RedisStreamsTransport",
        "kafka": "workshop_lib.events.transports.kafka:KafkaTransport",
        "kafkas": "workshop_lib.events.transports.kafka:KafkaTransport",
    }
)
"""Scheme of the URL, and the class behind it as ``module:name``."""


def make_transport(url: str, exchange: str) -> Transport:
    """The backend that `url` names, not connected yet.

    Raises:
        UnknownScheme: no backend for the URL; the message lists those there are.
    """
    scheme, separator, _rest = url.partition("://")
    if not separator or scheme not in TRANSPORTS:
        raise UnknownScheme(_("an event bus"), url, (f"{known}://" for known in TRANSPORTS))
    module, _colon, name = TRANSPORTS[scheme].partition(":")
    made: Transport = getattr(import_module(module), name)(url, exchange)
    return made
