"""Hears that a queue got something. What it misses only comes later: consumers look by themselves too."""

import logging
import threading
from collections.abc import Callable

from workshop_lib.events.errors import BusClosed
from workshop_lib.events.transports.redis_streams.link import Link, waits
from workshop_lib.events.transports.redis_streams.scripts import ROOT

logger = logging.getLogger(__name__)


class Listener:
    """Calls `heard`, on a thread of its own, after each message on the queue's channel."""

    def __init__(self, link: Link, queue_name: str, heard: Callable[[], None]) -> None:
        self._link, self._heard = link, heard
        self._channel = f"{ROOT}wake:{queue_name}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"redis-listener-{queue_name}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, which it does at the next message or within a second."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until it has ended: nobody may close a connection that is being read."""
        self._thread.join()

    def _run(self) -> None:
        from redis.exceptions import RedisError

        pauses = waits()
        while not self._stopping.is_set():
            try:
                with self._link.client.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(self._channel)
                    self._heard()
                    while not self._stopping.is_set():
                        if channel.get_message(timeout=1.0) is not None:
                            pauses = waits()
                            self._heard()
            except BusClosed:
                return
            except (RedisError, OSError) as error:
                logger.debug("%s: not listening: %s", self._channel, error)
                self._stopping.wait(next(pauses))
