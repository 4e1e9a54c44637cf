"""What every process that consumes is built on: it subscribes, answers probes, and drains when it is told to end.

log_to()
service = Service("indexer", open_bus(settings.event_bus_url), port=9100)
service.subscribe("indexer", ["data.ingested"], index, concurrency=4)
sys.exit(0 if service.run() else 1)
"""

import inspect
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from queue import SimpleQueue
from typing import Any

from workshop_lib.events.bus import EventBus
from workshop_lib.events.errors import EventError
from workshop_lib.events.probes import Probes
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.signals import stopping_signals, wait_for_end

logger = logging.getLogger(__name__)

_PAUSE = 0.05

STARTING, CONSUMING, DRAINING = "starting", "consuming", "draining"


class Service:
    """A process's consumers, from its start to its end.

    Over HTTP it answers, on loopback unless told otherwise:

    - `/health`: whether to leave it alone. It asks nobody, the broker least of all: a broker that is away is no reason
      to restart every service that waits for it. 503 says that a handler has run for longer than `stuck_after`.
    - `/ready`: whether it consumes: 503 while it starts and while it drains.
    - `/metrics`: what this process's buses count, for Prometheus.
    """

    def __init__(
        self,
        name: str,
        bus: EventBus,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        drain_within: float | None = None,
        stuck_after: float | None = None,
    ) -> None:
        """Nothing is opened yet.

        Args:
            name: shown in answers and logs.
            bus: opened by `run`, and closed when it returns.
            host: to listen on: ``0.0.0.0`` in a container.
            port: 0 takes a free one, which the log names.
            drain_within: seconds that handlers get to end; without, as long as they take. Supervisors have a limit of
                their own (Kubernetes 30 s, Docker 10 s), after which they kill.
            stuck_after: seconds; without, a handler may run for any time.
        """
        self.name = name
        self._bus, self._host, self._port = bus, host, port
        self._drain_within, self._stuck_after = drain_within, stuck_after
        self._subscriptions: list[tuple[str, Sequence[str], Callable[[BaseEvent], Any], Mapping[str, Any]]] = []
        self._state = STARTING
        self._begun: dict[int, float] = {}
        self._failure: BaseException | None = None
        # A queue, and no Event: a signal's handler puts into it (see `stopping_signals`).
        self._ends: SimpleQueue[None] = SimpleQueue()

    def subscribe(
        self, queue_name: str, routing_keys: Sequence[str], callback: Callable[[BaseEvent], Any], **options: Any
    ) -> None:
        """What `run` is to subscribe to, as `EventBus.subscribe` takes it."""
        self._subscriptions.append((queue_name, routing_keys, callback, options))

    def run(self, started: Callable[[int], None] | None = None) -> bool:
        """Consume until SIGTERM, SIGINT or `stop`; then take no more, and let handlers that run end.

        A second signal does what it does elsewhere: it ends the process.

        Args:
            started: called once it consumes, with the port of the probes.

        Returns:
            Whether every handler ended; if not, within `drain_within`, what they held comes again. The process's exit
            code should tell.

        Raises:
            CannotServe: the port can't be had.
            EventError: the bus can't be reached, subscribed to, or failed for good.
        """
        with (
            Probes({"/health": self._health, "/ready": self._ready}, self._host, self._port) as probes,
            stopping_signals(self.stop),
            self._bus,
        ):
            logger.info("%s answers on http://%s:%d: /health, /ready, /metrics", self.name, self._host, probes.port)
            for queue_name, routing_keys, callback, options in self._subscriptions:
                self._bus.subscribe(queue_name, routing_keys, self._watched(callback), **options)
            # On a thread of its own: on this one the bus would wait for its handlers without a limit.
            consuming = threading.Thread(target=self._consume, name=f"{self.name}-consuming", daemon=True)
            consuming.start()
            self._state = CONSUMING
            if started is not None:
                started(probes.port)
            wait_for_end(self._ends)
            self._state = DRAINING
            ended = self._drain(consuming)
        if self._failure is not None:
            raise self._failure
        return ended

    def stop(self) -> None:
        """Ask `run` to end: from any thread, a handler's or a signal's among them."""
        self._ends.put(None)

    def _consume(self) -> None:
        try:
            self._bus.start_consuming()
        except Exception as error:  # noqa: BLE001 - `run` raises it
            self._failure = error
        finally:
            self._ends.put(None)

    def _drain(self, consuming: threading.Thread) -> bool:
        logger.info("%s takes no more, and lets what it handles end", self.name)
        until = None if self._drain_within is None else time.monotonic() + self._drain_within
        ended = True
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            # Whichever of the two threads is first waits for the handlers, and the other returns at once. Repeated,
            # since a signal may come before the other thread has begun to consume.
            try:
                ended &= self._bus.stop(left)
            except EventError as error:
                self._failure = error
            consuming.join(_PAUSE if left is None else min(left, _PAUSE))
            if not consuming.is_alive():
                return ended
            if left == 0:
                return False

    def _watched(self, callback: Callable[[BaseEvent], Any]) -> Callable[[BaseEvent], Any]:
        if inspect.iscoroutinefunction(callback) or not callable(callback):
            # Wrapped it would pass for a plain function: the bus refuses it as it is.
            return callback

        @wraps(callback)
        def watched(event: BaseEvent) -> Any:
            thread = threading.get_ident()
            self._begun[thread] = time.monotonic()
            try:
                return callback(event)
            finally:
                del self._begun[thread]

        return watched

    def _health(self) -> tuple[bool, dict[str, Any]]:
        begun = self._begun.copy()
        longest = time.monotonic() - min(begun.values()) if begun else 0.0
        stuck = self._stuck_after is not None and longest > self._stuck_after
        about = {
            "service": self.name,
            "status": "stuck" if stuck else "alive",
            "handling": len(begun),
            "longest_seconds": round(longest, 3),
        }
        return not stuck, about

    def _ready(self) -> tuple[bool, dict[str, Any]]:
        return self._state == CONSUMING, {"service": self.name, "status": self._state}
