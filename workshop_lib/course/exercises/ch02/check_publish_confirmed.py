"""The check of 2.2: on a transport of this process's memory that remembers what it was asked, and on broken ones."""

from collections.abc import Callable, Sequence
from typing import Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.events import BrokerUnavailable, EventError, NotConfirmed
from workshop_lib.events.transport import Outgoing, QueueSpec
from workshop_lib.events.transports.memory import MemoryTransport
from workshop_lib.i18n import _

_BODY = b'{"a": "page"}'


class _Transport(MemoryTransport):
    """Remembers what it was asked to publish; where it is given a failure, raises it in place of publishing."""

    def __init__(self, failure: EventError | None = None) -> None:
        super().__init__("memory://", "check")
        self.failure = failure
        self.asked: list[Outgoing] = []
        self.connect()

    def publish(self, messages: Sequence[Outgoing]) -> None:
        self.asked += messages
        if self.failure is not None:
            raise self.failure
        super().publish(messages)


def check_publish_confirmed(publish_confirmed: Callable[..., Any]) -> None:
    """True for what is delivered, an exception for what is not; a fact may go unheard, a request or data may not."""
    _check_delivered(publish_confirmed)
    for key, missed in (("data.ingested", "requests-only"), ("training.requested", "data-only")):
        _check_refused(publish_confirmed, key, missed)
    for key in ("training.started", "model.deployed"):
        _check_unheard(publish_confirmed, key, "always-mandatory")
    for key in ("database.moved", "backup.unrequested"):
        _check_unheard(publish_confirmed, key, "parts-of-words")
    unknown = NotConfirmed(1, (), {})
    for failure in (unknown, BrokerUnavailable(_("nobody answers"))):
        _check_failure(publish_confirmed, failure)


def _check_delivered(publish_confirmed: Callable[..., Any]) -> None:
    transport = _Transport()
    transport.declare(QueueSpec("shelf", ("data.*",)))
    got = call(publish_confirmed, transport, "data.ingested", _BODY)
    sent = [(message.routing_key, message.body) for message in transport.asked]
    if sent != [("data.ingested", _BODY)]:
        raise Incorrect(
            tried=_tried("data.ingested", _("a queue is bound for it")),
            expected=_("one message with this key and this body on the transport"),
            got=sent,
            case="data.ingested",
        )
    if got is not True:
        raise Incorrect(
            tried=_tried("data.ingested", _("a queue is bound for it")),
            expected=True,
            got=got,
            mistake="no-answer" if got is None else None,
            case="data.ingested",
        )


def _check_refused(publish_confirmed: Callable[..., Any], key: str, forgotten: str) -> None:
    transport = _Transport()
    try:
        got = call(publish_confirmed, transport, key, _BODY)
    except EventError:
        return
    asked = any(message.mandatory for message in transport.asked)
    if asked:
        mistake = _swallowed(got)
    else:
        other = "data.ingested" if key != "data.ingested" else "training.requested"
        mistake = forgotten if _is_mandatory(publish_confirmed, other) else "never-mandatory"
    raise Incorrect(
        tried=_tried(key, _("no queue is bound for it")),
        expected=_("an exception: the transport raises NotConfirmed"),
        got=_("{result}, and no queue has the message").format(result=shown(got)),
        mistake=mistake,
        case=key,
    )


def _is_mandatory(publish_confirmed: Callable[..., Any], key: str) -> bool:
    transport = _Transport()
    try:
        call(publish_confirmed, transport, key, _BODY)
    except EventError:
        return True
    return any(message.mandatory for message in transport.asked)


def _check_unheard(publish_confirmed: Callable[..., Any], key: str, mistake: str) -> None:
    try:
        got = call(publish_confirmed, _Transport(), key, _BODY)
    except EventError as error:
        raise Incorrect(
            tried=_tried(key, _("no queue is bound for it")),
            expected=_("True: a fact may go unheard"),
            got=type(error).__name__,
            mistake=mistake,
            case=key,
        ) from None
    if got is not True:
        raise Incorrect(tried=_tried(key, _("no queue is bound for it")), expected=True, got=got, case=key)


def _check_failure(publish_confirmed: Callable[..., Any], failure: EventError) -> None:
    try:
        got = call(publish_confirmed, _Transport(failure), "training.started", _BODY)
    except EventError:
        return
    name = type(failure).__name__
    raise Incorrect(
        tried=_tried("training.started", _("the transport raises {error}").format(error=name)),
        expected=name,
        got=got,
        mistake=_swallowed(got),
        case="training.started",
    )


def _swallowed(got: object) -> str | None:
    if got is True:
        return "says-true"
    return "returns-false" if got is None or got is False else None


def _tried(key: str, where: str) -> str:
    return f'publish_confirmed(transport, "{key}", body), {where}'
