"""Writes the report's first page."""

import platform
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from workshop_lib import __version__
from workshop_lib.course.run.pages import POLICY, TEMPLATES
from workshop_lib.course.run.plan import usable_cores
from workshop_lib.course.run.result import RunResult
from workshop_lib.i18n import _


def write_index(result: RunResult, now: datetime) -> Path:
    """Write `result.report`; it links what lies below its folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("index.html.j2").render(
        _=_,
        result=result,
        policy=POLICY,
        facts=_facts(result, now),
        link=lambda path: quote(path.relative_to(result.folder).as_posix()),
    )
    result.report.write_text(page, encoding="utf-8")
    return result.report


def duration(seconds: float) -> str:
    """Seconds as a reader says them: 4.2 s, 3 min 05 s."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


def _facts(result: RunResult, now: datetime) -> list[tuple[str, str]]:
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    machine = _("{cores} cores, {memory:.0f} GB").format(cores=usable_cores(), memory=memory)
    return [
        (_("Finished"), f"{now:%Y-%m-%d %H:%M} UTC"),
        (_("Total time"), duration(result.seconds)),
        (_("At once"), str(result.jobs)),
        (_("Machine"), f"{platform.system()} {platform.machine()}, {machine}"),
        (_("Python"), platform.python_version()),
        (_("Workshop"), __version__),
    ]
