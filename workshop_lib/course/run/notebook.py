"""Reads from a notebook what a run must know before it starts, with nothing but `json` and `ast`: the libraries that
read notebooks take longer to import than most chapters' first cell to run."""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop_lib.course.run.errors import NoNotebooks, UnknownNotebook
from workshop_lib.i18n import _

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")


@dataclass(frozen=True)
class Notebook:
    """A notebook on disk. `error` says why it can't be read; the rest is then empty.

    `parameters` are the names that its cell tagged "parameters" assigns, `exercises` the number of its `check-*` cells.
    """

    path: Path
    parameters: frozenset[str] = frozenset()
    exercises: int = 0
    size: int = 0
    error: str = ""

    @property
    def name(self) -> str:
        """The file's name without its ending, such as 02_event_bus."""
        return self.path.stem


def find_notebooks(folder: Path, chosen: Iterable[str] = ()) -> list[Notebook]:
    """The notebooks directly in `folder` (or that one file), by name; all of them, or the chosen chapters.

    A chapter is chosen as "2", "02" or "02_event_bus".

    Raises:
        NoNotebooks: the folder is missing, or holds none.
        UnknownNotebook: a chosen chapter isn't there.
    """
    paths = [folder] if folder.is_file() else sorted(folder.glob("*.ipynb"))
    if not paths:
        raise NoNotebooks(_("expected notebooks (*.ipynb) in {folder}, and there is none").format(folder=folder))
    wanted = [_choose(name, paths) for name in chosen]
    return [read_notebook(path) for path in paths if not wanted or path in wanted]


def _choose(name: str, paths: list[Path]) -> Path:
    for path in paths:
        number = path.stem.partition("_")[0]
        same_number = name.isdecimal() and number.isdecimal() and int(name) == int(number)
        if name in (path.stem, path.name) or same_number:
            return path
    known = ", ".join(path.stem for path in paths)
    raise UnknownNotebook(_("no chapter {name!r}. There is: {known}").format(name=name, known=known))


def read_notebook(path: Path) -> Notebook:
    """What a run must know of `path`. A file that can't be read is a Notebook with its `error`: others still run."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        said = _("{file} is not valid JSON: line {line}, column {column}: {why}. Restore the file or mend that line.")
        return Notebook(path, error=said.format(file=path, line=error.lineno, column=error.colno, why=error.msg))
    except UnicodeDecodeError as error:
        said = _("{file} is not UTF-8 text: byte {position}. Save it again as UTF-8.")
        return Notebook(path, error=said.format(file=path, position=error.start))
    except OSError as error:
        return Notebook(path, error=_("{file} can't be read: {why}.").format(file=path, why=error.strerror))
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        said = _("{file} is JSON, but not a notebook of format 4: it has no list of cells.")
        return Notebook(path, error=said.format(file=path))
    return Notebook(path, _parameters(cells), _exercises(cells), path.stat().st_size)


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's source as one text; on disk it may be a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def headings(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """For each cell, the nearest markdown heading above it (or in it), without its marks; "" where there is none."""
    found: list[str] = []
    last = ""
    for cell in cells:
        if cell.get("cell_type") == "markdown":
            last = _last_heading(source_of(cell)) or last
        found.append(last)
    return found


def _last_heading(markdown: str) -> str:
    last, fenced = "", False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (match := _HEADING.match(line)):
            last = re.sub(r"[*`]", "", match[1])
    return last


def _exercises(cells: list[dict[str, Any]]) -> int:
    return sum(str(cell.get("id", "")).startswith("check-") for cell in cells)


def _parameters(cells: list[dict[str, Any]]) -> frozenset[str]:
    for cell in cells:
        if "parameters" in (cell.get("metadata") or {}).get("tags", ()):
            return frozenset(_assigned(source_of(cell)))
    return frozenset()


def _assigned(source: str) -> Iterable[str]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        # The cell itself will say so when it runs.
        return
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            yield from (name.id for name in ast.walk(target) if isinstance(name, ast.Name))
