"""The course's files in a checkout: sources, both kinds of notebooks, guides. Builds them and compares."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.course import notebooks, regions
from workshop_lib.course.build import build_chapter
from workshop_lib.course.errors import BuildError, OutOfStep, ProjectNotFound
from workshop_lib.course.exercises.catalogue import Catalogue
from workshop_lib.course.exercises.model import Chapter, Exercise
from workshop_lib.course.guides import refreshed
from workshop_lib.course.text import read_text
from workshop_lib.home import project_root
from workshop_lib.i18n import _


@dataclass(frozen=True)
class Project:
    """A checkout of the course."""

    root: Path

    @property
    def solutions(self) -> Path:
        """Sources and solved notebooks."""
        return self.root / "solutions"

    @property
    def notebooks(self) -> Path:
        """What is published to students."""
        return self.root / "notebooks"

    @property
    def work(self) -> Path:
        """The student's own copies."""
        return self.root / "work"

    @property
    def guides(self) -> Path:
        """The instructor's guides."""
        return self.root / "instructor"

    def outputs(self, course: Catalogue) -> Iterator[tuple[Path, str]]:
        """Every generated file with the text it should have.

        Raises:
            BuildError: a chapter without source or guide, one that isn't UTF-8, or a source that can't be built.
        """
        for chapter in course:
            source = self.solutions / f"{chapter.stem}.py"
            if not source.is_file():
                text = _("chapter {number:02} is declared, but {source} is missing")
                raise BuildError(text.format(number=chapter.number, source=source))
            built = build_chapter(source, chapter)
            yield self.solutions / f"{chapter.stem}.ipynb", built.solved
            yield self.notebooks / f"{chapter.stem}.ipynb", built.student
            guide = self.guides / f"{chapter.stem}.md"
            if not guide.is_file():
                text = _("chapter {number:02} has no instructor's guide: write {guide}")
                raise BuildError(text.format(number=chapter.number, guide=guide))
            yield guide, refreshed(read_text(guide), chapter, guide.name)

    def build(self, course: Catalogue) -> list[Path]:
        """Write what differs; returns what was written."""
        changed = [(path, text) for path, text in self.outputs(course) if not _holds(path, text)]
        for path, text in changed:
            notebooks.write(path, text)
        return [path for path, _text in changed]

    def check(self, course: Catalogue) -> None:
        """Compare with the working tree.

        Raises:
            OutOfStep: naming each file that differs, is missing, or has no source.
        """
        expected = dict(self.outputs(course))
        wrong = [path for path, text in expected.items() if not _holds(path, text)]
        found = [*self.solutions.glob("*.ipynb"), *self.notebooks.glob("*.ipynb")]
        wrong += [path for path in sorted(found) if path not in expected]
        if wrong:
            names = ", ".join(path.relative_to(self.root).as_posix() for path in wrong)
            said = _("not as their sources say: {names}. Edit solutions/NN_name.py, then run: workshop build")
            raise OutOfStep(said.format(names=names))


def project() -> Project:
    """The checkout around the working folder, or the one this package runs from.

    Raises:
        ProjectNotFound: there is none.
    """
    root = project_root()
    if root is None:
        raise ProjectNotFound(_("expected a checkout of the course here or above, found none. Go to its folder first"))
    return Project(root)


def solution_source(chapter: Chapter, exercise: Exercise) -> str:
    """The chapter's own answer to `exercise`; without a checkout, the library's code for it."""
    root = project_root()
    solved = Project(root).solutions / f"{chapter.stem}.ipynb" if root else None
    if solved is None or not solved.is_file():
        return inspect.getsource(exercise.load_reference())
    wanted = f"answer-{exercise.id.replace('.', '-')}"
    found = (regions.without_markers(c.source) for c in notebooks.read(solved).cells if c.get("id") == wanted)
    return next(found, None) or inspect.getsource(exercise.load_reference())


def _holds(path: Path, text: str) -> bool:
    # Bytes: read as text, a file with other line ends would be the same.
    return path.is_file() and path.read_bytes() == text.encode()
