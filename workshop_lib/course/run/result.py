"""What a run leaves: one result a notebook, and the whole."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """Why a notebook didn't finish."""

    CELL = "cell"
    LIMIT = "limit"
    KERNEL = "kernel"
    NOTEBOOK = "notebook"
    WORKER = "worker"


@dataclass(frozen=True)
class Failure:
    """Where and why a notebook stopped. `cell` counts code cells from 1; 0 where no cell had begun."""

    kind: Kind
    message: str
    cell: int = 0
    cells: int = 0
    heading: str = ""
    cell_id: str = ""

    @property
    def first_line(self) -> str:
        """The message's first line."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class Score:
    """Exercises passed, of how many in the notebook, and the backends that ran."""

    passed: int = 0
    total: int = 0
    backend: str = ""


@dataclass(frozen=True)
class Finish:
    """What a worker hands back for one notebook."""

    seconds: float
    score: Score = field(default_factory=Score)
    failure: Failure | None = None


@dataclass(frozen=True)
class NotebookResult:
    """One notebook with one set of parameters. `executed` and `page` are None where nothing ran."""

    name: str
    source: Path
    finish: Finish
    parameters: dict[str, object] = field(default_factory=dict)
    executed: Path | None = None
    page: Path | None = None

    @property
    def failure(self) -> Failure | None:
        """Why it didn't finish, or None."""
        return self.finish.failure

    @property
    def exercises(self) -> str:
        """ "2/3", or a dash where the notebook has no exercise."""
        score = self.finish.score
        return f"{score.passed}/{score.total}" if score.total else "–"


@dataclass(frozen=True)
class RunResult:
    """A whole run: its folder under `runs/`, the results in the notebooks' order, and its wall time in seconds."""

    folder: Path
    notebooks: tuple[NotebookResult, ...]
    seconds: float
    jobs: int

    @property
    def failed(self) -> tuple[NotebookResult, ...]:
        """The notebooks that didn't finish."""
        return tuple(n for n in self.notebooks if n.failure)

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / "index.html"
