"""A copy of what a set-up reads, in a folder with a space in its name, and the environment of a bare shell."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

# Nothing listens on the discard port of the loopback address.
NOWHERE = "http://127.0.0.1:9/simple"
BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
_OURS = ("PYTHON", "TORCH_INDEX_URL", "WHEELHOUSE", "VIRTUAL_ENV", "COV", "MAKE", "MFLAGS", "LITE", "ARGS")


@dataclass
class Checkout:
    """A checkout to set up; `environ` is what its commands see."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.root / ".workshop" / "setup.log"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", str(self.root / "scripts" / "setup.sh"), *arguments],
            env={**self.environ, **environ},
            cwd="/",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environ: str) -> tuple[int, str]:
        process = self.start(*arguments, **environ)
        output = process.communicate(timeout=300)[0]
        return process.returncode, output

    def workshop_works(self) -> bool:
        command = [self.venv / "bin" / "workshop", "--help"]
        return subprocess.run(command, cwd="/", env=self.environ, check=False, capture_output=True).returncode == 0


def copy_checkout(to: Path) -> Path:
    to.mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / name, to)
    for name in ("scripts", "workshop_lib"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def make_checkout(folder: Path) -> Checkout:
    """A checkout under `folder`, and a PATH with the system's programs and this Python as python3."""
    programs = folder / "bin"
    programs.mkdir()
    python = programs / "python3"
    python.write_text(f'#!/bin/sh\nexec "{BASE_PYTHON}" "$@"\n')
    python.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = os.pathsep.join([str(programs), "/usr/bin", "/bin"])
    # Nothing here runs long enough for compiled modules to pay.
    environ = {**kept, "PATH": path, "PIP_NO_COMPILE": "1"}
    return Checkout(copy_checkout(folder / "set up" / "work shop"), environ)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


@pytest.fixture(scope="session")
def offline() -> dict[str, str]:
    """Every way to a package index blocked."""
    return {
        "PIP_INDEX_URL": NOWHERE,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": "",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "1",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a bare install needs, fetched once. The only step in these tests that a network is needed for."""
    checkout = make_checkout(tmp_path_factory.mktemp("wheelhouse"))
    status, output = checkout.run("wheelhouse")
    if status and "no package index" in output and "CI" not in os.environ:
        pytest.skip("no package index can be reached to fill a wheelhouse from; connect and run again")
    assert status == 0, output
    return checkout.root / "wheelhouse"


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Poll a condition; a minute is far more than any needs."""

    def poll(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "nothing happened within a minute"
            time.sleep(0.01)

    return poll
