"""Event stores: what happened, found by id, by correlation id and by type, and drawn as a tree of causes.

EventStore         what every store does
SQLiteEventStore   one file, many processes
RedisEventStore    a server, many machines
Trace              the causal tree of one correlation id
open_store(url)    the store that a URL names
"""

from typing import Final

from workshop_lib.events.errors import UnknownScheme
from workshop_lib.events.redis_server import SCHEMES as _REDIS_SCHEMES
from workshop_lib.events.stores.base import EventStore
from workshop_lib.events.stores.redis import RedisEventStore
from workshop_lib.events.stores.sqlite import SQLiteEventStore
from workshop_lib.events.stores.trace import Trace
from workshop_lib.i18n import _
from workshop_lib.settings import Settings

__all__ = ["EventStore", "RedisEventStore", "SQLiteEventStore", "Trace", "open_store"]

_KNOWN: Final = ("sqlite:///PATH", "redis://HOST:PORT/DATABASE", "rediss://HOST:PORT/DATABASE")


def open_store(url: str, *, ttl: float | None = None) -> EventStore:
    """The store that `url` names: ``sqlite:///PATH``, a relative path under WORKSHOP_HOME, or ``redis://…``.

    Args:
        ttl: seconds for which what is stored now is kept. By default EVENT_STORE_TTL; where that is not set, for ever.

    Raises:
        UnknownScheme: no store for the URL, or no path in it.
        NotAnEventStore, StoreUnavailable: as `SQLiteEventStore` and `RedisEventStore` say.
    """
    settings = Settings()
    if ttl is None:
        ttl = settings.event_store_ttl
    if url.partition("://")[0] in _REDIS_SCHEMES:
        return RedisEventStore(url, ttl=ttl)
    try:
        path = settings.sqlite_path(url)
    except ValueError:
        raise UnknownScheme(_("an event store"), url, _KNOWN) from None
    return SQLiteEventStore(path, ttl=ttl)
