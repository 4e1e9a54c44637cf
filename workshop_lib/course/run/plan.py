"""Decides how many notebooks run at once, in which order, and with how many threads each."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from workshop_lib.course.run.notebook import Notebook

_THREAD_CAPS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TORCH_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
_GIGABYTE = 2**30
# A notebook of which nothing is known counts as this many declared minutes for each 100 kB.
_MINUTES_A_100_KB = 10.0
# Only puts declared minutes and recorded seconds on one scale; the first run replaces the guess.
_SECONDS_A_MINUTE = 0.2


def usable_cores() -> int:
    """The cores that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_jobs(cores: int | None = None, free_bytes: int | None = None) -> int:
    """max(1, min(cores, free GB // 2)): a kernel with torch loaded wants about 2 GB."""
    free = psutil.virtual_memory().available if free_bytes is None else free_bytes
    return max(1, min(cores or usable_cores(), free // _GIGABYTE // 2))


def thread_caps(jobs: int, cores: int | None = None) -> dict[str, str]:
    """The environment that gives each of `jobs` kernels max(1, cores // jobs) threads.

    Kernels with default thread pools, run at once, are slower than one after another.
    """
    threads = str(max(1, (cores or usable_cores()) // jobs))
    return {**dict.fromkeys(_THREAD_CAPS, threads), "TOKENIZERS_PARALLELISM": "false"}


def longest_first(
    notebooks: list[Notebook], recorded: Mapping[str, float], minutes: Mapping[str, int]
) -> list[Notebook]:
    """By the seconds of the last run, else by the chapter's declared minutes, else by size."""

    def seconds(notebook: Notebook) -> float:
        if notebook.name in recorded:
            return recorded[notebook.name]
        declared = minutes.get(notebook.name, notebook.size / 100_000 * _MINUTES_A_100_KB)
        return declared * _SECONDS_A_MINUTE

    return sorted(notebooks, key=lambda n: (-seconds(n), n.name))


def recorded_seconds(runs_dir: Path) -> dict[str, float]:
    """How long each notebook took when it last finished, by name. An unreadable record counts as none: it only
    decides the order."""
    try:
        content = json.loads((runs_dir / "seconds.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {name: float(value) for name, value in content.items() if isinstance(value, int | float)}


def record_seconds(runs_dir: Path, seconds: Mapping[str, float]) -> None:
    """Merge into what is recorded, in one step for readers."""
    merged = {**recorded_seconds(runs_dir), **{name: round(value, 2) for name, value in seconds.items()}}
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=runs_dir, suffix=".tmp", delete=False) as file:
        json.dump(merged, file, indent=1, sort_keys=True)
    Path(file.name).replace(runs_dir / "seconds.json")
