"""What can go wrong with a data set::

WorkshopError
└── DatasetError
    ├── UnknownDataset         no data set of that name in the catalogue
    ├── UnknownDocument        no page of that id in the documents
    ├── UnknownQuestion        no question of that id
    ├── UnknownChoice          a filter was given a value that no row can have
    └── DatasetChanged         a file differs from the one that was published
"""

import difflib
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workshop_lib.errors import WorkshopError
from workshop_lib.home import project_root

if TYPE_CHECKING:
    from workshop_lib.datasets.integrity import Change, Entry

_NAMED = 5


class DatasetError(WorkshopError):
    """Something about a data set that a reader of the message can mend."""


class UnknownDataset(DatasetError):
    """No data set of that name; the message gives the nearest names."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = difflib.get_close_matches(name, names, n=3) or names
        super().__init__(f"expected the name of a data set, got {name!r}. {_try(nearest)} All: workshop data list")
        self.name = name
        self.nearest = tuple(nearest)


class _UnknownId(DatasetError, KeyError):
    """Also a KeyError, since `documents[id]` and `questions[id]` look it up."""

    def __init__(self, what: str, example: str, got: str, known: Iterable[str]) -> None:
        nearest = difflib.get_close_matches(got, list(known), n=3)
        self._message = f"expected the id of a {what} such as {example!r}, got {got!r}. {_try(nearest)}"
        super().__init__(self._message)
        self.nearest = tuple(nearest)

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, quotes and all.
        return self._message.strip()


class UnknownDocument(_UnknownId):
    """No page of that id; the message gives the nearest ids."""

    def __init__(self, document_id: str, known: Iterable[str]) -> None:
        super().__init__("document", "en/tutorial/body", document_id, known)
        self.document_id = document_id


class UnknownQuestion(_UnknownId):
    """No question of that id; the message gives the nearest ids."""

    def __init__(self, question_id: str, known: Iterable[str]) -> None:
        super().__init__("question", "en-07", question_id, known)
        self.question_id = question_id


class UnknownChoice(DatasetError, ValueError):
    """A filter was given a value that no row can have."""

    def __init__(self, filter_: str, got: object, choices: Iterable[str]) -> None:
        self.choices = tuple(choices)
        super().__init__(f"expected as {filter_} one of {', '.join(map(repr, self.choices))}, or None; got {got!r}.")


class DatasetChanged(DatasetError):
    """Files differ from those published; `changes` holds all of them, the message the first few."""

    def __init__(self, entry: "Entry", changes: tuple["Change", ...]) -> None:
        lines = "; ".join(f"{entry.path / c.file}: expected {c.expected}, got {c.got}" for c in changes[:_NAMED])
        more = f"; and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
        super().__init__(f"data set {entry.name!r} is not as published: {lines}{more}. {restore(entry, changes)}")
        self.entry = entry
        self.changes = changes


def restore(entry: "Entry", changes: tuple["Change", ...]) -> str:
    """What to do about `changes`, as one line."""
    added = [str(entry.path / c.file) for c in changes if c.is_extra]
    steps = ["Delete what was added: rm " + shlex.join(added)] if added else []
    if len(added) < len(changes):
        root = project_root(entry.path)
        inside = root is not None and entry.path.is_relative_to(root) and (root / ".git").exists()
        checkout = shlex.join(["git", "-C", str(root), "checkout", "--", str(entry.path)])
        steps.append(
            f"Restore it: {checkout}"
            if inside
            else "Reinstall it: pip install --force-reinstall --no-deps mlops-workshop"
        )
    return " ".join(steps)


def _try(nearest: list[str]) -> str:
    return f"Perhaps: {', '.join(map(repr, nearest))}." if nearest else ""
