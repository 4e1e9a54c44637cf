"""Decide what a set-up has to do, from pyproject.toml and the stamp that the last one left."""

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

_SELF = re.compile(r"mlops-workshop\[([^\]]*)\]")
_WITH_TORCH = {"training", "rag"}


class Action(Enum):
    """What the folder's ``.venv`` needs."""

    NOTHING = "nothing"
    INSTALL = "install"
    REBUILD = "rebuild"


@dataclass(frozen=True)
class Stamp:
    """What a finished set-up put into ``.venv``. Written last, so its presence means that all of it is there."""

    fingerprint: str
    python: str
    location: str
    extras: tuple[str, ...]
    torch_index: str = ""

    @classmethod
    def read(cls, file: Path) -> "Stamp | None":
        """The stamp in `file`; None if there is none that can be read, which is the same as never set up."""
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{**fields, "extras": tuple(fields["extras"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, file: Path) -> None:
        """Replace `file` in one step. Only its owner reads it: an index URL may carry a password."""
        fresh = file.with_name(file.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        fresh.replace(file)


@dataclass(frozen=True)
class Found:
    """What lies in the folder before a set-up. `python` is the minor version that ``.venv`` was made with, "" if none
    of it works."""

    exists: bool
    python: str
    interrupted: bool
    stamp: Stamp | None


def expand(root: Path, names: list[str]) -> tuple[str, ...]:
    """`names` and every extra they refer to, sorted.

    Raises:
        KeyError: pyproject.toml has no such extra.
    """
    extras = _pyproject(root)["project"]["optional-dependencies"]
    reached: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            for requirement in extras[name]:
                if inner := _SELF.match(requirement):
                    waiting += inner[1].replace(" ", "").split(",")
    return tuple(sorted(reached))


def fingerprint(root: Path) -> str:
    """A hash over what decides the installed set: the tables that pip reads, not a linter's options beside them."""
    text = _pyproject(root)
    tables = {"build": text["build-system"], "project": text["project"], "hatch": text.get("tool", {}).get("hatch")}
    digest = hashlib.sha256(json.dumps(tables, sort_keys=True).encode())
    digest.update((root / "constraints.txt").read_bytes())
    return digest.hexdigest()


def build_requirements(root: Path) -> list[str]:
    """What pip fetches to build an editable install."""
    return [*_pyproject(root)["build-system"]["requires"], "editables"]


def torch_requirement(root: Path) -> str:
    """The ``torch==…`` line of constraints.txt."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def with_torch(extras: tuple[str, ...]) -> bool:
    """Whether these extras bring torch."""
    return not _WITH_TORCH.isdisjoint(extras)


def decide(wanted: Stamp, found: Found) -> tuple[Action, str]:
    """What to do, and why where that throws something away.

    An empty `torch_index` keeps whatever torch there is: a variable forgotten the second time must not fetch CUDA.
    """
    stamp = found.stamp
    if not found.exists:
        return Action.INSTALL, ""
    if found.interrupted:
        return Action.REBUILD, "the last set-up was interrupted (what it downloaded is kept)"
    if not found.python:
        return Action.REBUILD, "its Python is gone"
    if found.python != wanted.python:
        return Action.REBUILD, f"it has Python {found.python}, and this is {wanted.python}"
    if stamp is None:
        return Action.INSTALL, ""
    if stamp.location != wanted.location:
        return Action.REBUILD, f"this folder was at {stamp.location} when it was made"
    if wanted.torch_index and wanted.torch_index != stamp.torch_index and with_torch(stamp.extras):
        return Action.REBUILD, "TORCH_INDEX_URL has changed"
    if stamp.fingerprint == wanted.fingerprint and set(wanted.extras) <= set(stamp.extras):
        return Action.NOTHING, ""
    return Action.INSTALL, ""


def merged(wanted: Stamp, found: Stamp | None) -> Stamp:
    """`wanted` with the extras and the torch index of `found` kept: one environment, one set of versions."""
    if found is None:
        return wanted
    extras = tuple(sorted({*wanted.extras, *found.extras}))
    torch_index = wanted.torch_index or found.torch_index
    return Stamp(wanted.fingerprint, wanted.python, wanted.location, extras, torch_index)


def _pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
