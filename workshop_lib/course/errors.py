"""What can go wrong in the course machinery::

    CourseError
    ├── UnknownExercise           an id that no chapter declares; names the nearest
    ├── UnknownChapter            a chapter number that isn't there
    ├── DuplicateExercise         one id declared twice
    ├── ReferenceNotFound         an exercise's reference can't be imported
    ├── NoCase                    `case` before an answer failed on an input
    ├── NotebookUnreadable        a notebook that isn't JSON, or not a notebook
    ├── CellNotFound              a student's copy without the cell that is to be reset
    ├── ProjectNotFound           a command that needs a checkout of the course
    ├── ScaffoldError             a new exercise that can't be placed
    ├── UsageError                WORKSHOP_CHECKS has a value that means nothing
    └── BuildError                a chapter's source that can't become notebooks
        ├── SolutionRegionError   an unclosed, nested or unopened solution region
        └── OutOfStep             `build --check`: a generated file differs

    CheckFailed                   what `check` raises outside JupyterLab; not a defect of the course

`workshop_lib.course.run.errors` and `workshop_lib.course.extras` hang theirs below CourseError or WorkshopError.
"""

from workshop_lib.errors import PlainError


class CourseError(PlainError):
    """The root of this package's errors."""


class UnknownExercise(CourseError):
    """An id that no chapter declares."""


class UnknownChapter(CourseError):
    """A chapter that isn't there."""


class DuplicateExercise(CourseError):
    """One id declared twice."""


class ReferenceNotFound(CourseError):
    """An exercise's reference can't be imported."""


class NoCase(CourseError):
    """`case` was asked before an answer failed on an input."""


class NotebookUnreadable(CourseError):
    """A file that isn't a notebook."""


class CellNotFound(CourseError):
    """A student's copy lacks the cell."""


class ProjectNotFound(CourseError):
    """The command needs a checkout of the course."""


class ScaffoldError(CourseError):
    """A new exercise can't be placed."""


class UsageError(CourseError):
    """WORKSHOP_CHECKS has a value that means nothing."""


class BuildError(CourseError):
    """A chapter's source that can't become notebooks."""


class SolutionRegionError(BuildError):
    """An unclosed, nested or unopened solution region."""


class OutOfStep(BuildError):
    """A generated file differs from its source."""


class CheckFailed(AssertionError):
    """A check that didn't pass, raised where nobody looks at a card: papermill, nbgrader, a script."""

    def _render_traceback_(self) -> list[str]:
        # IPython's hook: one readable line in place of a stack through our own code.
        return [f"{type(self).__name__}: {self}"]
