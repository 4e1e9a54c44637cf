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

from workshop_lib.errors import PlainError
from workshop_lib.home import project_root
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.datasets.integrity import Change, Entry

_NAMED = 5


class DatasetError(PlainError):
    """Something about a data set that a reader of the message can mend."""


class UnknownDataset(DatasetError):
    """No data set of that name; the message gives the nearest names."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        nearest = difflib.get_close_matches(name, names, n=3) or names
        text = _("expected the name of a data set, got {name!r}. {nearest} All: workshop data list")
        super().__init__(text.format(name=name, nearest=_try(nearest)))
        self.name = name
        self.nearest = tuple(nearest)


class _UnknownId(DatasetError, KeyError):
    """Also a KeyError, since `documents[id]` and `questions[id]` look it up."""

    def __init__(self, expected: str, got: str, known: Iterable[str]) -> None:
        nearest = difflib.get_close_matches(got, list(known), n=3)
        self._message = f"{expected} {_try(nearest)}"
        super().__init__(self._message)
        self.nearest = tuple(nearest)

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, quotes and all.
        return self._message.strip()


class UnknownDocument(_UnknownId):
    """No page of that id; the message gives the nearest ids."""

    def __init__(self, document_id: str, known: Iterable[str]) -> None:
        expected = _("expected the id of a document such as 'en/tutorial/body', got {id!r}.").format(id=document_id)
        super().__init__(expected, document_id, known)
        self.document_id = document_id


class UnknownQuestion(_UnknownId):
    """No question of that id; the message gives the nearest ids."""

    def __init__(self, question_id: str, known: Iterable[str]) -> None:
        expected = _("expected the id of a question such as 'en-07', got {id!r}.").format(id=question_id)
        super().__init__(expected, question_id, known)
        self.question_id = question_id


class UnknownChoice(DatasetError, ValueError):
    """A filter was given a value that no row can have."""

    def __init__(self, filter_: str, got: object, choices: Iterable[str]) -> None:
        self.choices = tuple(choices)
        text = _("expected as {filter} one of {choices}, or None; got {got!r}.")
        super().__init__(text.format(filter=filter_, choices=", ".join(map(repr, self.choices)), got=got))


class DatasetChanged(DatasetError):
    """Files differ from those published; `changes` holds all of them, the message the first few."""

    def __init__(self, entry: "Entry", changes: tuple["Change", ...]) -> None:
        named = [difference(entry, change) for change in changes[:_NAMED]]
        if len(changes) > _NAMED:
            named.append(_("and {count} more").format(count=len(changes) - _NAMED))
        text = _("data set {name!r} is not as published: {changes}. {restore}")
        super().__init__(text.format(name=entry.name, changes="; ".join(named), restore=restore(entry, changes)))
        self.entry = entry
        self.changes = changes


def difference(entry: "Entry", change: "Change") -> str:
    """How one file differs, as one line."""
    return _("{file}: expected {expected}, got {got}").format(
        file=entry.path / change.file, expected=_(change.expected), got=_(change.got)
    )


def restore(entry: "Entry", changes: tuple["Change", ...]) -> str:
    """What to do about `changes`, as one line."""
    added = [str(entry.path / c.file) for c in changes if c.is_extra]
    steps = [_("Delete what was added: {command}").format(command=shlex.join(["rm", *added]))] if added else []
    if len(added) < len(changes):
        root = project_root(entry.path)
        inside = root is not None and entry.path.is_relative_to(root) and (root / ".git").exists()
        checkout = shlex.join(["git", "-C", str(root), "checkout", "--", str(entry.path)])
        reinstall = "pip install --force-reinstall --no-deps mlops-workshop"
        steps.append(
            _("Restore it: {command}").format(command=checkout)
            if inside
            else _("Reinstall it: {command}").format(command=reinstall)
        )
    return " ".join(steps)


def _try(nearest: list[str]) -> str:
    return _("Perhaps: {names}.").format(names=", ".join(map(repr, nearest))) if nearest else ""
