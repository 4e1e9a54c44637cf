"""What the machine must have before a set-up starts."""

import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from bootstrap.problems import Problem

GB = 1e9
# Disk that an extra takes while it is being installed: its files, and the wheels that pip unpacks them from.
# Measured with CPU builds of torch (4.8 GB in the end) and with CUDA's (8.5 GB), then rounded up.
_BASE = 0.2
_NEEDS = {"notebooks": 1.2, "training": 5.5, "rag": 1.0, "dev": 0.5}
_CUDA = 5.0


def need(extras: tuple[str, ...], installed: tuple[str, ...] | None = None, cuda: bool = False) -> float:
    """GB of free disk for `extras`, where `installed` (None: nothing at all) is there already.

    `cuda`: torch will bring CUDA's libraries.
    """
    fresh = set(extras) - set(installed or ())
    base = _BASE if installed is None else 0
    return base + sum(_NEEDS.get(extra, 0.02) for extra in fresh) + (_CUDA if cuda and "training" in fresh else 0)


def free(folder: Path) -> int:
    """Bytes that this user can write under `folder`."""
    return shutil.disk_usage(folder).free


def check_disk(folder: Path, gigabytes: float, measure: Callable[[Path], int] = free) -> None:
    """Compare `folder`'s free disk, as `measure` gives it, with what is needed.

    Raises:
        Problem: there is less.
    """
    available = measure(folder) / GB
    if available < gigabytes:
        raise Problem(
            f"this needs about {gigabytes:.1f} GB of free disk, and {folder} has {available:.1f} GB. "
            "Free some space, move the folder to a larger disk, choose CPU builds of torch (TORCH_INDEX_URL: README) "
            "or take chapters 00 to 02 alone: make lab LITE=1"
        )


def check_venv() -> None:
    """Look for the modules that make a virtual environment.

    Raises:
        Problem: this Python was packaged without them.
    """
    try:
        importlib.import_module("venv")
        importlib.import_module("ensurepip")
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise Problem(
            f"this Python {version} comes without its venv module. On Debian or Ubuntu: "
            f"sudo apt install python{version}-venv, then run the same command again"
        ) from None
