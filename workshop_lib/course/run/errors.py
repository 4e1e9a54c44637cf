"""What can keep `workshop run` from starting, or stop it::

    CourseError
    └── RunError
        ├── NoNotebooks           the folder is missing, or holds none
        ├── UnknownNotebook       a chapter that isn't there; names the ones that are
        ├── BadParameter          a `-p` value or a `-f` file that isn't parameters
        ├── UnknownParameter      a parameter that no chosen notebook has
        └── BadLimit              jobs or seconds below one

    RunInterrupted                Ctrl-C or SIGTERM; every kernel has been ended by then

A notebook that fails is no exception: it is a `NotebookResult` with its `Failure`.
"""

from workshop_lib.course.errors import CourseError


class RunError(CourseError):
    """The run can't start."""


class NoNotebooks(RunError):
    """The folder is missing, or holds no notebook."""


class UnknownNotebook(RunError):
    """A chapter that isn't there."""


class BadParameter(RunError):
    """A value or a file that isn't parameters."""


class UnknownParameter(RunError):
    """A parameter that no chosen notebook has."""


class BadLimit(RunError):
    """Jobs or seconds below one."""


class RunInterrupted(BaseException):
    """The run was stopped by a signal, and what it had started is ended.

    Not an Exception, for the same reason as KeyboardInterrupt. `exit_status` is the shell's: 128 + signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.exit_status = 128 + signum
