"""One line of a diagnosis."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding bears on the course. Only `FAIL` keeps it from running."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`fix` is one line that says what to do, "" where there is nothing to mend."""

    mark: Mark
    subject: str
    found: str
    fix: str = ""
