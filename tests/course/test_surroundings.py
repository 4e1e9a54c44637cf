"""What a failing check does, proved in real kernels: JupyterLab's server and papermill start theirs differently."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from nbformat.v4 import new_code_cell, new_notebook

from workshop_lib.course import surroundings
from workshop_lib.course.errors import UsageError
from workshop_lib.course.surroundings import check_mode, inputs, shell

STUB = 'def count_words(text):\n    raise NotImplementedError("TODO 0.1")'
CHECK = 'from workshop_lib.course import check\n\ncheck("0.1", count_words)'
NOT_STARTED = "0.1 Count the words of a page — Not started · Write your answer where the cell says TODO 0.1"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretends that this process is a kernel."""

    def pretend(parents_session: str | None = None, **user_ns: object) -> None:
        monkeypatch.setattr(surroundings, "shell", lambda: SimpleNamespace(kernel=object(), user_ns=user_ns))
        monkeypatch.setattr(surroundings, "_parents_session", lambda: parents_session)

    return pretend


@pytest.mark.parametrize("chosen", ["card", "raise"])
@pytest.mark.parametrize("in_a_kernel", [True, False])
def test_the_variable_decides(chosen: str, in_a_kernel: bool, kernel: Callable[..., None]) -> None:
    if in_a_kernel:
        kernel()
    assert check_mode({"WORKSHOP_CHECKS": chosen, "JPY_SESSION_NAME": "00.ipynb"}) == chosen


@pytest.mark.parametrize("chosen", ["cards", "Card", "1", " raise"])
def test_another_value_is_refused(chosen: str) -> None:
    with pytest.raises(UsageError, match=f"expected WORKSHOP_CHECKS to be card or raise, got '{chosen}'"):
        check_mode({"WORKSHOP_CHECKS": chosen})


@pytest.mark.parametrize(
    ("environ", "parents_session", "user_ns", "mode"),
    [
        ({"JPY_SESSION_NAME": "work/00.ipynb"}, None, {}, "card"),
        ({"JPY_SESSION_NAME": "work/00.ipynb"}, "work/01.ipynb", {}, "card"),
        ({"JPY_SESSION_NAME": "work/00.ipynb"}, "work/00.ipynb", {}, "raise"),
        ({"JPY_SESSION_NAME": "work/00.ipynb", "WORKSHOP_CHECKS": ""}, None, {}, "card"),
        ({"JPY_SESSION_NAME": ""}, None, {}, "raise"),
        ({}, None, {}, "raise"),
        ({}, None, {"__vsc_ipynb_file__": "/home/me/00.ipynb"}, "card"),
    ],
)
def test_in_a_kernel(
    kernel: Callable[..., None],
    environ: dict[str, str],
    parents_session: str | None,
    user_ns: dict[str, object],
    mode: str,
) -> None:
    kernel(parents_session, **user_ns)
    assert check_mode(environ) == mode


def test_outside_a_kernel_it_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_mode({"JPY_SESSION_NAME": "work/00.ipynb"}) == "raise"
    monkeypatch.setattr(surroundings, "shell", lambda: SimpleNamespace(user_ns={}))  # a terminal's IPython
    assert check_mode({"JPY_SESSION_NAME": "work/00.ipynb"}) == "raise"


def test_a_parent_that_wont_tell_counts_as_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(process: psutil.Process) -> dict[str, str]:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "environ", refuse)
    assert surroundings._parents_session() is None


def test_without_ipython_there_is_neither_shell_nor_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert shell() is None
    assert inputs() == ()


class Kernel:
    """A kernel as the server of JupyterLab starts one: it names the notebook to it, and has no such name itself."""

    def __init__(self, **environ: str) -> None:
        self._manager = KernelManager()
        self._manager.start_kernel(env={**os.environ, **environ})
        self._client: BlockingKernelClient = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)

    def run(self, code: str) -> list[dict[str, Any]]:
        """The outputs of a cell, as a notebook would keep them."""
        outputs: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["header"]["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                outputs.append(message["content"])

        self._client.execute_interactive(code, output_hook=keep, timeout=60)
        return outputs

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def lab() -> Iterator[Callable[..., Kernel]]:
    started: list[Kernel] = []

    def start(**environ: str) -> Kernel:
        started.append(Kernel(**environ))
        return started[-1]

    yield start
    for kernel in started:
        kernel.close()


@pytest.mark.slow
def test_a_kernel_of_jupyterlabs_server_shows_cards_and_saves_what_cells_define(
    lab: Callable[..., Kernel], tmp_path: Path
) -> None:
    kernel = lab(JPY_SESSION_NAME="work/00_welcome.ipynb", WORKSHOP_HOME=str(tmp_path))
    saved = tmp_path / "answers" / "ex_0_1.py"

    def card(code: str, check: str = CHECK) -> str:
        assert kernel.run(code) == []
        [shown] = kernel.run(check)
        assert 'role="status"' in shown["data"]["text/html"]
        return str(shown["data"]["text/plain"])

    assert "Not started" in card(STUB)
    assert "Hint: That is the number of characters" in card("def count_words(text): return len(text)")
    [shown] = kernel.run('from workshop_lib.course import case\ncase("0.1")')
    assert shown["data"]["text/plain"] == "'to be or not to be'"

    words = "class Words:\n    def __call__(self, text):\n        return len(text.split())\n\ncount_words = Words()"
    assert card(words).endswith("gives yours.")
    assert saved.read_text() == words + "\n"
    timed = "def count_words(text):\n    return sum(1 for _ in text.split())"
    kernel.run(f"%%capture\n{timed}")
    assert card("").endswith("gives yours.")
    assert saved.read_text() == f"\n{timed}\n"
    kernel.run(f"{words}\nfiles = !ls\n%time count_words('a b')\ncount_words?")
    assert card("").endswith("gives yours.")
    assert saved.read_text().strip() == words

    # The kernel survives them, or the last check would not be answered.
    assert "calls exit()" in card("def count_words(text):\n    exit()")
    assert "calls exit()" in card("async def count_words(text):\n    quit()")
    assert "Your line 2: 1 / 0" in card("def count_words(text):\n    1 / 0")
    assert card("async def count_words(text): return len(text.split())").endswith("gives yours.")
    assert saved.read_text().startswith("async def")


@pytest.mark.slow
def test_a_check_with_an_unknown_id_gives_one_line_in_a_kernel(lab: Callable[..., Kernel], tmp_path: Path) -> None:
    kernel = lab(JPY_SESSION_NAME="work/00_welcome.ipynb", WORKSHOP_HOME=str(tmp_path))
    [error] = kernel.run('from workshop_lib.course import check\ncheck("0.12", len)')
    assert error["ename"] == "UnknownExercise"
    assert len(error["traceback"]) == 1


def notebook(folder: Path) -> Path:
    path = folder / "stub.ipynb"
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=[new_code_cell(STUB), new_code_cell(CHECK)], metadata={"kernelspec": kernelspec})
    nbformat.write(made, path)
    return path


def papermill(folder: Path, **environ: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", notebook(folder), folder / "out.ipynb"],
        env={**os.environ, **environ},
        capture_output=True,
        check=False,
    )
    cells = json.loads((folder / "out.ipynb").read_text())["cells"]
    return done.returncode, next(c["outputs"] for c in cells if "".join(c["source"]) == CHECK)


@pytest.mark.slow
@pytest.mark.parametrize("environ", [{}, {"JPY_SESSION_NAME": "work/00_welcome.ipynb"}], ids=["terminal", "notebook"])
def test_papermill_stops_at_an_untouched_stub_with_one_line(tmp_path: Path, environ: dict[str, str]) -> None:
    """Also when it was started from a notebook, whose name it hands on to its own kernel."""
    status, [error] = papermill(tmp_path, **environ)
    assert status == 1
    assert error["ename"] == "CheckFailed"
    assert error["evalue"].startswith(NOT_STARTED)
    assert error["traceback"] == [f"CheckFailed: {error['evalue']}"]


@pytest.mark.slow
def test_papermill_goes_on_where_cards_are_asked_for(tmp_path: Path) -> None:
    status, [shown] = papermill(tmp_path, WORKSHOP_CHECKS="card")
    assert status == 0
    assert "Not started" in "".join(shown["data"]["text/plain"])


def script(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    path = folder / "stub.py"
    path.write_text(f"{STUB}\n\n\n{CHECK}\n")
    return subprocess.run(
        [sys.executable, path], env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


def test_a_script_with_an_untouched_stub_ends_with_one_readable_line(tmp_path: Path) -> None:
    done = script(tmp_path, JPY_SESSION_NAME="work/00_welcome.ipynb")
    assert done.returncode == 1
    assert done.stdout == ""
    assert NOT_STARTED in done.stderr.splitlines()[-1]


def test_a_script_goes_on_where_cards_are_asked_for(tmp_path: Path) -> None:
    done = script(tmp_path, WORKSHOP_CHECKS="card")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0.1 Count the words of a page — Not started\n")


def test_a_script_with_a_bad_variable_is_refused(tmp_path: Path) -> None:
    assert "expected WORKSHOP_CHECKS to be card or raise" in script(tmp_path, WORKSHOP_CHECKS="yes").stderr
