"""Opens JupyterLab on the student's copies."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from workshop_lib.course.published import Project

_DEFAULTS = Path(__file__).resolve().parent / "jupyter"


def lab_command(project: Project, first: Path, *, port: int, browser: bool, extra: Sequence[str] = ()) -> list[str]:
    """The command that opens JupyterLab at the notebook `first`.

    It fetches no news and no updates: a classroom's network is slow, and a student reads the chapter.
    """
    return [
        sys.executable, "-m", "jupyterlab",
        f"--ServerApp.root_dir={project.root}",
        f"--LabApp.default_url=/lab/tree/{first.relative_to(project.root).as_posix()}",
        f"--ServerApp.port={port}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        *([] if browser else ["--no-browser"]),
        # In a container there is often no other user; JupyterLab would refuse to start.
        *(["--allow-root"] if os.geteuid() == 0 else []),
        *extra,
    ]  # fmt: skip


def lab_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for JupyterLab: this interpreter's own programs come first on the PATH, and the course's defaults
    (`jupyter/`: don't ask a new student about news) come after any that are given. A student's settings still win.
    """
    scripts = str(Path(sys.executable).parent)
    given = environ.get("JUPYTER_CONFIG_PATH")
    defaults = [given] if given else []
    return {
        **environ,
        "PATH": os.pathsep.join([scripts, environ.get("PATH", "")]),
        "JUPYTER_CONFIG_PATH": os.pathsep.join([*defaults, str(_DEFAULTS)]),
    }
