"""What a data set is on disk, and whether it still is what was published.

A data set is a folder with a ``manifest.json`` that gives each file's SHA-256 and size in bytes. The entry pins the
manifest's own SHA-256, so one hash in the code covers every byte of the set. Files whose name begins with a dot are
ignored: file managers leave them.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.datasets.errors import DatasetChanged
from workshop_lib.i18n import _, mark

MANIFEST = "manifest.json"
NO_FILE = mark("no file")


@dataclass(frozen=True)
class Entry:
    """A data set in the catalogue. `content_hash` is the SHA-256, in hex, of the manifest in the folder `path`."""

    name: str
    path: Path
    licence: str
    source: str
    content_hash: str


@dataclass(frozen=True)
class Change:
    """One file that differs: `expected` and `got` are SHA-256 hashes in hex, "no file", or why it can't be read."""

    file: str
    expected: str
    got: str

    @property
    def is_extra(self) -> bool:
        """Whether the file was added, rather than changed or lost."""
        return self.expected == NO_FILE


def sha256(content: bytes) -> str:
    """The SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def changes(entry: Entry) -> tuple[Change, ...]:
    """Every file that differs from what was published, by name; empty where all is well.

    With a changed manifest only that is reported: nothing else can be told from it.
    """
    return _compare(entry)[1]


def read_checked(entry: Entry) -> dict[str, bytes]:
    """The content of each file that the manifest lists, by its path inside the data set.

    Each file is read once, so what was checked is what is returned.

    Raises:
        DatasetChanged: a file is changed, lost, unreadable or added.
    """
    contents, found = _compare(entry)
    if found:
        raise DatasetChanged(entry, found)
    return contents


def _compare(entry: Entry) -> tuple[dict[str, bytes], tuple[Change, ...]]:
    manifest, got = _read(entry.path / MANIFEST)
    if got != entry.content_hash:
        return {}, (Change(MANIFEST, entry.content_hash, got),)
    listed: dict[str, dict[str, str]] = json.loads(manifest)["files"]
    contents: dict[str, bytes] = {}
    found: list[Change] = []
    for file in sorted({*listed, *_present(entry)}):
        expected = listed[file]["sha256"] if file in listed else NO_FILE
        contents[file], got = _read(entry.path / file)
        if got != expected:
            found.append(Change(file, expected, got))
    return contents, tuple(found)


def _read(path: Path) -> tuple[bytes, str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b"", NO_FILE
    except OSError as error:
        return b"", _("unreadable ({why})").format(why=(error.strerror or str(error)).lower())
    return content, sha256(content)


def _present(entry: Entry) -> set[str]:
    relative = (path.relative_to(entry.path) for path in entry.path.rglob("*") if not path.is_dir())
    seen = {path.as_posix() for path in relative if not any(part.startswith(".") for part in path.parts)}
    return seen - {MANIFEST}
