"""What stands in a message's headers beside the publisher's own. All of it begins with ``x-``."""

from collections.abc import Mapping
from typing import Any, Final

from pika import BasicProperties  # type: ignore[import-untyped]

ATTEMPT: Final = "x-attempt"
ROUTING_KEY: Final = "x-routing-key"
"""As published. On its way through a delay queue or to the dead letters the message travels by its queue's name."""
NOT_BEFORE: Final = "x-not-before"
"""Seconds since the epoch, for a wait that is longer than the ladder."""
TICKET: Final = "x-ticket"
"""Names one wait, so that who sent it off sees it come back."""
REASON: Final = "x-reason"
DIGEST: Final = "x-digest"
DIED_AT: Final = "x-died-at"
LETTER_ID: Final = "x-letter-id"

_PERSISTENT = 2


def properties(headers: Mapping[str, str], priority: int | None) -> BasicProperties:
    """Of a message that survives the broker."""
    return BasicProperties(
        content_type="application/json",
        delivery_mode=_PERSISTENT,
        priority=priority,
        message_id=headers.get("event_id"),
        headers=dict(headers),
    )


def own(headers: Mapping[str, Any] | None) -> dict[str, str]:
    """The publisher's headers, without the transport's and the broker's."""
    return {
        name: value for name, value in (headers or {}).items() if not name.startswith("x-") and isinstance(value, str)
    }


def number(headers: Mapping[str, Any] | None, name: str, missing: float) -> float:
    """A number in a header; `missing` where there is none or something else."""
    try:
        return float((headers or {}).get(name, missing))
    except (TypeError, ValueError):
        return missing


def text(value: str) -> str:
    """`value` as UTF-8 can carry it: a reason may quote half of a surrogate pair."""
    return value.encode("utf-8", "replace").decode()
