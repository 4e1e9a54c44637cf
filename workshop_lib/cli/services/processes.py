"""Programs that outlive the command that started them, and are ended by a later one: they, and no others.

A process id alone may be another program's by then. So a process is known by its id and by when it started, and where
the kernel has handles of processes (Linux's pidfd), it is the handle that is checked and signalled.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workshop_lib.cli.services.kinds import Command

_PROC = Path("/proc")
_PAUSE = 0.02


@dataclass(frozen=True)
class Process:
    """One that runs, or ran. `started` is exact on Linux, and to the second elsewhere."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this one runs still, and not another one of the same id."""
        return start_of(self.pid) == self.started


def start(command: Command, folder: Path, log: Path) -> Process:
    """Start it in `folder` and in a session of its own: Ctrl-C in this terminal does not reach it.

    Raises:
        OSError: the program can't be run.
        ProcessLookupError: it ended at once.
    """
    with log.open("ab") as output:
        # It is meant to outlive this process, which therefore never waits for it.
        pid = subprocess.Popen(
            command.argv, cwd=folder, env={**os.environ, **command.environ}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        ).pid  # fmt: skip
    started = start_of(pid)
    if started is None:
        raise ProcessLookupError(pid)
    return Process(pid, started)


def end(process: Process, patience: float) -> bool:
    """SIGTERM, and after `patience` seconds SIGKILL; returns once it has ended. False where it had ended before."""
    with _handle(process.pid) as handle:
        # Looked at while the handle is held: from here on the id can't come to mean another.
        if not process.alive():
            return False
        for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
            try:
                if handle is not None:
                    signal.pidfd_send_signal(handle, number)
                else:
                    os.kill(process.pid, number)
            except ProcessLookupError:
                return True
            if _ended(process, handle, seconds):
                return True
    raise TimeoutError(process.pid)


def start_of(pid: int) -> str | None:
    """What tells this process from others that had or will have its id; None where none runs."""
    if _PROC.joinpath("self", "stat").exists():
        try:
            stat = _PROC.joinpath(str(pid), "stat").read_text()
            boot = _PROC.joinpath("sys", "kernel", "random", "boot_id").read_text().strip()
        except OSError:
            return None
        # The name, in parentheses, may hold anything. After it come the state, and as the 20th field the start.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    done = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _space, began = done.stdout.strip().partition(" ")
    return None if not began or state.startswith("Z") else began.strip()


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """The kernel's handle of the process, None where there is no such thing (or no such process)."""
    try:
        handle = os.pidfd_open(pid)
    except (AttributeError, OSError):
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _ended(process: Process, handle: int | None, seconds: float) -> bool:
    if handle is not None:
        return bool(select.select([handle], [], [], seconds)[0])
    until = time.monotonic() + seconds
    while process.alive():
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    return True
