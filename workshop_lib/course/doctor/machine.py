"""What a diagnosis may look at: the narrow window through which the checks see the world."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain
from pathlib import Path
from typing import Protocol

from workshop_lib import home
from workshop_lib.course import extras
from workshop_lib.datasets import Change, Entry, catalogue, changes

_PATIENCE = 10.0


@dataclass(frozen=True)
class Ran:
    """How a program ended: its exit status, and what it wrote to both streams."""

    status: int
    output: str


class Model(Enum):
    """How a model that a package carries is found."""

    SOUND = auto()
    MISSING = auto()
    CHANGED = auto()


class Machine(Protocol):
    """Each method is one look. None raises for what it finds."""

    def python(self) -> tuple[int, int, int]:
        """The running Python's version."""
        ...

    def missing(self, extra: str) -> list[str]:
        """The distributions of `extra` that are not installed."""
        ...

    def contents(self, extra: str) -> list[str]:
        """The distributions of `extra`."""
        ...

    def version(self, distribution: str) -> str | None:
        """The installed version."""
        ...

    def constraints(self) -> str:
        """The text of constraints.txt; "" outside a checkout."""
        ...

    def home(self) -> Path:
        """WORKSHOP_HOME."""
        ...

    def not_writable(self, folder: Path) -> str:
        """Why `folder` takes no files; "" where it does. Makes the folder."""
        ...

    def free_disk(self, folder: Path) -> int:
        """Bytes free for this user where `folder` lies or would lie."""
        ...

    def memory(self) -> int | None:
        """Bytes that can still be taken; None where the system doesn't tell."""
        ...

    def taken(self, port: int) -> bool:
        """Whether something listens on this port of the loopback address."""
        ...

    def run(self, *command: str) -> Ran | None:
        """Run a program for a few seconds at most; None where there is none of that name."""
        ...

    def datasets(self) -> dict[str, tuple[Entry, tuple[Change, ...]]]:
        """Every data set, and what differs from what was published."""
        ...

    def models(self) -> dict[str, Model]:
        """The pinned package of each embedder's model, and how it is found; {} where nothing can read one."""
        ...


class ThisMachine:
    """The machine that this process runs on."""

    def python(self) -> tuple[int, int, int]:
        """As `Machine`."""
        return sys.version_info[:3]

    def missing(self, extra: str) -> list[str]:
        """As `Machine`."""
        return extras.missing(extra)

    def contents(self, extra: str) -> list[str]:
        """As `Machine`."""
        return extras.contents(extra)

    def version(self, distribution: str) -> str | None:
        """As `Machine`."""
        return extras.version(distribution)

    def constraints(self) -> str:
        """As `Machine`."""
        root = home.project_root()
        file = root / "constraints.txt" if root else None
        return file.read_text(encoding="utf-8") if file and file.is_file() else ""

    def home(self) -> Path:
        """As `Machine`."""
        return home.home()

    def not_writable(self, folder: Path) -> str:
        """As `Machine`."""
        try:
            home.writable(folder)
        except home.HomeNotWritable as error:
            return str(error)
        return ""

    def free_disk(self, folder: Path) -> int:
        """As `Machine`."""
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def memory(self) -> int | None:
        """As `Machine`. Without psutil, which comes with the extra `notebooks`, Linux's own count."""
        try:
            import psutil
        except ImportError:
            return _linux_memory()
        return int(psutil.virtual_memory().available)

    def taken(self, port: int) -> bool:
        """As `Machine`."""
        with socket.socket() as probe:
            probe.settimeout(1.0)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def run(self, *command: str) -> Ran | None:
        """As `Machine`."""
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *command[1:]],
                check=False,
                timeout=_PATIENCE,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return Ran(124, f"no answer within {_PATIENCE:.0f} s")
        except OSError as error:
            return Ran(126, str(error))
        return Ran(done.returncode, done.stdout.strip())

    def datasets(self) -> dict[str, tuple[Entry, tuple[Change, ...]]]:
        """As `Machine`."""
        return {name: (entry, changes(entry)) for name, entry in catalogue().items()}

    def models(self) -> dict[str, Model]:
        """As `Machine`. Reads every file for its hash, and loads no model."""
        try:
            from workshop_lib.rag.embedders import PACKAGED
            from workshop_lib.rag.errors import ModelChanged, ModelMissing
        except ImportError:
            return {}
        found: dict[str, Model] = {}
        for package in dict.fromkeys(chain.from_iterable(PACKAGED.values())):
            try:
                package.checked()
                found[package.distribution] = Model.SOUND
            except ModelMissing:
                found[package.distribution] = Model.MISSING
            except ModelChanged:
                found[package.distribution] = Model.CHANGED
        return found


def _linux_memory() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
