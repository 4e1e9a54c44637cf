"""Builds a chapter's two notebooks from its one source, a percent file in `solutions/`.

The same source gives the same bytes: cell ids come from exercise ids and headings, and there are no outputs or dates.
"""

import copy
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop_lib.course import notebooks, regions
from workshop_lib.course.errors import BuildError
from workshop_lib.course.exercises.model import Chapter, Exercise

_TODO_HEADING = re.compile(r"^(#+) (\d+\.\d+)[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CHECK = re.compile(r"^check\(\"(\d+\.\d+)\"", re.MULTILINE)
_MAGIC = re.compile(r"^\s*[%!]{1,2}\w", re.MULTILINE)


@dataclass(frozen=True)
class Built:
    """The texts of both notebooks."""

    solved: str
    student: str


def build_chapter(source: Path, chapter: Chapter) -> Built:
    """Both notebooks of `chapter` from its `source`.

    Raises:
        BuildError: an exercise without its three cells, cells of an undeclared exercise, a magic, an unsound region.
    """
    import jupytext

    solved = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    exercises = {e.id: e for e in chapter.exercises}
    names = _Names(source.name, exercises)
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


class _Names:
    """Gives each cell its id, and notes which cells of which exercise were seen."""

    def __init__(self, file: str, exercises: dict[str, Exercise]) -> None:
        self._file, self._exercises = file, exercises
        self._seen: Counter[str] = Counter()
        self._ordinals: Counter[str] = Counter()
        self._slug = "start"

    def of(self, cell: Any) -> str:
        text = cell["source"]
        if cell["cell_type"] == "markdown":
            if regions.BEGIN in text or regions.END in text:
                raise BuildError(f"{self._file}: a solution marker in a text cell: {text[:60]!r}")
            todo = _TODO_HEADING.search(text)
            if todo:
                cell["source"] = _TODO_HEADING.sub(lambda m: _heading(m, self._declared(m[2])), text, count=1)
                return self._exercise_cell("todo", todo[2])
            heading = _HEADING.search(text)
            if heading:
                self._slug = re.sub(r"[^a-z0-9]+", "-", heading[1].lower()).strip("-")[:48] or "section"
        elif _MAGIC.search(text):
            raise BuildError(
                f"{self._file}: a magic or shell line in {text.splitlines()[0]!r}: write Python in its place"
            )
        elif regions.has_region(text):
            todo_id = regions.exercise_id(text)
            if todo_id is None:
                raise BuildError(f"{self._file}: a solution without '# TODO N.M' in {text.splitlines()[0]!r}")
            return self._exercise_cell("answer", todo_id)
        elif check := _CHECK.search(text):
            return self._exercise_cell("check", check[1])
        self._ordinals[self._slug] += 1
        name = f"{self._slug}-{self._ordinals[self._slug]}"
        if name.startswith(_RESERVED):
            # A heading "Check 0" must not make a cell the check of 0.1.
            name = f"section-{name}"
        return name

    def complete(self) -> None:
        for exercise in self._exercises.values():
            for kind in ("todo", "answer", "check"):
                if not self._seen[_cell_id(kind, exercise.id)]:
                    raise BuildError(f"{self._file}: exercise {exercise.id} has no {kind} cell. {_WANTED[kind]}")

    def _declared(self, exercise_id: str) -> Exercise:
        try:
            return self._exercises[exercise_id]
        except KeyError:
            known = ", ".join(self._exercises) or "none"
            raise BuildError(f"{self._file}: exercise {exercise_id} is not declared. Declared: {known}") from None

    def _exercise_cell(self, kind: str, exercise_id: str) -> str:
        name = _cell_id(kind, self._declared(exercise_id).id)
        self._seen[name] += 1
        if self._seen[name] > 1:
            raise BuildError(f"{self._file}: exercise {exercise_id} has two {kind} cells")
        return name


_WANTED = {
    "todo": "Add a markdown cell that begins with its id alone as a heading: ## 2.3",
    "answer": f"Add a code cell with '# TODO 2.3', {regions.BEGIN} and {regions.END}",
    "check": 'Add a code cell: check("2.3", name)',
}


_RESERVED = tuple(f"{kind}-" for kind in _WANTED)


def _cell_id(kind: str, exercise_id: str) -> str:
    return f"{kind}-{exercise_id.replace('.', '-')}"


def _heading(match: re.Match[str], exercise: Exercise) -> str:
    return (
        f"{match[1]} {exercise.id} {exercise.title}\n\n"
        f"*{exercise.minutes} minutes · difficulty {exercise.difficulty} of 3*"
    )


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
