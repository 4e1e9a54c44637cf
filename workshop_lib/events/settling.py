"""What becomes of a delivery: done, tried again after a wait, or given up with its reason."""

import hashlib
import logging
import traceback
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from workshop_lib.events.codec import parse_event
from workshop_lib.events.errors import InvalidEvent
from workshop_lib.events.retry import backoff as full_jitter
from workshop_lib.events.schemas import BaseEvent
from workshop_lib.events.transport import Delivery
from workshop_lib.i18n import _

logger = logging.getLogger(__name__)

MAX_DEATHS = 20
"""An event that was in hand when its process ended this often is given up: it may be what ends it."""

_MAX_REASON = 1000


class Settled(Enum):
    """How a delivery ended."""

    HANDLED = "handled"
    RETRIED = "retried"
    DEAD = "dead"
    LOST = "lost"


def settle(
    delivery: Delivery,
    work: Callable[[BaseEvent], Any],
    max_attempts: int = 5,
    backoff: Callable[[int], float] = full_jitter,
    *,
    auto_ack: bool = False,
) -> Settled:
    """Call `work` with the delivery's event, and settle the delivery by what comes of it, once.

    - It ends well: acknowledged, and not before.
    - It raises, `SystemExit` included: again after ``backoff(attempt)`` seconds; to the dead letters at attempt
      `max_attempts`, with the reason and a digest of the traceback.
    - The body is no event, or its process ended `MAX_DEATHS` times while it was in hand: to the dead letters at once.

    With `auto_ack` it is acknowledged before the work, so that a failure loses it. Raises nothing that `work` raises.
    """
    if delivery.redelivered >= MAX_DEATHS:
        text = _("its process ended {n} times while it was in hand")
        return _bury(delivery, text.format(n=delivery.redelivered), "")
    try:
        event = parse_event(delivery.body)
    except InvalidEvent as error:
        return _bury(delivery, f"{type(error).__name__}: {error.reason}", "")
    if auto_ack:
        delivery.ack()
    try:
        work(event)
    except BaseException as error:  # noqa: BLE001 - exit() in a handler is a failed try, not the worker's end
        return _lost(delivery, error) if auto_ack else _failed(delivery, error, max_attempts, backoff)
    if not auto_ack:
        _say_if_late(delivery, delivery.ack())
    return Settled.HANDLED


def traceback_digest(error: BaseException) -> str:
    """Eight hex digits, the same for the same chain of lines and the same class, and the innermost line."""
    frames = traceback.extract_tb(error.__traceback__)
    # The first is this module's own call of the work.
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    text = "\n".join([type(error).__qualname__, *places])
    return f"{hashlib.sha256(text.encode()).hexdigest()[:8]} {places[-1] if places else ''}".rstrip()


def _lost(delivery: Delivery, error: BaseException) -> Settled:
    text = "%s was lost, since it was acknowledged on delivery"
    logger.error(text, _named(delivery), exc_info=error, extra=_about(delivery))
    return Settled.LOST


def _failed(delivery: Delivery, error: BaseException, max_attempts: int, backoff: Callable[[int], float]) -> Settled:
    what = _named(delivery)
    delay = _delay(delivery, error, max_attempts, backoff)
    if isinstance(delay, float):
        name = type(error).__name__
        text = "%s failed at attempt %d (%s); again in %.2f s"
        logger.warning(text, what, delivery.attempt, name, delay, extra=_about(delivery))
        _say_if_late(delivery, delivery.retry(delay))
        return Settled.RETRIED
    text = "%s was dead-lettered after attempt %d"
    logger.error(text, what, delivery.attempt, exc_info=error, extra=_about(delivery))
    return _bury(delivery, delay, traceback_digest(error))


def _delay(delivery: Delivery, error: BaseException, max_attempts: int, backoff: Callable[[int], float]) -> float | str:
    """Seconds until the next try; or, where there is none, the reason for giving up."""
    reason = f"{type(error).__name__}: {error}"
    if delivery.attempt >= max_attempts:
        return reason
    try:
        delay = float(backoff(delivery.attempt))
    except Exception as why:
        logger.exception("queue %s: the back-off failed", delivery.queue_name, extra=_about(delivery))
        return _("{reason} (and its back-off failed: {why})").format(reason=reason, why=why)
    if not 0 <= delay < float("inf"):
        return _("{reason} (and its back-off said {delay} seconds)").format(reason=reason, delay=delay)
    return delay


def _bury(delivery: Delivery, reason: str, digest: str) -> Settled:
    _say_if_late(delivery, delivery.dead_letter(reason[:_MAX_REASON], digest))
    return Settled.DEAD


def _named(delivery: Delivery) -> str:
    return f"queue {delivery.queue_name}: an event with routing key {delivery.routing_key}"


def _say_if_late(delivery: Delivery, counted: bool) -> None:
    if not counted:
        text = "queue %s: an event with routing key %s was settled too late, and comes again"
        logger.warning(text, delivery.queue_name, delivery.routing_key, extra=_about(delivery))


def _about(delivery: Delivery) -> dict[str, str]:
    """What a log line carries beside its text: this is said outside the handler, where the correlation id is known."""
    return {"correlation_id": delivery.headers.get("correlation_id", "-")}
