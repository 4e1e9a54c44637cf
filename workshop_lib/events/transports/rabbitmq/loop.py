"""The thread in which everything of pika's happens. Its connections are not safe in any other."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from pika.adapters.select_connection import IOLoop  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

# It logs each refused connection as errors of its own. What matters of them is in our errors and warnings.
_pika = logging.getLogger("pika")
if _pika.level == logging.NOTSET:
    _pika.setLevel(logging.CRITICAL)


class Loop:
    """Runs what is posted, in its order, beside the connections' own work: heartbeats, deliveries, confirms."""

    def __init__(self) -> None:
        self.ioloop = IOLoop()
        self._posted: deque[Callable[[], None]] = deque()
        self._awake = self._ended = self._dead = False
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="rabbitmq", daemon=True)
        self._thread.start()

    def post(self, work: Callable[[], None]) -> None:
        """Have `work` run on the loop's thread; callable from any."""
        self._posted.append(work)
        with self._lock:
            if self._dead:
                # Nothing is connected any more: it fails at once, for whoever waits for it.
                self._run_posted()
                return
            # To wake the loop is a system call, one for many posts. `_run_posted` lowers the flag before it looks.
            if not self._awake:
                self._awake = True
                self.ioloop.add_callback_threadsafe(self._run_posted)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Have `work` run in `seconds`; only from the loop's thread."""
        self.ioloop.call_later(seconds, work)

    def stop(self) -> None:
        """Run what was posted, and end the thread."""
        self.post(self._stop)
        self._thread.join()
        with self._lock:
            self._dead = True
            self._run_posted()
            self.ioloop.close()

    def _stop(self) -> None:
        self._ended = True
        self.ioloop.stop()

    def _run_posted(self) -> None:
        self._awake = False
        while self._posted:
            work = self._posted.popleft()
            try:
                work()
            except Exception:
                logger.exception("a piece of the RabbitMQ transport's work failed")

    def _run(self) -> None:
        while not self._ended:
            try:
                self.ioloop.start()
            except Exception:
                # Heartbeats and other connections go on.
                logger.exception("a callback of the RabbitMQ transport failed")
