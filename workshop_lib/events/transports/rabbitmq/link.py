"""One connection that is kept: made again, with back-off, whenever it breaks."""

import logging
import threading
import time
from concurrent.futures import Future
from typing import Any, Protocol

from pika import SelectConnection  # type: ignore[import-untyped]

from workshop_lib.events.errors import BusClosed, BusError, WrongCredentials
from workshop_lib.events.retry import backoff
from workshop_lib.events.transports.rabbitmq.address import Address, explain
from workshop_lib.events.transports.rabbitmq.loop import Loop

logger = logging.getLogger(__name__)

_CLOSING = 5.0


class User(Protocol):
    """What works over a link. Called on the loop's thread."""

    def connected(self, connection: SelectConnection) -> None:
        """There is a new connection; every channel of an older one is gone."""

    def failed(self, error: BusError) -> None:
        """There will be none any more."""


class Link:
    """Keeps a connection for its users, from `open` to `close`."""

    def __init__(self, loop: Loop, address: Address, purpose: str) -> None:
        self._loop, self._address, self._purpose = loop, address, purpose
        self._users: list[User] = []
        self._opened: Future[None]
        self._closed = threading.Event()
        self._up = threading.Event()
        self._closing = self._given_up = False
        self._tries = 0
        self._error: BusError | None = None
        # Of the loop's thread.
        self.connection: SelectConnection | None = None

    def open(self) -> None:
        """Connect, at the first try.

        Raises:
            BrokerUnavailable, WrongCredentials: with what to do.
        """
        self._parameters = self._address.parameters(self._purpose)
        self._opened = Future()
        self._loop.post(self._connect)
        self._opened.result()

    def attach(self, user: User) -> None:
        """Tell `user` of the connection there is and of each that follows; on the loop's thread."""
        self._users.append(user)
        if self.connection is not None:
            user.connected(self.connection)

    def detach(self, user: User) -> None:
        """Tell it no more; on the loop's thread."""
        if user in self._users:
            self._users.remove(user)

    def wait(self, until: float) -> None:
        """Return when there is a connection.

        Raises:
            BrokerUnavailable: there was none until then, a time of `time.monotonic`.
            BusClosed: there will be none.
        """
        if not self._up.wait(max(0.0, until - time.monotonic())) or self._given_up:
            raise self.why()
        if self._closing:
            raise BusClosed

    def why(self) -> BusError:
        """Why there is no connection."""
        return self._error or explain(TimeoutError("no answer in time"), self._address)

    def close(self) -> None:
        """Close the connection, and make no other."""
        self._loop.post(self._close)
        if not self._closed.wait(_CLOSING):
            logger.warning("RabbitMQ at %s did not say goodbye in time", self._address.place)

    def _connect(self) -> None:
        if self._closing:
            return
        SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_failed,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop.ioloop,
        )

    def _on_open(self, connection: SelectConnection) -> None:
        if self._closing:
            connection.close()
            return
        if self._tries:
            logger.warning("RabbitMQ at %s is back", self._address.place)
        self.connection, self._tries, self._error = connection, 0, None
        connection.add_on_connection_blocked_callback(self._on_blocked)
        self._up.set()
        if not self._opened.done():
            self._opened.set_result(None)
        for user in list(self._users):
            user.connected(connection)

    def _on_blocked(self, _connection: Any, frame: Any) -> None:
        text = "RabbitMQ at %s takes nothing for now (%s). Give it memory or disk"
        logger.warning(text, self._address.place, frame.method.reason)

    def _on_failed(self, _connection: Any, error: BaseException) -> None:
        why = explain(error, self._address)
        self._error = why
        if not self._opened.done():
            self._opened.set_exception(why)
        elif isinstance(why, WrongCredentials):
            # It was right before: somebody changed it, and trying on could lock the user out.
            self._given_up = True
            self._up.set()
            for user in list(self._users):
                user.failed(why)
        else:
            self._again()

    def _on_lost(self, _connection: Any, error: BaseException) -> None:
        self.connection = None
        if self._closing:
            self._closed.set()
            return
        self._up.clear()
        logger.warning("the connection to RabbitMQ at %s broke (%s)", self._address.place, error)
        self._error = explain(error, self._address)
        self._again()

    def _again(self) -> None:
        if self._closing:
            self._closed.set()
            return
        self._tries += 1
        self._loop.later(backoff(self._tries, base=0.1, cap=3.0), self._connect)

    def _close(self) -> None:
        self._closing = True
        # Who waits for a connection need not wait any longer.
        self._up.set()
        if self.connection is not None and self.connection.is_open:
            self.connection.close()
        elif self.connection is None:
            self._closed.set()
