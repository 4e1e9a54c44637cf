"""The catalogue: every data set's entry and what loads it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, overload

from workshop_lib.datasets.documents import Documents
from workshop_lib.datasets.errors import UnknownDataset
from workshop_lib.datasets.integrity import Entry
from workshop_lib.datasets.questions import Questions

_DATA = Path(__file__).resolve().parent / "data"

_ENTRIES = (
    Entry(
        name="documents",
        path=_DATA / "documents",
        licence="MIT",
        source="fastapi 0.109.2, source distribution",
        content_hash="5cd40cf9b132ca344fda43d844e753a2b702799ff3592e5a22d58b599be6430b",
    ),
    Entry(
        name="questions",
        path=_DATA / "questions",
        licence="MIT",
        source="this course, quoting fastapi 0.109.2",
        content_hash="1b22c8ef787b2cf820835e782953a2bc75d0301d2bb9466b9d1a952ddba476ed",
    ),
)
_CATALOGUE: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
_LOADERS: Mapping[str, Callable[[Entry], Any]] = {"documents": Documents, "questions": Questions}


def catalogue() -> Mapping[str, Entry]:
    """Every data set by its name, read-only."""
    return _CATALOGUE


@overload
def load(name: Literal["documents"]) -> Documents: ...
@overload
def load(name: Literal["questions"]) -> Questions: ...
@overload
def load(name: str) -> Any: ...
def load(name: str) -> Any:
    """The data set `name`, every file checked against the hash it was published with.

    Raises:
        UnknownDataset: there is none of that name; the message gives the nearest.
        DatasetChanged: a file is changed, lost, unreadable or added.
    """
    if name not in _CATALOGUE:
        raise UnknownDataset(name, _CATALOGUE)
    return _LOADERS[name](_CATALOGUE[name])
