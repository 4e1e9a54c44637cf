"""Finds and ends processes that a run has started."""

import time
from collections.abc import Callable, Collection, Iterable

import psutil


def descendants() -> set[psutil.Process]:
    """Every process below this one, multiprocessing's resource tracker apart: it ends with its parent, and says so
    loudly if it is ended before."""
    return {p for p in psutil.Process().children(recursive=True) if not _is_tracker(p)}


def end(processes: Iterable[psutil.Process], *, grace: float) -> None:
    """SIGTERM, `grace` seconds to leave in, then SIGKILL. A grace of 0 begins with SIGKILL."""
    alive = [p for p in processes if _signal(p, psutil.Process.terminate if grace else psutil.Process.kill)]
    if grace:
        alive = psutil.wait_procs(alive, timeout=grace)[1]
        alive = [p for p in alive if _signal(p, psutil.Process.kill)]
    psutil.wait_procs(alive, timeout=1)


def end_descendants(
    known: Collection[psutil.Process],
    *,
    until: Callable[[], bool],
    grace: float = 3.0,
    deadline: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """End every descendant not in `known`, again and again until there is none and `until` holds: a worker may be
    starting a kernel just now. Gives up after `deadline` seconds."""
    last = clock() + deadline
    while clock() < last:
        started = descendants() - set(known)
        if not started and until():
            return
        end(started, grace=grace)
        if not started:
            sleep(0.05)


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The process with this id, if it is still the one that was created then (`created` in seconds)."""
    try:
        process = psutil.Process(pid)
        return process if abs(process.create_time() - created) < 1 else None
    except psutil.NoSuchProcess:
        return None


def with_children(process: psutil.Process) -> list[psutil.Process]:
    """The process and all below it; nothing where it has gone."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, how: Callable[[psutil.Process], None]) -> bool:
    try:
        how(process)
    except psutil.NoSuchProcess:
        return False
    return True


def _is_tracker(process: psutil.Process) -> bool:
    try:
        return "resource_tracker" in " ".join(process.cmdline())
    except psutil.Error:
        return False
