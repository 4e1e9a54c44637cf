"""One line of a diagnosis."""

from dataclasses import dataclass
from enum import StrEnum

from workshop_lib.i18n import mark


class Mark(StrEnum):
    """How a finding bears on the course. Only `FAIL` keeps it from running."""

    OK = mark("ok")
    WARN = mark("warn")
    FAIL = mark("fail")


@dataclass(frozen=True)
class Finding:
    """`fix` is one line that says what to do, "" where there is nothing to mend."""

    mark: Mark
    subject: str
    found: str
    fix: str = ""
