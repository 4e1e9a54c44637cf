"""Where a run may write: the project's root, WORKSHOP_HOME and WORKSHOP_CACHE."""

import os
from pathlib import Path

from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

_HERE = Path(__file__).resolve().parent


class HomeNotWritable(PlainError):
    """The state folder can't be made or written."""

    def __init__(self, home: Path, why: str) -> None:
        super().__init__(
            _(
                "expected a folder to write in at {home}, but: {why}. "
                "Set WORKSHOP_HOME to a folder of yours, or mend its permissions."
            ).format(home=home, why=why)
        )
        self.home = home


def is_project(folder: Path) -> bool:
    """Whether `folder` is the root of a checkout of the course."""
    return (folder / "workshop_lib" / "__init__.py").is_file() and (folder / "pyproject.toml").is_file()


def project_root(start: Path | None = None) -> Path | None:
    """The checkout that holds `start` (default: the working folder), else the one this package runs from.

    None where the package was installed without a checkout.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, _HERE.parent):
        if is_project(folder):
            return folder
    return None


def default_home(start: Path | None = None) -> Path:
    """`.workshop` at the project's root, or in the working folder where there is no project."""
    return (project_root(start) or (start or Path.cwd()).resolve()) / ".workshop"


def home() -> Path:
    """WORKSHOP_HOME as the environment gives it now, else `default_home()`. The folder may not exist yet."""
    given = os.environ.get("WORKSHOP_HOME")
    return Path(given).expanduser().absolute() if given else default_home()


def writable(folder: Path) -> Path:
    """`folder`, made if need be.

    Raises:
        HomeNotWritable: a file stands in the way, or the folder takes no files.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeNotWritable(folder, _reason(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise HomeNotWritable(folder, _("permission denied"))
    return folder


def _reason(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return _("{file} is a file").format(file=error.filename)
    return (error.strerror or str(error)).lower()
