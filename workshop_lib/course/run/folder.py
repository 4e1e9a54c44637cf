"""Names the folder of a run, and keeps `latest` on the newest."""

import os
from datetime import datetime
from itertools import count
from pathlib import Path


def new_folder(runs_dir: Path, now: datetime) -> Path:
    """`runs_dir`/20261121T114500Z with `events/` and `notebooks/`; a number is added where two begin in one second."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    for number in count(1):
        folder = runs_dir / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        (folder / "events").mkdir()
        (folder / "notebooks").mkdir()
        return folder
    raise AssertionError("count() ends")


def point_latest_to(folder: Path) -> None:
    """`latest` beside `folder` links to it, at every moment to one whole run."""
    link = folder.parent / f".latest-{os.getpid()}-{folder.name}"
    link.symlink_to(folder.name)
    link.replace(folder.parent / "latest")
