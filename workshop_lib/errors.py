"""The root of every error that this package raises on purpose.

Each package draws its own branch in its ``errors`` module::

    WorkshopError
    ├── PlainError
    │   ├── HomeNotWritable                workshop_lib.home
    │   ├── InvalidSettings                workshop_lib.settings
    │   ├── AnswerError                    workshop_lib.parts
    │   ├── CourseError                    workshop_lib.course.errors
    │   ├── DatasetError                   workshop_lib.datasets.errors
    │   ├── EvaluationError                workshop_lib.evaluation.errors
    │   ├── EventError                     workshop_lib.events.errors
    │   └── RagError                       workshop_lib.rag.errors

A message says what was expected, what came, and what to do. The command line prints it as one line.
"""


class WorkshopError(Exception):
    """Something a reader of the message can mend."""


class PlainError(WorkshopError):
    """One whose message is all that its reader needs: IPython shows it without a stack through our own code."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]
