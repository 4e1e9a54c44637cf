"""Run a step under the log, and say now and then that it lives."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bootstrap.problems import Problem, explain

_BEAT = 15.0
_INSTALLING = "Installing collected packages: "
_COLLECTED = re.compile(r"^(?:Collecting |Processing (?:.*/)?)([A-Za-z0-9_]+)", re.MULTILINE)


class Interrupted(Exception):
    """Ctrl-C while a step ran; the step has ended too."""


@dataclass
class Runner:
    """Runs steps one after another, all into one log. `touched` turns true once pip begins to change `venv`."""

    root: Path
    venv: Path
    log: Path
    lock: int
    say: Callable[[str], None]
    wheelhouse: Path | None = None
    touched: bool = False

    @property
    def scratch(self) -> Path:
        """Where pip unpacks: beside what it fills, for /tmp is often a small memory disk."""
        return self.venv / "tmp"

    def pip(self, command: str, *arguments: str) -> None:
        """One call of this environment's pip.

        Raises:
            Problem: pip failed; the one line why.
            Interrupted: Ctrl-C.
        """
        quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
        self.run([str(self.venv / "bin" / "python"), "-m", "pip", command, *quiet, *arguments])

    def run(self, command: list[str]) -> None:
        """One command; `pip` says what it raises."""
        start = self.log.stat().st_size
        self.scratch.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env=_environment(self.scratch),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[self.lock],
            )
        try:
            status = self._wait(process, start)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise Interrupted from None
        finally:
            self.touched = self.touched or _INSTALLING in self._written(start)
            shutil.rmtree(self.scratch, ignore_errors=True)
        if status:
            raise Problem(f"{explain(self._written(start), self.wheelhouse)} (pip's own words: {self.log})")

    def _wait(self, process: subprocess.Popen[bytes], start: int) -> int:
        began = time.monotonic()
        before = self._installed()
        while True:
            try:
                return process.wait(timeout=_BEAT)
            except subprocess.TimeoutExpired:
                seconds = int(time.monotonic() - began)
                self.say(f"  {seconds // 60}:{seconds % 60:02}  {self._progress(self._written(start), before)}")

    def _progress(self, text: str, before: int) -> str:
        if _INSTALLING in text:
            every = text.rpartition(_INSTALLING)[2].partition("\n")[0].count(",") + 1
            return f"installing: {min(self._installed() - before, every)} of {every} packages"
        names = set(_COLLECTED.findall(text))
        return f"collecting: {len(names)} packages so far" if names else "working"

    def _installed(self) -> int:
        return len(list(self.venv.glob("lib/python*/site-packages/*.dist-info")))

    def _written(self, start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read().decode("utf-8", errors="replace")


def _environment(scratch: Path) -> dict[str, str]:
    """The user's, less what would make pip see or fill another place than this environment."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PIP_USER": "0", "TMPDIR": str(scratch)}
