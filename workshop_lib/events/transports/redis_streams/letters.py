"""Dead letters: a stream for each queue, whose entry ids name them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from workshop_lib.events.transport import DeadLetter
from workshop_lib.events.transports.redis_streams.delivery import Message
from workshop_lib.events.transports.redis_streams.link import Link
from workshop_lib.events.transports.redis_streams.scripts import ROOT

_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_PAGE = 100


def read_letters(link: Link, queue_name: str, limit: int | None) -> Iterator[DeadLetter]:
    """Oldest first, a page at a time."""
    start, left = "-", limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = link.patiently(lambda: link.client.xrange(_stream(queue_name), start, "+", size))  # noqa: B023
        for entry_id, fields in page:
            yield _letter(queue_name, entry_id.decode(), fields)
        if len(page) < size:
            return
        start = f"({page[-1][0].decode()}"
        left = None if left is None else left - len(page)


def replay(link: Link, queue_name: str, letter_id: str) -> bool:
    """Whether it was there, and is in its queue now."""
    return bool(_ID.fullmatch(letter_id) and link.run("REPLAY", queue_name, letter_id, patience=0.0))


def drop(link: Link, queue_name: str, letter_id: str) -> bool:
    """Whether it was there, and is gone now."""
    if not _ID.fullmatch(letter_id):
        return False
    return bool(link.patiently(lambda: link.client.xdel(_stream(queue_name), letter_id), 0.0))


def _stream(queue_name: str) -> str:
    return f"{ROOT}dead:{queue_name}"


def _letter(queue_name: str, letter_id: str, fields: dict[bytes, bytes]) -> DeadLetter:
    message = Message.of(fields)
    return DeadLetter(
        id=letter_id,
        queue_name=queue_name,
        routing_key=message.routing_key,
        body=message.body,
        headers=message.headers,
        reason=fields[b"r"].decode(),
        digest=fields[b"g"].decode(),
        attempts=message.attempt,
        died_at=datetime.fromtimestamp(int(fields[b"t"]) / 1_000_000, UTC),
    )
