"""The folder of wheels that a room without a network installs from."""

import json
import sys
import sysconfig
from pathlib import Path
from typing import TypedDict

from bootstrap.problems import Problem

_MANIFEST = "manifest.json"


class Description(TypedDict):
    """What a wheelhouse is good for."""

    fingerprint: str
    python: str
    platform: str
    extras: list[str]


def describe(fingerprint: str, extras: tuple[str, ...]) -> Description:
    """A wheelhouse made here and now."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    platform = sysconfig.get_platform()
    return {"fingerprint": fingerprint, "python": python, "platform": platform, "extras": list(extras)}


def open_for_writing(folder: Path) -> None:
    """Make `folder`; while it is being filled it has no manifest, so that nobody takes it for complete."""
    folder.mkdir(exist_ok=True)
    (folder / _MANIFEST).unlink(missing_ok=True)


def close(folder: Path, description: Description) -> None:
    """The last step of filling: the manifest, in one piece."""
    fresh = folder / (_MANIFEST + ".new")
    fresh.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    fresh.replace(folder / _MANIFEST)


def choose(root: Path, given: str, wanted: Description) -> tuple[Path | None, str]:
    """The wheelhouse to install from, or None and why the one that is there won't do ("" if there is none).

    Raises:
        Problem: `given` names a folder that can't serve; one found by itself is only passed over.
    """
    folder = (root / Path(given).expanduser()) if given else root / "wheelhouse"
    if not given and not folder.is_dir():
        return None, ""
    unfit = _unfit(folder, wanted)
    if not unfit:
        return folder.resolve(), ""
    if given:
        raise Problem(f"the wheelhouse {folder} {unfit}. Where there is a network, fill it again: make wheelhouse")
    return None, f"not using {folder.name}/: it {unfit}"


def _unfit(folder: Path, wanted: Description) -> str:
    if not folder.is_dir():
        return "is no folder"
    try:
        has = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        extras = set(has["extras"])
        made_for = (has["python"], has["platform"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"is incomplete (no readable {_MANIFEST})"
    if made_for != (wanted["python"], wanted["platform"]):
        return f"is for Python {made_for[0]} on {made_for[1]}, not {wanted['python']} on {wanted['platform']}"
    if has.get("fingerprint") != wanted["fingerprint"]:
        return "was filled for another edition of the course"
    lacking = set(wanted["extras"]) - extras
    return f"lacks the extras {', '.join(sorted(lacking))}" if lacking else ""
