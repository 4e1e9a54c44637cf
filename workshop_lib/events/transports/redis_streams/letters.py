"""Dead letters: a stream for each queue, whose entry ids name them."""

import re
from collections.abc import Collection, Iterator
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


def replay_many(link: Link, queue_name: str, letter_ids: Collection[str]) -> int:
    """How many were there, and are in their queue now. A page of them goes in one step."""
    return sum(link.run("REPLAY", queue_name, *page, patience=0.0) or 0 for page in _pages(letter_ids))


def drop_many(link: Link, queue_name: str, letter_ids: Collection[str]) -> int:
    """How many were there, and are gone now."""
    stream = _stream(queue_name)
    return sum(
        link.patiently(lambda: link.client.xdel(stream, *page), 0.0)  # noqa: B023
        for page in _pages(letter_ids)
    )


def _pages(letter_ids: Collection[str]) -> Iterator[list[str]]:
    ours = [letter_id for letter_id in letter_ids if _ID.fullmatch(letter_id)]
    for start in range(0, len(ours), _PAGE):
        yield ours[start : start + _PAGE]


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
