"""Reads and writes notebook files, and tells editions apart."""

import hashlib
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workshop_lib.course.errors import NotebookUnreadable
from workshop_lib.i18n import _

Notebook = Any  # nbformat's NotebookNode; nbformat is untyped


def spare_a_grammar() -> None:
    """Spare this process more than a second when it imports nbformat.

    jsonschema imports rfc3987_syntax for formats that no notebook has, and that builds a grammar. Only for a process
    that serves notebooks and nothing else: a worker, a command.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def read(path: Path) -> Notebook:
    """The notebook at `path`, as version 4.

    Raises:
        NotebookUnreadable: no such file, invalid JSON (with line and column), or not a notebook.
    """
    import nbformat

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookUnreadable(_("{path}: expected a notebook, but: {why}").format(path=path, why=error)) from error
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        text = _("{path}, line {line}, column {column}: expected JSON, but: {why}. {remedy}")
        raise NotebookUnreadable(
            text.format(path=path, line=error.lineno, column=error.colno, why=error.msg, remedy=_remedy(path))
        ) from error
    try:
        return nbformat.reads(text, as_version=4)
    except Exception as error:  # nbformat raises many kinds, all of which mean the same here
        text = _("{path}: this JSON is not a notebook: {why}. {remedy}")
        raise NotebookUnreadable(text.format(path=path, why=error, remedy=_remedy(path))) from error


def _remedy(path: Path) -> str:
    """What brings the notebook at `path` back: a published one comes from git, a student's copy from `workshop lab`."""
    if path.absolute().parent.name in ("notebooks", "solutions"):
        command = shlex.join(["git", "-C", str(path.absolute().parent), "checkout", "--", path.name])
        return _("To restore it: {command}").format(command=command)
    return _("Mend the file, or move it away and run: workshop lab")


def dumps(notebook: Notebook) -> str:
    """The text of a notebook file, ending with a newline."""
    import nbformat

    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def fingerprint(cells: Iterable[Any]) -> str:
    """A hash over the cells' types and sources: outputs, counts and metadata don't change it."""
    content = json.dumps([[c["cell_type"], c["source"]] for c in cells], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def edition(notebook: Notebook) -> str:
    """The fingerprint with which the builder published this notebook, or an empty text."""
    return str(notebook.metadata.get("workshop", {}).get("edition", ""))


def is_untouched(notebook: Notebook) -> bool:
    """Whether the cells' sources are still as published."""
    return edition(notebook) == fingerprint(notebook.cells)
