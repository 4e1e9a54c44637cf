"""Names the cells of a chapter's source: by exercise where they belong to one, else by the heading above.

An id stays when cells are put in elsewhere, so that a student's copy can be matched with a new edition.
"""

import re
from collections import Counter
from typing import Any

from workshop_lib.course import regions
from workshop_lib.course.errors import BuildError
from workshop_lib.course.exercises.model import Exercise

_TODO_HEADING = re.compile(r"^(#+) (\d+\.\d+)[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CHECK = re.compile(r"^check\(\"(\d+\.\d+)\"", re.MULTILINE)
_MAGIC = re.compile(r"^\s*[%!]{1,2}\w", re.MULTILINE)
_WANTED = {
    "todo": "Add a markdown cell that begins with its id alone as a heading: ## 2.3",
    "answer": f"Add a code cell with '# TODO 2.3', {regions.BEGIN} and {regions.END}",
    "check": 'Add a code cell: check("2.3", name)',
}
_RESERVED = tuple(f"{kind}-" for kind in _WANTED)


class CellNames:
    """Gives each cell its id, and notes which cells of which exercise were seen.

    Args:
        file: the source, for an error's message.
        exercises: those that the chapter declares, by id.
    """

    def __init__(self, file: str, exercises: dict[str, Exercise]) -> None:
        self._file, self._exercises = file, exercises
        self._seen: Counter[str] = Counter()
        self._ordinals: Counter[str] = Counter()
        self._slug = "start"

    def of(self, cell: Any) -> str:
        """The id of `cell`, which comes after those asked for before; an exercise's heading is filled in.

        Raises:
            BuildError: it belongs to no declared exercise, is a second of its kind, or holds what no cell may.
        """
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
        """Nothing, where every exercise has had its three cells.

        Raises:
            BuildError: naming the first that lacks one.
        """
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


def _cell_id(kind: str, exercise_id: str) -> str:
    return f"{kind}-{exercise_id.replace('.', '-')}"


def _heading(match: re.Match[str], exercise: Exercise) -> str:
    return (
        f"{match[1]} {exercise.id} {exercise.title}\n\n"
        f"*{exercise.minutes} minutes · difficulty {exercise.difficulty} of 3*"
    )
