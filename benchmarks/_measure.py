"""Times commands in turn, A B A B, and prints medians with their goals."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A measured value with its goal, if it has one; `unit` is "s", "ms" or "x" (a ratio).

    The goal is the most that the value may be, or with `at_least` the least.
    """

    name: str
    value: float
    goal: float | None
    unit: str
    spread: tuple[float, float]
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Whether the value is on the goal's right side, in words."""
        if self.goal is None:
            return ""
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        return "reached" if reached else "not reached"


def seconds(command: Sequence[str], env: Mapping[str, str]) -> float:
    """Wall time of a whole process.

    Raises:
        subprocess.CalledProcessError: it failed; its time would mean nothing.
    """
    start = time.perf_counter()
    subprocess.run(command, check=True, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - start


def in_turn(runs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Each of `runs` once to warm up, then `rounds` times in turn, so that a noisy minute hits all alike."""
    for run in runs.values():
        run()
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(run())
    return taken


def figure(
    name: str, values: Sequence[float], goal: float | None = None, unit: str = "s", *, at_least: bool = False
) -> Figure:
    """The median of `values`, with their range."""
    return Figure(name, statistics.median(values), goal, unit, (min(values), max(values)), at_least)


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print a table."""
    table = Table(title=title)
    for heading in ("figure", "median", "range", "goal", ""):
        table.add_column(heading, justify="left" if heading in ("figure", "") else "right")
    for f in figures:
        low, high = f.spread
        goal = f"at {'least' if f.at_least else 'most'} {f.goal:g} {f.unit}" if f.goal is not None else ""
        table.add_row(f.name, f"{f.value:.2f} {f.unit}", f"{low:.2f} to {high:.2f}", goal, f.verdict)
    Console(width=120).print(table)
