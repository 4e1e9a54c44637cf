"""Solution regions in a chapter's source: counted, checked, and cut out for the student."""

import re

from workshop_lib.course.errors import SolutionRegionError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_NEARLY = re.compile(r"(BEGIN|END)[\W_]*SOLUTION", re.IGNORECASE)
_TODO = re.compile(r"#\s*TODO (\d+\.\d+)\b")


def has_region(source: str) -> bool:
    """Whether a cell holds anything like a marker."""
    return bool(_NEARLY.search(source))


def exercise_id(source: str) -> str | None:
    """The id in a cell's `# TODO 2.3` comment."""
    found = _TODO.search(source)
    return found[1] if found else None


def stub(source: str, where: str) -> str:
    """A cell with each solution region replaced by `raise NotImplementedError("TODO 2.3")`.

    Args:
        where: names the cell in an error's message.

    Raises:
        SolutionRegionError: a region unclosed, nested or unopened, a misspelt marker, no `# TODO` comment.
    """
    todo = exercise_id(source)
    kept: list[str] = []
    opened: int | None = None
    for number, line in enumerate(source.split("\n"), start=1):
        marker = line.strip()
        if marker == BEGIN:
            if opened is not None:
                raise SolutionRegionError(
                    f"{where}, line {number}: expected {END} for the region of line {opened}, got another {BEGIN}"
                )
            if todo is None:
                raise SolutionRegionError(f"{where}, line {number}: expected a comment '# TODO N.M' above {BEGIN}")
            opened = number
            kept.append(f'{line[: line.index(BEGIN)]}raise NotImplementedError("TODO {todo}")')
        elif marker == END:
            if opened is None:
                raise SolutionRegionError(f"{where}, line {number}: {END} without {BEGIN}")
            opened = None
        elif _NEARLY.search(line):
            raise SolutionRegionError(f"{where}, line {number}: expected {BEGIN!r} or {END!r} alone, got {marker!r}")
        elif opened is None:
            kept.append(line)
    if opened is not None:
        raise SolutionRegionError(f"{where}, line {opened}: {BEGIN} is never closed. Add {END}")
    return "\n".join(kept)


def without_markers(source: str) -> str:
    """A solved cell as a reader wants it: the solution without its markers."""
    return "\n".join(line for line in source.split("\n") if line.strip() not in (BEGIN, END))
