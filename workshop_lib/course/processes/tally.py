"""The service `Tally` as chapter 02 starts it: with the student's own answers, and hanging where it is told to."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from workshop_lib.course.processes.side import run_aside, say
from workshop_lib.events import BaseEvent, backoff, current_handling, open_bus, open_store
from workshop_lib.events.once import handle_once
from workshop_lib.events.schemas import follow
from workshop_lib.parts import part
from workshop_lib.platform.tally import Tally


def main(
    bus: str,
    store: str,
    exchange: str,
    ledger: str,
    auto_ack: bool = False,
    once: bool = True,
    section_needed: bool = False,
    hang_at: int = 0,
    hang: str = "after",
) -> None:
    """Consume the queue ``<exchange>.tally`` until SIGTERM.

    Args:
        auto_ack: acknowledge before the work.
        once: remember what was handled; else each delivery counts.
        hang_at: stop dead at this page, counted from 1: ``before`` the work, or ``after`` it and before the ack. Where
            the work fails there is no after: then at the next.
    """
    wait, mine, link = part("2.5", backoff), part("2.6", handle_once), part("2.7", follow)
    with (
        open_store(store) as kept,
        open_bus(bus, exchange, record=kept) as events,
        Tally(
            Path(ledger), events, section_needed=section_needed, once=mine if once else each_time, follow=link
        ) as tally,
    ):
        numbers = iter(range(1, 1_000_000))
        queue = f"{exchange}.tally"

        def stop_dead(page: str) -> None:
            # An acknowledgement on its way shall have arrived: what is shown is no race.
            events.counts(queue)
            say("hangs", page)
            threading.Event().wait()

        def handle(event: BaseEvent) -> None:
            page, hangs = event.payload["document_id"], 0 < hang_at <= next(numbers)
            say("took", f"{page} {_attempt()}")
            if hangs and hang == "before":
                stop_dead(page)
            try:
                new = tally.handle(event)
            except Exception:
                say("failed", page)
                raise
            say("wrote" if new else "knew", page)
            if hangs:
                stop_dead(page)

        events.subscribe(
            queue,
            ["data.ingested"],
            handle,
            auto_ack,
            max_attempts=3,
            # A tenth of the usual waits: nobody wants to watch them.
            backoff=lambda attempt: wait(attempt, 0.05, 3.0),
        )
        events.start_consuming(block=False)
        say("ready")
        events.start_consuming()
    say("ended")


def each_time(
    connection: sqlite3.Connection, consumer: str, event_id: UUID, work: Callable[[sqlite3.Connection], Any]
) -> bool:
    """What a service does that remembers nothing."""
    work(connection)
    return True


def _attempt() -> int:
    handling = current_handling()
    return handling.attempt if handling else 0


if __name__ == "__main__":
    run_aside(main)
