"""How events and dead letters look in a terminal. What an event says is shown as text, whatever it looks like."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from workshop_lib.cli.rag.view import pairs, plain
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.events import DeadLetter, QueueCounts
    from workshop_lib.events.transport import Delivery

Overview = Mapping[str, tuple["QueueCounts", Sequence["DeadLetter"]]]

_REASONS = 3
_MAX_SHOWN = 20_000


def overview_table(rows: Overview) -> Table:
    """Each queue: what waits in it, and why what is dead died, the most frequent reasons first."""
    table = Table(show_lines=True)
    table.add_column(_("Queue"), overflow="fold")
    for name in (_("Ready"), _("Waiting"), _("Dead")):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(_("Reasons"), overflow="fold")
    for queue, (counts, letters) in rows.items():
        most = reasons(letters)
        lines = [f"{n:,}  {plain(reason)}" for reason, n in most[:_REASONS]]
        if len(most) > _REASONS:
            lines.append(_("and {n} other reasons").format(n=len(most) - _REASONS))
        if counts.dead > len(letters):
            lines.append(_("(of the oldest {n})").format(n=f"{len(letters):,}"))
        dead = Text(f"{counts.dead:,}", "bold red" if counts.dead else "")
        table.add_row(Text(plain(queue)), f"{counts.ready:,}", f"{counts.delayed:,}", dead, Text("\n".join(lines)))
    return table


def reasons(letters: Sequence["DeadLetter"]) -> list[tuple[str, int]]:
    """Each reason's first line with how many died of it, most frequent first."""
    return Counter((letter.reason.splitlines() or [""])[0] for letter in letters).most_common()


def overview_json(rows: Overview) -> list[dict[str, Any]]:
    """The overview for programs."""
    return [
        {
            "queue": queue,
            "ready": counts.ready,
            "delayed": counts.delayed,
            "dead": counts.dead,
            "reasons": dict(reasons(letters)),
            "reasons_of": len(letters),
        }
        for queue, (counts, letters) in rows.items()
    ]


def letters_table(letters: Sequence["DeadLetter"], dead: int) -> Table:
    """One row each. The id is never cut, so that it can be pasted."""
    text = _("{n} of {dead}, the oldest first").format(n=f"{len(letters):,}", dead=f"{dead:,}")
    table = Table(caption=text, caption_justify="left", show_lines=True)
    table.add_column(_("Id, died"), no_wrap=True, min_width=max(len(letter.id) for letter in letters))
    table.add_column(_("Tries"), justify="right", no_wrap=True)
    table.add_column(_("Event, reason"), overflow="fold")
    for letter in letters:
        named = Text.assemble(letter.id, "\n", (_when(letter.died_at), "dim"))
        why = Text.assemble((plain(letter.routing_key), "green"), "\n", plain(letter.reason))
        table.add_row(named, str(letter.attempts), why)
    return table


def letter_view(letter: "DeadLetter") -> Iterator[RenderableType]:
    """All there is to know about it, then what was published."""
    rows = {
        _("id"): letter.id,
        _("queue"): letter.queue_name,
        _("routing key"): letter.routing_key,
        _("reason"): letter.reason,
        _("where"): letter.digest,
        _("tries"): str(letter.attempts),
        _("died"): _when(letter.died_at),
    }
    yield pairs({name: value for name, value in {**rows, **letter.headers}.items() if value})
    yield ""
    body = _content(letter.body)
    shown = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    yield Text(plain(shown[:_MAX_SHOWN]))
    if len(shown) > _MAX_SHOWN:
        text = _("… and {n} characters more: --json shows all")
        yield Text(text.format(n=f"{len(shown) - _MAX_SHOWN:,}"), "dim")


def letter_json(letter: "DeadLetter", *, whole: bool = False) -> dict[str, Any]:
    """The dead letter for programs; only a whole one has its headers and what was published."""
    about: dict[str, Any] = {
        "id": letter.id,
        "queue": letter.queue_name,
        "routing_key": letter.routing_key,
        "reason": letter.reason,
        "digest": letter.digest,
        "attempts": letter.attempts,
        "died_at": letter.died_at.isoformat(),
    }
    return {**about, "headers": dict(letter.headers), "event": _content(letter.body)} if whole else about


def delivery_json(delivery: "Delivery") -> str:
    """What came by, on one line."""
    found = {
        "routing_key": delivery.routing_key,
        "headers": dict(delivery.headers),
        "event": _content(delivery.body),
    }
    return json.dumps(found, ensure_ascii=False)


def delivery_line(delivery: "Delivery") -> Text:
    """When, what, from whom, about what, and the beginning of the payload."""
    body = _content(delivery.body)
    event = body if isinstance(body, dict) else {}
    about = event.get("metadata")
    metadata = about if isinstance(about, dict) else {}
    shown = body if isinstance(body, str) else json.dumps(event.get("payload", body), ensure_ascii=False)
    line = Text.assemble(
        (_clock(metadata.get("timestamp")), "dim"),
        "  ",
        (plain(delivery.routing_key), "green"),
        "  ",
        (plain(metadata.get("source_service") or "–"), "cyan"),
        "  ",
        (plain(metadata.get("correlation_id") or "–"), "dim"),
        "  ",
    )
    payload = plain(" ".join(shown[:500].split()))
    return line.append(payload if len(shown) <= 500 else payload + " …")


def _content(body: bytes) -> Any:
    """What it says as JSON, or else its text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _clock(text: object) -> str:
    try:
        return datetime.fromisoformat(str(text)).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return "--:--:--.---"


def _when(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
