"""What led to what: the events of one piece of work as a tree, by their causation ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from workshop_lib.events.schemas import BaseEvent
from workshop_lib.i18n import _


@dataclass(frozen=True, slots=True)
class Step:
    """An event in its place in the tree.

    Attributes:
        depth: 0 for a root.
        cause: the event id of what led to it, where that is in the tree above it.
        note: why it is a root though it names a cause; else empty.
    """

    event: BaseEvent
    depth: int
    cause: UUID | None
    note: str


class Trace:
    """The causal tree of some events: read `steps`, print it, or draw `mermaid()`.

    An event is a root where it has no cause, where its cause is not among the events, and where its cause is one of
    its own effects (a circle is cut at the event that was stored first): `Step.note` says which.
    """

    def __init__(self, events: Sequence[BaseEvent]) -> None:
        """From events in the order in which they happened or were stored; children keep that order."""
        self._events = {event.metadata.event_id: event for event in events}
        self._children: dict[UUID, list[BaseEvent]] = {}
        for event in self._events.values():
            cause = event.metadata.causation_id
            if cause in self._events and cause is not None:
                self._children.setdefault(cause, []).append(event)
        self.steps: tuple[Step, ...] = tuple(self._walk())

    @property
    def roots(self) -> tuple[BaseEvent, ...]:
        """Where it began."""
        return tuple(step.event for step in self.steps if step.depth == 0)

    def children(self, event: BaseEvent) -> tuple[BaseEvent, ...]:
        """What `event` led to directly, a circle being cut."""
        mine = event.metadata.event_id
        return tuple(step.event for step in self.steps if step.cause == mine)

    def __len__(self) -> int:
        return len(self.steps)

    def __str__(self) -> str:
        """A line for each event: type, service, seconds after the first, the beginning of its id."""
        if not self.steps:
            return _("no events")
        start = min(step.event.metadata.timestamp for step in self.steps)
        lines = []
        for step in self.steps:
            about = step.event.metadata
            after = (about.timestamp - start).total_seconds()
            branch = "  " * (step.depth - 1) + "└─ " if step.depth else ""
            note = f"  ({step.note})" if step.note else ""
            service = " ".join(about.source_service.split())
            lines.append(f"{branch}{about.event_type}  {service}  +{after:.3f} s  {_short(about.event_id)}{note}")
        return "\n".join(lines)

    def mermaid(self) -> str:
        """A flow chart in Mermaid's language, which JupyterLab draws in Markdown. A missing cause is dashed."""
        names = {step.event.metadata.event_id: f"e{number}" for number, step in enumerate(self.steps)}
        lines = ["flowchart LR"]
        circle, not_here = _("a circle"), _("not here")
        missing: dict[UUID, str] = {}
        for step in self.steps:
            about = step.event.metadata
            name = names[about.event_id]
            lines.append(f'  {name}["{about.event_type}<br/>{_escaped(about.source_service)}"]')
            cause = about.causation_id
            if step.cause is not None:
                lines.append(f"  {names[step.cause]} --> {name}")
            elif cause is not None and cause in names:
                lines.append(f"  {names[cause]} -. {circle} .-> {name}")
            elif cause is not None:
                known = cause in missing
                ghost = missing.setdefault(cause, f"m{len(missing)}")
                if not known:
                    lines.append(f'  {ghost}(["{not_here}: {_short(cause)}"])')
                lines.append(f"  {ghost} -.-> {name}")
        return "\n".join(lines)

    def _walk(self) -> list[Step]:
        found: list[Step] = []
        seen: set[UUID] = set()
        for event in self._events.values():
            cause = event.metadata.causation_id
            if cause is None:
                self._descend(event, "", seen, found)
            elif cause not in self._events:
                self._descend(event, _("its cause {id} is not here").format(id=_short(cause)), seen, found)
        # Whatever is left hangs on a circle: it begins at the first event that is in one, not at one that follows it.
        for event in self._events.values():
            if event.metadata.event_id not in seen and self._leads_to_itself(event):
                self._descend(event, _("its cause is one of its own effects"), seen, found)
        return found

    def _descend(self, root: BaseEvent, note: str, seen: set[UUID], found: list[Step]) -> None:
        # A list in place of recursion: a chain may be longer than Python's stack.
        waiting = [Step(root, 0, None, note)]
        while waiting:
            step = waiting.pop()
            mine = step.event.metadata.event_id
            if mine in seen:
                continue
            seen.add(mine)
            found.append(step)
            waiting += [Step(child, step.depth + 1, mine, "") for child in reversed(self._children.get(mine, []))]

    def _leads_to_itself(self, event: BaseEvent) -> bool:
        mine, passed = event.metadata.event_id, set[UUID]()
        cause = event.metadata.causation_id
        while cause is not None and cause != mine and cause not in passed and cause in self._events:
            passed.add(cause)
            cause = self._events[cause].metadata.causation_id
        return cause == mine


def _short(event_id: UUID) -> str:
    return str(event_id)[:8]


def _escaped(text: str) -> str:
    """As Mermaid writes what would end a label or make a tag."""
    named = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;"}
    return "".join(named.get(letter, letter) for letter in " ".join(text.split()))
