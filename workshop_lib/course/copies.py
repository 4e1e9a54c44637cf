"""The student's copies in `work/`: made once, brought up to date without losing an edit."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workshop_lib.course import notebooks
from workshop_lib.course.errors import CellNotFound, NotebookUnreadable
from workshop_lib.course.exercises.model import Exercise
from workshop_lib.course.published import Project
from workshop_lib.course.source import defined_names, without_magics
from workshop_lib.home import default_home, writable
from workshop_lib.i18n import _, mark


class Change(StrEnum):
    """What happened to one copy."""

    MADE = mark("new")
    CURRENT = mark("up to date")
    REPLACED = mark("replaced by the new edition")
    KEPT = mark("yours kept, new edition beside it")


@dataclass(frozen=True)
class Update:
    """What happened to `copy`. Where it was kept: the new edition beside it, and the published text it came from."""

    copy: Path
    change: Change
    beside: Path | None = None
    base: Path | None = None


class Copies:
    """Copies of the notebooks in `published`, in the folder `work`.

    Args:
        bases: keeps each published text that was handed out, for a three-way merge.
    """

    def __init__(self, published: Path, work: Path, bases: Path) -> None:
        self._published, self._work, self._bases = published, work, bases

    @classmethod
    def of(cls, project: Project) -> "Copies":
        """The copies of a checkout."""
        return cls(project.notebooks, project.work, default_home(project.root) / "editions")

    def make_missing(self) -> list[Path]:
        """Copy the chapters that have no copy yet, and touch no other; returns the new copies.

        Raises:
            HomeNotWritable: `work` takes no files.
        """
        writable(self._work)
        missing = [p for p in sorted(self._published.glob("*.ipynb")) if not (self._work / p.name).exists()]
        for source in missing:
            self._hand_out(source, self._work / source.name)
        return [self._work / source.name for source in missing]

    def outdated(self) -> list[Path]:
        """Copies of an older edition than the published one; a copy that can't be read is not counted."""
        return [copy for copy in self._copies() if self._is_outdated(copy)]

    def update(self) -> list[Update]:
        """Bring every copy up to date.

        A copy whose cells are as published is replaced. An edited one stays as it is, and the new edition is put
        beside it, once.

        Raises:
            HomeNotWritable: `work` takes no files.
        """
        made = {copy: Update(copy, Change.MADE) for copy in self.make_missing()}
        return [made.get(copy) or self._update(copy) for copy in self._copies()]

    def _copies(self) -> list[Path]:
        names = (self._work / p.name for p in sorted(self._published.glob("*.ipynb")))
        return [copy for copy in names if copy.exists()]

    def _is_outdated(self, copy: Path) -> bool:
        try:
            mine = notebooks.read(copy)
        except NotebookUnreadable:
            return False
        return notebooks.edition(mine) != notebooks.edition(notebooks.read(self._published / copy.name))

    def _update(self, copy: Path) -> Update:
        source = self._published / copy.name
        new = notebooks.edition(notebooks.read(source))
        try:
            mine = notebooks.read(copy)
        except NotebookUnreadable:
            return Update(copy, Change.KEPT, self._beside(copy, source, new))
        if notebooks.edition(mine) == new:
            return Update(copy, Change.CURRENT)
        if notebooks.is_untouched(mine):
            self._hand_out(source, copy)
            return Update(copy, Change.REPLACED)
        base = self._base(copy.name, notebooks.edition(mine))
        return Update(copy, Change.KEPT, self._beside(copy, source, new), base if base.is_file() else None)

    def _beside(self, copy: Path, source: Path, new: str) -> Path:
        """`00_welcome.new-<edition>.ipynb`: one file for each edition, so that an edited one is never overwritten."""
        beside = copy.with_name(f"{copy.stem}.new-{new[:8]}.ipynb")
        if not beside.exists():
            self._hand_out(source, beside)
        return beside

    def _hand_out(self, source: Path, copy: Path) -> None:
        text = source.read_text(encoding="utf-8")
        notebooks.write(self._base(source.name, notebooks.edition(notebooks.read(source))), text)
        notebooks.write(copy, text)

    def _base(self, name: str, edition: str) -> Path:
        return self._bases / f"{Path(name).stem}.{edition}.ipynb"


class AnswerCell:
    """The cell of one exercise's answer in a student's `copy`.

    Raises:
        NotebookUnreadable: the copy isn't a notebook.
        CellNotFound: the answer's cell is gone from the copy.
    """

    def __init__(self, copy: Path, published: Path, exercise: Exercise) -> None:
        wanted = f"answer-{exercise.id.replace('.', '-')}"
        self._copy, self._notebook = copy, notebooks.read(copy)
        self._stub = next(c.source for c in notebooks.read(published).cells if c.get("id") == wanted)
        cells = [c for c in self._notebook.cells if c.cell_type == "code"]
        # An editor that drops cell ids leaves the definition to go by.
        cell = next((c for c in cells if c.get("id") == wanted), None) or next(
            (c for c in reversed(cells) if exercise.name in defined_names(without_magics(c.source))), None
        )
        if cell is None:
            text = _("{copy}: expected a cell that defines {name}, found none. Paste this where it belongs:")
            raise CellNotFound(text.format(copy=copy, name=exercise.name) + f"\n\n{self._stub}")
        self._cell = cell

    @property
    def text(self) -> str | None:
        """What stands there; None where it is the published stub."""
        return None if self._cell.source == self._stub else str(self._cell.source)

    def put_back(self) -> None:
        """Put the stub back."""
        if self.text is not None:
            self._cell.source, self._cell.outputs, self._cell.execution_count = self._stub, [], None
            notebooks.write(self._copy, notebooks.dumps(self._notebook))
