"""What a worker is told about one notebook: plain data, so that any executor can carry it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """One notebook with one set of parameters.

    Args:
        name: unique in the run; names the files beside `executed`.
        source: the notebook to run; it is only read.
        executed: where the executed notebook is written.
        events: where progress is appended.
        parameters: only those that the notebook has.
        environment: what the kernel's environment gets beside the worker's own.
        limit: seconds that one cell may take.
        exercises: how many the notebook holds.
        cwd: the kernel's working folder; None for a throwaway one.
    """

    name: str
    source: Path
    executed: Path
    events: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    limit: int = 600
    exercises: int = 0
    cwd: Path | None = None

    @property
    def page(self) -> Path:
        """The executed notebook as a page."""
        return self.executed.with_suffix(".html")

    @property
    def kernel_log(self) -> Path:
        """What the kernel's process wrote past the notebook: a crash's last words."""
        return self.executed.with_suffix(".log")
