"""Dead letters, as they lie in their queue."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from workshop_lib.events.transport import DeadLetter
from workshop_lib.events.transports.rabbitmq.letters import Held
from workshop_lib.events.transports.rabbitmq.messages import (
    ATTEMPT,
    DIED_AT,
    DIGEST,
    LETTER_ID,
    REASON,
    ROUTING_KEY,
    number,
    own,
)
from workshop_lib.i18n import _


def _death(one: Held) -> dict[str, Any]:
    """What the broker wrote of a message that it dead-lettered itself: it was rejected by hand, in a console."""
    deaths = one.headers.get("x-death")
    return dict(deaths[0]) if isinstance(deaths, list) and deaths else {}


def id_of(one: Held) -> str:
    """Of a dead letter; one that was rejected by hand has none of ours."""
    return str(one.headers.get(LETTER_ID) or sha256(one.body + repr(_death(one)).encode()).hexdigest()[:32])


def letter_of(queue_name: str, one: Held) -> DeadLetter:
    """What a message in a queue of dead letters says."""
    headers, death = one.headers, _death(one)
    try:
        died_at = datetime.fromisoformat(str(headers.get(DIED_AT)))
    except ValueError:
        died_at = death.get("time", datetime.fromtimestamp(0)).replace(tzinfo=UTC)
    routing_key = headers.get(ROUTING_KEY) or next(iter(death.get("routing-keys", ())), one.routing_key)
    return DeadLetter(
        id=id_of(one),
        queue_name=queue_name,
        routing_key=str(routing_key),
        body=one.body,
        headers=own(headers),
        reason=str(headers.get(REASON, _("rejected by another program"))),
        digest=str(headers.get(DIGEST, "")),
        attempts=int(number(headers, ATTEMPT, 1)),
        died_at=died_at,
    )
