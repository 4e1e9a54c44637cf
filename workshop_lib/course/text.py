"""Reads what authors write: sources and guides."""

from pathlib import Path

from workshop_lib.course.errors import BuildError
from workshop_lib.i18n import _


def read_text(path: Path) -> str:
    """The text of `path`.

    Raises:
        BuildError: it isn't UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        said = _("{file} is not UTF-8 text: byte {position}. Save it again as UTF-8.")
        raise BuildError(said.format(file=path, position=error.start)) from error
