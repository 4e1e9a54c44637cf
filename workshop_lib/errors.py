"""The root of every error that this package raises on purpose.

Each package draws its own branch in its ``errors`` module::

    WorkshopError
    ├── HomeNotWritable                    workshop_lib.home
    ├── AnswerError                        workshop_lib.parts
    ├── DatasetError                       workshop_lib.datasets.errors
    ├── EventError                         workshop_lib.events.errors
    └── CourseError                        workshop_lib.course.errors

A message says what was expected, what came, and what to do. The command line prints it as one line.
"""


class WorkshopError(Exception):
    """Something a reader of the message can mend."""
