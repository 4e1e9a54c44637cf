"""A JupyterLab as `make lab` starts it, over a project and a student of their own."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil

from workshop_lib.course.copies import Copies
from workshop_lib.course.lab import lab_command, lab_environment
from workshop_lib.course.published import Project

_CHECKOUT = Path(__file__).resolve().parents[2]
_DEADLINE = 60


class Server:
    """One student's JupyterLab, as a context manager: leaving it ends the server, and fails if a kernel outlives it.

    Args:
        folder: an empty folder; the project in it has a space in its name, as some students' have.
    """

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder / "the course")
        self.home = folder / "home"
        self._folder = folder
        self._token = secrets.token_hex(16)
        self._url = ""

    @property
    def entrance(self) -> str:
        """Where the browser that `make lab` opens would go."""
        return f"{self._url}?token={self._token}"

    def page_of(self, notebook: str) -> str:
        """The page that opens one more notebook of `work/`."""
        return f"{self._url}lab/tree/work/{notebook}?token={self._token}"

    def __enter__(self) -> "Server":
        self._set_up()
        first = self.project.work / "00_welcome.ipynb"
        command = lab_command(self.project, first, port=_free_port(), browser=False, extra=["--allow-root"])
        with (self._folder / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                command, env=self._environment(), stdout=log, stderr=log, cwd=self.project.root
            )
        try:
            self._url = self._wait_for_answer()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server by its pid; everything it started has to go with it."""
        try:
            started = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            started = []
        self._process.terminate()
        try:
            self._process.wait(_DEADLINE)
            _, alive = psutil.wait_procs(started, timeout=_DEADLINE)
        finally:
            for process in [p for p in started if p.is_running()]:
                process.kill()
            self._process.kill()
        assert not alive, f"left over: {alive}"

    def connections(self) -> set[str]:
        """The addresses at the other ends of the server's connections, its kernels' included."""
        server = psutil.Process(self._process.pid)
        found = [c for p in (server, *server.children(recursive=True)) for c in p.net_connections("inet")]
        return {connection.raddr.ip for connection in found if connection.raddr}

    def _set_up(self) -> None:
        root = self.project.root
        root.mkdir()
        for name in ("workshop_lib", "pyproject.toml", "solutions"):
            (root / name).symlink_to(_CHECKOUT / name)
        shutil.copytree(_CHECKOUT / "notebooks", self.project.notebooks)
        Copies.of(self.project).make_missing()
        # A student has no nbgrader: it comes with the tests' packages, and would stand in the pictures.
        hidden = self._folder / "etc/labconfig/page_config.json"
        hidden.parent.mkdir(parents=True)
        hidden.write_text(json.dumps({"disabledExtensions": {"@jupyter/nbgrader": True}}))

    def _environment(self) -> dict[str, str]:
        folders = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "JUPYTER_CONFIG_PATH": "etc", "IPYTHONDIR": "ipython", "WORKSHOP_HOME": "home",
        }  # fmt: skip
        # What the tests run under must not decide what a student sees.
        inherited = {k: v for k, v in os.environ.items() if k not in ("WORKSHOP_CHECKS", "JPY_SESSION_NAME")}
        own = {name: str(self._folder / folder) for name, folder in folders.items()}
        return lab_environment({**inherited, **own, "JUPYTER_TOKEN": self._token})

    def _wait_for_answer(self) -> str:
        """The server writes down where it serves, which may be another port than the one asked for."""
        notice = self._folder / f"runtime/jpserver-{self._process.pid}.json"
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                url = str(json.loads(notice.read_text())["url"])
                with urllib.request.urlopen(f"{url}api/status?token={self._token}", timeout=5):
                    return url.replace("localhost", "127.0.0.1")
            except (OSError, ValueError):
                time.sleep(0.05)
        raise AssertionError(f"JupyterLab did not answer:\n{(self._folder / 'server.log').read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
