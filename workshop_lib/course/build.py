"""Builds a chapter's two notebooks from its one source, a percent file in `solutions/`.

The same source gives the same bytes: cell ids come from exercise ids and headings, and there are no outputs or dates.
"""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop_lib.course import notebooks, regions
from workshop_lib.course.cells import CellNames
from workshop_lib.course.exercises.model import Chapter, Exercise
from workshop_lib.course.text import read_text


@dataclass(frozen=True)
class Built:
    """The texts of both notebooks."""

    solved: str
    student: str


def build_chapter(source: Path, chapter: Chapter) -> Built:
    """Both notebooks of `chapter` from its `source`.

    Raises:
        BuildError: no UTF-8, an exercise without its three cells, cells of an undeclared exercise, a magic, an
            unsound region.
    """
    import jupytext

    solved = jupytext.reads(read_text(source), fmt="py:percent")
    exercises = {e.id: e for e in chapter.exercises}
    names = CellNames(source.name, exercises)
    for cell in solved.cells:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k == "tags"}
        cell["id"] = names.of(cell)
    names.complete()
    _mark_for_nbgrader(solved.cells, exercises)
    student = copy.deepcopy(solved)
    for cell in student.cells:
        cell["metadata"].pop("nbgrader", None)
        if cell["cell_type"] == "code":
            cell["source"] = regions.stub(cell["source"], f"{source.name}, cell {cell['id']}")
    return Built(_finish(solved, chapter), _finish(student, chapter))


def _mark_for_nbgrader(cells: list[Any], exercises: dict[str, Exercise]) -> None:
    """nbgrader's metadata, schema version 3, so that a school can import the solved notebook as its source."""
    for cell in cells:
        kind, _, rest = cell["id"].partition("-")
        exercise = exercises.get(rest.replace("-", "."))
        if exercise is None or kind not in ("answer", "check"):
            continue
        grade = kind == "check"
        cell["metadata"]["nbgrader"] = {
            "cell_type": "code", "grade": grade, "grade_id": cell["id"], "locked": grade, "schema_version": 3,
            "solution": not grade, "task": False, **({"points": exercise.difficulty} if grade else {}),
        }  # fmt: skip


def _finish(notebook: Any, chapter: Chapter) -> str:
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "workshop": {"chapter": f"{chapter.number:02}", "edition": notebooks.fingerprint(notebook.cells)},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebooks.dumps(notebook)
