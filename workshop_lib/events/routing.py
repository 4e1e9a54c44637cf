"""Which queues a routing key reaches, for backends that match patterns themselves."""

from collections.abc import Iterable

from workshop_lib.events.topics import matches

_REMEMBERED = 10_000


class Bindings:
    """Patterns by queue. Not for several threads at once: its owner has a lock."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        """From pairs of queue and pattern."""
        self._patterns: dict[str, set[str]] = {}
        self._routes: dict[str, tuple[str, ...]] = {}
        for queue, pattern in pairs:
            self.bind(queue, (pattern,))

    def bind(self, queue: str, patterns: Iterable[str]) -> None:
        """Send what matches one of `patterns` to `queue` too."""
        self._patterns.setdefault(queue, set()).update(patterns)
        self._routes.clear()

    def remove(self, queue: str) -> None:
        """Forget the queue; an unknown one is no error."""
        self._patterns.pop(queue, None)
        self._routes.clear()

    def queues(self, routing_key: str) -> tuple[str, ...]:
        """The queues that get what is published with `routing_key`, each once, in the order of their making."""
        found = self._routes.get(routing_key)
        if found is None:
            if len(self._routes) >= _REMEMBERED:
                self._routes.clear()
            found = tuple(q for q, patterns in self._patterns.items() if any(matches(p, routing_key) for p in patterns))
            self._routes[routing_key] = found
        return found
