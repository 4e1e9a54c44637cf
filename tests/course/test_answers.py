import dataclasses
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from workshop_lib.course.answers import Answers
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.exercises.model import Exercise
from workshop_lib.course.exercises.trying import expect
from workshop_lib.home import HomeNotWritable
from workshop_lib.parts import AnswerError

WORDS = catalogue().exercise("0.1")
RIGHT = "def count_words(text):\n    return len(text.split())"
OTHER = "import re\n\n\ndef count_words(text):\n    return len(re.findall(r'\\S+', text))\n"


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path)


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_there_is_none_at_first(answers: Answers, tmp_path: Path) -> None:
    assert answers.load(WORDS) is None
    assert files(tmp_path) == []


def test_a_saved_answer_is_the_cells_text_and_loads(answers: Answers, tmp_path: Path) -> None:
    assert answers.save(WORDS, "count_words", RIGHT) == ""
    assert files(tmp_path) == ["answers/ex_0_1.py"]
    assert answers.path(WORDS).read_text() == RIGHT + "\n"
    loaded = answers.load(WORDS)
    assert loaded is not None
    assert loaded("a b") == 2


def test_an_answer_under_another_name_gets_the_exercises(answers: Answers) -> None:
    assert answers.save(WORDS, "mine", RIGHT.replace("count_words", "mine")) == ""
    assert answers.path(WORDS).read_text().endswith("\n\n\ncount_words = mine\n")
    assert answers.load(WORDS) is not None


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def count_words(text): return len(pieces(text))", "It uses pieces, which another cell defines"),
        ("def count_words(text): return 6", "not alone in a fresh namespace: 6"),
        ("def count_words(text): raise NotImplementedError('TODO 0.1')", "not alone in a fresh namespace: not started"),
        (f"{RIGHT}\nawait print(3)", "line 3: expected Python, got: 'await' outside function"),
        (f"{RIGHT}\n1 / 0", "line 3: ZeroDivisionError: division by zero"),
        (f"{RIGHT}\ndel count_words", "expected it to define 'count_words', and it does not"),
        (f"{RIGHT}\nraise SystemExit", "line 3: SystemExit"),
        (f"{RIGHT}\nimport no_such_module", "line 3: ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_what_doesnt_stand_alone_is_not_saved_and_the_old_answer_stays(
    answers: Answers, tmp_path: Path, source: str, why: str
) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    reason = answers.save(WORDS, "count_words", source)
    assert why in reason
    assert "draft" not in reason
    assert files(tmp_path) == ["answers/ex_0_1.py"]
    assert answers.path(WORDS).read_text() == RIGHT + "\n"


def test_a_cell_that_never_ends_is_not_saved(answers: Answers, tmp_path: Path) -> None:
    quick = Exercise(
        id="0.1", name="f", title="F", minutes=1, difficulty=1, reference="math:sqrt", hints=("a", "b"), mistakes=(),
        check=lambda f: expect(f, returns=1), seconds=0.2,
    )  # fmt: skip
    reason = answers.save(quick, "f", "def f(): return 1\nwhile True: pass")
    assert "its cell was still running after 0.2 s" in reason
    assert files(tmp_path) == []


def test_what_the_cell_prints_isnt_printed_again(answers: Answers, capsys: pytest.CaptureFixture[str]) -> None:
    assert answers.save(WORDS, "count_words", f"{RIGHT}\nprint('a trial:', count_words('a b'))") == ""
    assert capsys.readouterr() == ("", "")


def test_answers_are_text_in_any_language(answers: Answers) -> None:
    assert answers.save(WORDS, "count_words", f"# niño, 日本\n{RIGHT}") == ""
    assert "niño, 日本" in answers.path(WORDS).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def count_words(text)\n    return 1\n", "line 1: expected Python, got: expected ':'"),
        ("x = 1\n\nraise ValueError('why')\n", "line 3: ValueError: why"),
        ("x = 1\n", "expected it to define 'count_words', and it does not"),
        ("", "expected it to define 'count_words', and it does not"),
        ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
        ("def f(): eval('1 +')\nf()\n", "line 1: SyntaxError"),
    ],
)
def test_a_file_edited_by_hand_gives_a_typed_error(answers: Answers, text: str, why: str) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    path = answers.path(WORDS)
    path.write_text(text)
    with pytest.raises(AnswerError) as error:
        answers.load(WORDS)
    assert why in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).endswith("Mend the file, check the cell again, or run: workshop reset 0.1")
    assert path.read_text() == text


def test_a_file_of_garbage_gives_a_typed_error(answers: Answers) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    answers.path(WORDS).write_bytes(b"\xff\xfe\x00garbage")
    with pytest.raises(AnswerError):
        answers.load(WORDS)


def test_a_saved_class_can_be_pickled_here(answers: Answers, tmp_path: Path) -> None:
    made = Exercise(
        id="0.1", name="Pair", title="Pair", minutes=1, difficulty=1, reference="fractions:Fraction",
        hints=("a", "b"), mistakes=(), check=lambda pair: expect(lambda: pair(1).n, returns=1),
    )  # fmt: skip
    source = "from dataclasses import dataclass\n\n@dataclass\nclass Pair:\n    n: int"
    assert answers.save(made, "Pair", source) == ""
    pair = answers.load(made)
    assert pair is not None
    assert answers.save(made, "Pair", source + "\n1 / 0") != ""
    assert pickle.loads(pickle.dumps(pair(3))) == pair(3)


def test_no_bytecode_is_left(answers: Answers, tmp_path: Path) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    answers.load(WORDS)
    assert files(tmp_path) == ["answers/ex_0_1.py"]


SAVES = """
import sys
from pathlib import Path
from workshop_lib.course.answers import Answers
from workshop_lib.course.exercises.catalogue import catalogue
answers, exercise = Answers(Path(sys.argv[1])), catalogue().exercise("0.1")
print("ready", flush=True)
sys.stdin.readline()
assert [answers.save(exercise, "count_words", sys.argv[2]) for _ in range(30)] == [""] * 30
"""


@pytest.mark.slow
def test_saves_at_once_leave_one_whole_answer(answers: Answers, tmp_path: Path) -> None:
    """Two notebooks, two kernels."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SAVES, tmp_path, source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for source in (RIGHT, OTHER)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    assert files(tmp_path) == ["answers/ex_0_1.py"]
    assert answers.path(WORDS).read_text() in (RIGHT + "\n", OTHER)


@pytest.mark.slow
def test_a_process_killed_while_it_tries_an_answer_leaves_the_old_one(answers: Answers, tmp_path: Path) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    code = f"""
from pathlib import Path
from workshop_lib.course.answers import Answers
from workshop_lib.course.exercises.catalogue import catalogue
Answers(Path({str(tmp_path)!r})).save(
    catalogue().exercise("0.1"), "count_words", "import os, signal\\nos.kill(os.getpid(), signal.SIGKILL)"
)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert answers.path(WORDS).read_text() == RIGHT + "\n"
    assert answers.save(WORDS, "count_words", OTHER) == ""


@pytest.mark.parametrize("where", ["home", "answers"])
def test_a_file_in_the_folders_place(tmp_path: Path, where: str) -> None:
    home = tmp_path / "home"
    blocked = home if where == "home" else home / "answers"
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("mine")
    with pytest.raises(HomeNotWritable, match="is a file"):
        Answers(home).save(WORDS, "count_words", RIGHT)
    assert blocked.read_text() == "mine"
    assert Answers(home).load(WORDS) is None


def test_a_full_disk_is_told_and_loses_nothing(
    answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.save(WORDS, "count_words", RIGHT)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HomeNotWritable, match="No space left on device"):
        answers.save(WORDS, "count_words", OTHER)
    assert files(tmp_path) == ["answers/ex_0_1.py"]
    assert answers.path(WORDS).read_text() == RIGHT + "\n"


def test_set_aside_keeps_every_old_answer(answers: Answers, tmp_path: Path) -> None:
    assert answers.set_aside(WORDS) == []
    for number, source in enumerate((RIGHT, OTHER), start=1):
        answers.save(WORDS, "count_words", source)
        [old] = answers.set_aside(WORDS, source)
        assert old.name == f"ex_0_1.old-{number}.py"
        assert old.read_text().strip() == source.strip()
        assert answers.load(WORDS) is None
    assert answers.set_aside(WORDS, "an edited cell") == [tmp_path / "answers" / "ex_0_1.old-3.py"]
    assert files(tmp_path) == [f"answers/ex_0_1.old-{n}.py" for n in (1, 2, 3)]


def test_a_saved_answer_and_a_cell_edited_since_are_both_kept(answers: Answers) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    cell, saved = answers.set_aside(WORDS, "def count_words(text): 1 / 0")
    assert cell.read_text() == "def count_words(text): 1 / 0"
    assert saved.read_text() == RIGHT + "\n"
    assert not answers.path(WORDS).exists()


def test_a_saved_answer_that_is_no_text_is_kept_as_it_is(answers: Answers) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    answers.path(WORDS).write_bytes("# años".encode("latin-1"))
    with pytest.raises(AnswerError):
        answers.load(WORDS)
    [old] = answers.set_aside(WORDS)
    assert old.read_bytes() == "# años".encode("latin-1")


@pytest.mark.parametrize("raised", ["class B(BaseException): pass\nraise B()", "import sys\nsys.exit()"])
def test_a_saved_answer_edited_to_raise_is_told_in_one_line(answers: Answers, raised: str) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    answers.path(WORDS).write_text(raised)
    with pytest.raises(AnswerError, match="line 2"):
        answers.load(WORDS)


def test_a_saved_answer_edited_to_run_for_ever_is_stopped(answers: Answers) -> None:
    answers.save(WORDS, "count_words", RIGHT)
    answers.path(WORDS).write_text("while True: pass")
    with pytest.raises(AnswerError, match=r"still running after 0\.2 s"):
        answers.load(dataclasses.replace(WORDS, seconds=0.2))
