"""0.2: an event that its receiver can verify and that can be found again."""

import hashlib
from collections.abc import Callable
from typing import Any

from workshop_lib.course.exercises.ch00.pages import CAFE, TEA, Page
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.course.exercises.variants import variants
from workshop_lib.events import BaseEvent, DataIngestedEvent
from workshop_lib.i18n import _, mark


def check_announce(announce: Callable[[Any], BaseEvent]) -> None:
    """Content, size and hash belong together; every document has a correlation id of its own."""
    for page in (TEA, CAFE):
        event = _event(announce, page)
        payload, content = event.payload, page.text.encode()
        wanted = {
            "event_type": "data.ingested",
            "document_id": page.id,
            "filename": page.filename,
            "content": page.text,
            "size": len(content),
            "content_hash": hashlib.sha256(content).hexdigest(),
        }
        for field, right in wanted.items():
            got = event.metadata.event_type.value if field == "event_type" else getattr(payload, field, None)
            if got != right:
                _wrong_field(page, field, right, got)
    _check_correlation(announce)


def _event(announce: Callable[[Any], BaseEvent], page: Page) -> Any:
    event = call(announce, page)
    if not isinstance(event, DataIngestedEvent):
        raise Incorrect(
            tried=_shown(page),
            expected=_("an event: DataIngestedEvent.for_document(…)"),
            got=event,
            mistake="no-return" if event is None else None,
            case=page,
        )
    return event


def _wrong_field(page: Page, field: str, right: object, got: object) -> None:
    slips = {
        ("size", len(page.text)): "characters",
        ("size", page.size): "raw-page",
        ("content_hash", page.content_hash): "raw-page",
    }
    raise Incorrect(
        tried=f"{_shown(page)} … {field}",
        expected=shown(right),
        got=shown(got),
        mistake=slips.get((field, got)),
        case=page,
    )


def _check_correlation(announce: Callable[[Any], BaseEvent]) -> None:
    first, second = (_event(announce, page).metadata.correlation_id for page in (TEA, CAFE))
    tried, two = _("the correlation ids of two documents"), _("two different ids")
    if first is None or second is None:
        raise Incorrect(tried=tried, expected=two, got=[first, second], mistake="no-correlation", case=TEA)
    if first == second:
        got = _("{id}, twice").format(id=first)
        raise Incorrect(tried=tried, expected=two, got=got, mistake="shared-correlation", case=CAFE)


def _shown(page: Page) -> str:
    return f"announce(<{page.id}: {page.text!r}>)"


_slip = variants(
    """
from hashlib import sha256
from uuid import uuid4
from workshop_lib.events import DataIngestedEvent

def announce(document{parameter}):
    content = document.text.encode()
    return DataIngestedEvent.for_document(
        document_id=document.id, filename=document.filename, content=document.text, size={size},
        content_hash={hash}, correlation_id={correlation}, source_service="shelf",
    )
""",
    parameter="",
    correlation="uuid4()",
    size="len(content)",
    hash="sha256(content).hexdigest()",
)


EXERCISE = Exercise(
    id="0.2",
    name="announce",
    title=mark("Announce a document"),
    minutes=5,
    difficulty=2,
    reference="workshop_lib.platform.shelf:announce",
    check=check_announce,
    hints=(
        mark("The receiver sees only the content. Which bytes must it hash to get the same fingerprint as you?"),
        mark("Encode the text once: content = document.text.encode(). Its length is the size, its SHA-256 the hash."),
        mark("sha256(content).hexdigest() is the hash; uuid4(), called inside the function, is a new id each time."),
    ),
    mistakes=(
        Mistake(
            "characters",
            _slip(size="len(document.text)"),
            mark(
                "The size is in characters, and it should be in bytes: 'é' is one character and two bytes in UTF-8. "
                "English pages hide the difference; a buffer or a quota counted in bytes does not."
            ),
        ),
        Mistake(
            "raw-page",
            _slip(size="document.size", hash="document.content_hash"),
            mark(
                "This describes the raw Markdown page, but the event carries its clean text. Whoever verifies what "
                "they received will find that it does not match, and throw away a good document. Measure what you send."
            ),
        ),
        Mistake(
            "no-correlation",
            _slip(correlation="None"),
            mark(
                "The event has no correlation id. It can be stored, but nobody can ask later for everything that "
                "happened to this one document."
            ),
        ),
        Mistake(
            "shared-correlation",
            _slip(parameter=", correlation_id=uuid4()", correlation="correlation_id"),
            mark(
                "Both documents got the same id, so their traces are mixed. A default argument is made once, when the "
                "function is defined. Make the id inside the function."
            ),
        ),
        Mistake(
            "no-return",
            "def announce(document): print(document.id)",
            mark("The function gave no event back. Does it return what it builds?"),
        ),
    ),
)
