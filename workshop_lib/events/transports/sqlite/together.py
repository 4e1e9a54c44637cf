"""Publishes of several threads in one transaction: while one is being written, the next ones gather."""

import threading
from collections.abc import Callable, Sequence

from workshop_lib.events.errors import UnroutableError
from workshop_lib.events.transport import Outgoing


class Batch:
    """One call's messages, and what became of them.

    Attributes:
        refused: by index.
    """

    __slots__ = ("messages", "refused", "written")

    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self.messages = messages
        self.refused: dict[int, UnroutableError] = {}
        self.written = False


class Together:
    """Lets one of the threads that wait write for all of them. A thread that is alone writes at once."""

    def __init__(self, write: Callable[[Sequence[Batch]], None]) -> None:
        """`write` puts all into one transaction, or raises and has written none."""
        self._write = write
        self._changed = threading.Condition()
        self._waiting: list[Batch] = []
        self._busy = False

    def publish(self, messages: Sequence[Outgoing]) -> Batch:
        """Return when the messages are written; raises what `write` does, and then they are not."""
        batch = Batch(messages)
        with self._changed:
            self._waiting.append(batch)
            while self._busy and not batch.written:
                self._changed.wait()
            if batch.written:
                return batch
            self._busy = True
            # After another's failure this one is among them no more.
            group = [batch, *(other for other in self._waiting if other is not batch)]
            self._waiting.clear()
        try:
            self._write(group)
            for one in group:
                one.written = True
        finally:
            # Where it failed, that is this thread's error. The others are not written, and try for themselves.
            with self._changed:
                self._busy = False
                self._changed.notify_all()
        return batch
