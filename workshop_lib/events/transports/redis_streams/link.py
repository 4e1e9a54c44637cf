"""Calls of the server: errors typed, and repeated with back-off while it is away."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from workshop_lib.events.errors import BrokerUnavailable, BusClosed, BusError, NotAnEventBus, WrongCredentials
from workshop_lib.events.redis_server import RedisServer, Trouble
from workshop_lib.events.transports.redis_streams import scripts
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

_OLDEST = (7, 0)
_SCRIPTS = ("DECLARE", "ROUTES", "PUBLISH", "WORK", "QUIT", "COUNT", "REPLAY", "FORGET")


class Away(BrokerUnavailable):
    """The server does not answer now, and may do so later."""


class Link:
    """A server, from `open` to `close`. Threads share it: each call takes a connection from a pool."""

    def __init__(self, server: RedisServer, patience: float) -> None:
        self.server, self.patience = server, patience
        self.closing = threading.Event()
        self._scripts: dict[str, Any] = {}
        self._client: Any = None

    @property
    def client(self) -> Any:
        """The redis-py client.

        Raises:
            BusClosed: not open.
        """
        if self._client is None:
            raise BusClosed
        return self._client

    def open(self) -> None:
        """Reach the server, and say so in the log where it can lose what it confirms.

        Raises:
            BrokerUnavailable, WrongCredentials, NotAnEventBus: as `Transport.connect` says.
        """
        client = self.server.client()
        try:
            about = self._typed(client.info)
            self.check(about)
        except BaseException:
            client.close()
            raise
        self.closing.clear()
        self._scripts = {name: client.register_script(getattr(scripts, name)) for name in _SCRIPTS}
        self._client = client

    def close(self) -> None:
        """Let go of every connection."""
        self.closing.set()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def run(self, script: str, *arguments: Any, patience: float | None = None) -> Any:
        """What `script` returns. While the server is away, it is asked again for `patience` seconds.

        Raises:
            BusClosed: not open, or closed meanwhile.
            BrokerUnavailable, WrongCredentials, NotAnEventBus: as `Transport` says.
        """
        client = self.client
        return self.patiently(
            lambda: self._scripts[script](args=[scripts.ROOT, *arguments], client=client),
            patience,
        )

    def queue_names(self) -> tuple[str, ...]:
        """Of the queues there are, sorted, temporary ones aside."""
        found = self.patiently(lambda: self.client.hgetall(f"{scripts.ROOT}queues"))
        return tuple(sorted(name.decode() for name, flags in found.items() if not flags.endswith(b"t")))

    def patiently(self, call: Callable[[], Any], patience: float | None = None) -> Any:
        """What `call` returns; see `run`."""
        until = time.monotonic() + (self.patience if patience is None else patience)
        for wait in waits():
            try:
                return self._typed(call)
            except Away:
                if time.monotonic() + wait > until:
                    raise
            if self.closing.wait(wait):
                raise BusClosed
        raise AssertionError("unreachable")

    def _typed(self, call: Callable[[], Any]) -> Any:
        from redis.exceptions import RedisError

        try:
            return call()
        except (RedisError, OSError) as error:
            raise self.typed(error) from None

    def typed(self, error: Exception) -> BusError:
        """The bus's own error for one of the client's."""
        trouble, text = self.server.explain(error)
        match trouble:
            case Trouble.GONE:
                return Away(text)
            case Trouble.REFUSED:
                return WrongCredentials(text)
            case Trouble.FOREIGN:
                return NotAnEventBus(text)
            case _:
                return BrokerUnavailable(text)

    def check(self, about: dict[str, Any]) -> None:
        """Refuse a server that can't carry the bus, and log what one can't promise.

        Args:
            about: its answer to INFO.

        Raises:
            NotAnEventBus: too old, or part of a cluster.
        """
        shown, version = self.server.shown, str(about.get("redis_version", "0"))
        if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < _OLDEST:
            text = _("expected Redis 7.0 or newer at {server}, found {version}")
            raise NotAnEventBus(text.format(server=shown, version=version))
        if about.get("cluster_enabled"):
            raise NotAnEventBus(_("expected a single Redis server, found a cluster at {server}").format(server=shown))
        # While it reads its log after a start, it says that it has none.
        if not about.get("aof_enabled") and not about.get("loading"):
            logger.warning(
                "%s keeps no log of what it confirms: events are lost when it ends. Start it with --appendonly yes",
                shown,
            )
        if about.get("maxmemory") and str(about.get("maxmemory_policy")).startswith("allkeys"):
            logger.warning("%s drops any key when it is full, events too. Set maxmemory-policy to noeviction", shown)


def waits() -> Any:
    """Seconds between one try and the next, for ever: up to 2, with jitter so that not all come back at once."""
    most = 0.05
    while True:
        yield random.uniform(most / 2, most)  # noqa: S311 - jitter, no secret
        most = min(2.0, most * 2)
