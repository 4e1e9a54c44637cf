import os
import subprocess
import sys
from pathlib import Path

import pytest

from workshop_lib.parts import AnswerError, answer_path, load_answer, part

SERVICE = """
from workshop_lib.parts import part
def backoff(attempt): return "library's"
print(part("2.3", backoff)(1))
"""


def default(attempt: int) -> str:
    return "library's"


def saved(text: str) -> Path:
    path = answer_path("2.3")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_where_an_answer_lies(tmp_path: Path) -> None:
    assert answer_path("2.10", tmp_path) == tmp_path / "answers" / "ex_2_10.py"
    assert answer_path("2.3") == Path(os.environ["WORKSHOP_HOME"]) / "answers" / "ex_2_3.py"


@pytest.mark.parametrize("asked", [None, "", "library", "1"])
def test_the_default_unless_answers_are_asked_for(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if asked is not None:
        monkeypatch.setenv("WORKSHOP_PARTS", asked)
    saved("raise RuntimeError('must not run')")
    assert part("2.3", default) is default


def test_the_default_where_nothing_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_PARTS", "answers")
    assert part("2.3", default) is default


def test_the_saved_answer_by_the_defaults_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_PARTS", "answers")
    saved("def default(attempt): return 'mine'")
    assert part("2.3", default)(1) == "mine"


def test_a_broken_saved_answer_is_never_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_PARTS", "answers")
    path = saved("def default(attempt:\n")
    with pytest.raises(AnswerError, match="line 1: expected Python") as error:
        part("2.3", default)
    assert error.value.path == path
    assert "workshop reset 2.3" in str(error.value)


def test_a_relative_path(monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved("1 / 0")
    monkeypatch.chdir(path.parent)
    with pytest.raises(AnswerError, match="line 1: ZeroDivisionError"):
        load_answer(Path(path.name), "f")


def test_a_file_that_cant_be_read() -> None:
    with pytest.raises(AnswerError, match="FileNotFoundError"):
        load_answer(answer_path("2.4"), "f")


@pytest.mark.parametrize(("asked", "whose"), [("answers", "mine"), (None, "library's")])
def test_in_a_process_of_its_own(asked: str | None, whose: str, tmp_path: Path) -> None:
    saved("def backoff(attempt): return 'mine'\n")
    environ = {**os.environ, **({"WORKSHOP_PARTS": asked} if asked else {})}
    done = subprocess.run(
        [sys.executable, "-c", SERVICE], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == whose
