"""What can go wrong with events::

WorkshopError
└── EventError
    ├── InvalidEvent               not an event: bad JSON, or not the schema
    │   ├── UnknownVersion         of a schema version that nobody can read here
    │   └── EventTooLarge          more bytes than the bus takes
    ├── InvalidSchema              a type or an upcaster that can't be registered
    ├── InvalidTopic               not a routing key, or not a pattern
    ├── UnknownScheme              no bus or store for this URL
    ├── CannotServe                a service's port is taken
    ├── BusError
    │   ├── UnroutableError        no queue asked for a request or for data
    │   ├── NotConfirmed           of several events some did not reach the backend for sure
    │   ├── InvalidSubscription    a queue, its keys or its callback can't be used
    │   ├── QueueConflict          the queue exists with other arguments
    │   ├── UnknownQueue           no queue of that name
    │   ├── BrokerUnavailable      nobody answers, or the file is locked or full
    │   │   └── WrongCredentials   it answers, and refuses the user or the password
    │   ├── NotAnEventBus          the file or server holds something else
    │   └── BusClosed              used after it was closed
    └── StoreError
        ├── EventConflict          the same event id with another content
        ├── NotAnEventStore        the file is something else
        ├── StoreUnavailable       it can't be opened, read or written
        └── StoreClosed            used after it was closed
"""

from collections.abc import Iterable, Mapping

from workshop_lib.errors import PlainError
from workshop_lib.i18n import _


class EventError(PlainError):
    """Something about events that a reader of the message can mend."""


class InvalidEvent(EventError):
    """Not an event; `reason` names the field and what is wrong with it, never the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("expected an event, got something else: {reason}").format(reason=reason))
        self.reason = reason


class UnknownVersion(InvalidEvent):
    """An event of a newer schema version than the one here, or of an older one that nothing upcasts."""


class EventTooLarge(InvalidEvent):
    """An event of more bytes than the bus takes."""

    def __init__(self, size: int, most: int) -> None:
        text = _(
            "{size} bytes, and this bus takes {most}. Publish an address of the content in its place, "
            "or raise EVENT_MAX_BYTES"
        )
        super().__init__(text.format(size=size, most=most))


class InvalidSchema(EventError):
    """A type of event, or an upcaster, that can't be registered as it is."""


class InvalidTopic(EventError):
    """A routing key or a pattern that AMQP or this project does not take."""


class UnknownScheme(EventError):
    """A URL that names no bus or store; `known` are those there are."""

    def __init__(self, what: str, url: str, known: Iterable[str]) -> None:
        self.known = tuple(sorted(known))
        # A URL may hold a password: only its scheme is shown.
        scheme = url.partition("://")[0] if "://" in url else _("no scheme")
        text = _("expected the URL of {what}, one of {known}; got {scheme}")
        super().__init__(text.format(what=what, known=", ".join(self.known), scheme=scheme))


class CannotServe(EventError):
    """A service can't listen where it was told to."""

    def __init__(self, host: str, port: int, why: str) -> None:
        text = _("expected to listen on {host}:{port}, but: {why}. Take another port; 0 finds a free one")
        super().__init__(text.format(host=host, port=port, why=why))


class BusError(EventError):
    """The bus was asked for something it can't do."""


class UnroutableError(BusError):
    """No queue is bound for a request (`….requested`) or for data (`data.…`), which would be lost."""

    def __init__(self, routing_key: str, queues: Iterable[str] | None = None) -> None:
        text = _(
            "expected a queue bound for {key!r}, found none. "
            "Subscribe before publishing: bus.subscribe('a-queue', [{key!r}], callback)"
        )
        known = _(
            "expected a queue bound for {key!r}, found none (queues: {queues}). "
            "Subscribe before publishing: bus.subscribe('a-queue', [{key!r}], callback)"
        )
        names = None if queues is None else ", ".join(sorted(queues)) or _("none")
        super().__init__((text if names is None else known).format(key=routing_key, queues=names))
        self.routing_key = routing_key


class NotConfirmed(BusError):
    """Not every event of a batch reached the backend for sure.

    Attributes:
        confirmed: indices into the batch of those that did.
        refused: why, by index, for those that did not. An index in neither may have arrived: publish it again, its
            event id lets a consumer that remembers ids handle it once.
    """

    def __init__(self, total: int, confirmed: Iterable[int], refused: Mapping[int, EventError]) -> None:
        self.total = total
        self.confirmed = frozenset(confirmed)
        self.refused = dict(refused)
        text = _("expected {total} events confirmed, got {n} ({refused} refused{why}). Publish the others again")
        why = next((f": {error}" for error in self.refused.values()), "")
        super().__init__(text.format(total=total, n=len(self.confirmed), refused=len(self.refused), why=why))


class InvalidSubscription(BusError):
    """A queue name, routing keys or a callback that can't be used."""


class QueueConflict(BusError):
    """The queue exists with other arguments, which a queue keeps for life."""

    def __init__(self, queue_name: str, why: str) -> None:
        text = _("expected queue {name!r} as it was made, but: {why}. Take another name, or delete the old queue")
        super().__init__(text.format(name=queue_name, why=why))
        self.queue_name = queue_name


class UnknownQueue(BusError):
    """There is no queue of that name."""

    def __init__(self, queue_name: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or _("none yet")
        super().__init__(_("expected a queue, one of: {names}; got {name!r}").format(names=names, name=queue_name))


class BrokerUnavailable(BusError):
    """The backend can't be reached or written now; the message says what to start or to mend."""


class WrongCredentials(BrokerUnavailable):
    """The backend refused the user or the password. Neither is shown."""


class NotAnEventBus(BusError):
    """The file or the server holds something else. It was left as it is."""


class BusClosed(BusError):
    """The bus was used after it was closed."""

    def __init__(self) -> None:
        super().__init__(_("expected an open bus, got a closed one. Open another: open_bus(url)"))


class StoreError(EventError):
    """The event store can't do what it was asked for."""


class EventConflict(StoreError):
    """An event of the same id is there, and its content is another."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            _(
                "expected event {id} as it is stored, got another content under the same id. "
                "What happened does not change: publish a new event with a new id"
            ).format(id=event_id)
        )
        self.event_id = event_id


class NotAnEventStore(StoreError):
    """The file is no SQLite database, or its table `events` is not ours. It was left as it is."""


class StoreUnavailable(StoreError):
    """The file can't be opened, read or written, or another process held it for too long."""


class StoreClosed(StoreError):
    """The store was used after it was closed."""

    def __init__(self) -> None:
        super().__init__(_("expected an open event store, got a closed one. Open another: open_store(url)"))
