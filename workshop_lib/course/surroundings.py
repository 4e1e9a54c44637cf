"""Where a check runs: a kernel that somebody looks at, or anything else."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from workshop_lib.course.errors import UsageError
from workshop_lib.i18n import _

Mode = Literal["card", "raise"]


def shell() -> Any | None:
    """The running IPython shell, without importing IPython where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def inputs() -> Sequence[str]:
    """Every input of this IPython session as it was typed, oldest first; empty in a script.

    `In` won't do: there, a cell with a magic is a call with the cell's text in a string.
    """
    running = shell()
    return tuple(running.history_manager.input_hist_raw) if running else ()


def check_mode(environ: Mapping[str, str] = os.environ) -> Mode:
    """What a failing check does: show its card ("card"), or also raise ("raise").

    WORKSHOP_CHECKS decides; without it an interactive JupyterLab kernel shows, and anything else (papermill, nbgrader,
    a script) raises: a runner that only showed outcomes would give an untouched stub full marks.

    Raises:
        UsageError: WORKSHOP_CHECKS is something else.
    """
    chosen = environ.get("WORKSHOP_CHECKS")
    if chosen in ("card", "raise"):
        return "card" if chosen == "card" else "raise"
    if chosen:
        raise UsageError(_("expected WORKSHOP_CHECKS to be card or raise, got {value!r}").format(value=chosen))
    return "card" if _interactive(environ) else "raise"


def _interactive(environ: Mapping[str, str]) -> bool:
    running = shell()
    if running is None or not hasattr(running, "kernel"):
        return False
    if "__vsc_ipynb_file__" in running.user_ns:
        return True
    # Jupyter's server names the notebook to each kernel it starts. A papermill started from such a kernel hands the
    # name on to its own, so look whether the parent has it too.
    session = environ.get("JPY_SESSION_NAME")
    return bool(session) and session != _parents_session()


def _parents_session() -> str | None:
    import psutil

    try:
        session: str | None = psutil.Process(os.getppid()).environ().get("JPY_SESSION_NAME")
    except psutil.Error:
        return None
    return session
