"""Questions to the broker that a caller's thread waits for: declare, count, bind."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from pika.exceptions import ChannelClosedByBroker  # type: ignore[import-untyped]
from pika.spec import Basic  # type: ignore[import-untyped]

from workshop_lib.events.transports.rabbitmq.link import Link
from workshop_lib.events.transports.rabbitmq.loop import Loop

T = TypeVar("T")


class Refused(Exception):
    """The broker closed the channel over a question. `code` is AMQP's: 404 not found, 406 precondition failed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


class Lost(Exception):
    """The connection broke before the answer."""


def outcome(reason: BaseException) -> Exception:
    """Why a channel closed, as `Refused` or `Lost`."""
    if isinstance(reason, ChannelClosedByBroker):
        return Refused(reason.reply_code, reason.reply_text)
    return Lost(str(reason))


class Channel:
    """A channel whose questions wait for their answer. Not for the loop's own thread, nor for two at once."""

    def __init__(self, loop: Loop, link: Link) -> None:
        self._loop, self._link = loop, link
        self._waiting: Future[Any] | None = None
        self.inner: Any = None
        self.ask(self._open)

    def ask(self, question: Callable[[Callable[[Any], None]], object]) -> Any:
        """Run `question` on the loop's thread, which sends something and passes on what it is given; the answer.

        Raises:
            Refused: the broker closed the channel.
            Lost: the connection broke.
        """
        future: Future[Any] = Future()

        def start() -> None:
            self._waiting = future
            if self.inner is not None and not self.inner.is_open:
                self._fail(Lost("the channel is closed"))
                return
            try:
                question(self._answer)
            except Exception as error:  # noqa: BLE001 - it belongs to who asked
                self._fail(error)

        self._loop.post(start)
        return future.result()

    def queue(self, name: str, arguments: Mapping[str, Any] | None = None, *, exclusive: bool = False) -> None:
        """Declare a durable queue, or one that ends with the connection."""
        self.ask(
            lambda done: self.inner.queue_declare(
                name, durable=not exclusive, exclusive=exclusive, arguments=arguments, callback=done
            )
        )

    def ready(self, name: str) -> int:
        """How many messages of a queue wait for a consumer; 0 too while a quorum queue is still electing its leader,
        for some tenths of a second after the broker started."""
        frame = self.ask(lambda done: self.inner.queue_declare(name, passive=True, callback=done))
        return int(frame.method.message_count)

    def get(self, name: str) -> Any:
        """One message, as pika's callbacks get it, or None if no message waits: for sure, the queue has to agree."""

        def question(done: Callable[[Any], None]) -> None:
            self.inner.add_callback(lambda _frame: done(None), [Basic.GetEmpty], one_shot=True)
            self.inner.basic_get(name, callback=lambda *message: done(message))

        return self.ask(question)

    def delete(self, name: str) -> None:
        """Delete a queue; none is no error."""
        self.ask(lambda done: self.inner.queue_delete(name, callback=done))

    def bind(self, queue: str, exchange: str, pattern: str) -> None:
        """Bind a queue; twice is no error."""
        self.ask(lambda done: self.inner.queue_bind(queue, exchange, pattern, callback=done))

    def exchange(self, name: str) -> None:
        """Declare a durable topic exchange."""
        self.ask(lambda done: self.inner.exchange_declare(name, exchange_type="topic", durable=True, callback=done))

    def close(self) -> None:
        """Close it, where it isn't."""

        def start() -> None:
            if self.inner is not None and self.inner.is_open:
                self.inner.close()

        self._loop.post(start)

    def _open(self, done: Callable[[Any], None]) -> None:
        if self._link.connection is None:
            raise Lost("no connection")

        def opened(channel: Any) -> None:
            self.inner = channel
            done(channel)

        channel = self._link.connection.channel(on_open_callback=opened)
        channel.add_on_close_callback(lambda _channel, reason: self._fail(outcome(reason)))

    def _answer(self, answer: Any) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Desk:
    """Answers over one link, waiting for the broker to come back where it is away."""

    def __init__(self, loop: Loop, link: Link, patience: float) -> None:
        self._loop, self._link, self._patience = loop, link, patience
        self._lock = threading.Lock()
        self._idle: Channel | None = None

    def ask(self, work: Callable[[Channel], T]) -> T:
        """What `work` returns, which is begun anew when the connection breaks: doing it twice must do no harm.

        Raises:
            Refused: the broker refused something in it.
            BrokerUnavailable: the broker was away for too long.
        """
        until = time.monotonic() + self._patience
        while True:
            self._link.wait(until)
            with self._lock:
                channel, self._idle = self._idle, None
            try:
                channel = channel or Channel(self._loop, self._link)
                done = work(channel)
            except Lost:
                if channel is not None:
                    channel.close()
                if time.monotonic() >= until:
                    raise self._link.why() from None
                # The loop may not have heard of it yet, and say that there is a connection.
                time.sleep(0.01)
                continue
            except BaseException:
                if channel is not None:
                    channel.close()
                raise
            self._keep(channel)
            return done

    def _keep(self, channel: Channel) -> None:
        with self._lock:
            if self._idle is None:
                self._idle = channel
                return
        channel.close()
