import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workshop_lib import course
from workshop_lib.course.card import Card
from workshop_lib.course.desk import Desk, begin, desk
from workshop_lib.course.errors import CheckFailed, NoCase, UnknownExercise
from workshop_lib.course.exercises.catalogue import Catalogue, catalogue
from workshop_lib.course.exercises.model import Chapter, Exercise, Mistake
from workshop_lib.course.exercises.trying import expect
from workshop_lib.course.progress import Progress, State
from workshop_lib.course.surroundings import Mode
from workshop_lib.parts import AnswerError
from workshop_lib.platform import count_words as librarys

RIGHT = "def count_words(text):\n    return len(text.split())"
WRONG = "def count_words(text): return len(text)"
STUB = 'def count_words(text):\n    raise NotImplementedError("TODO 0.1")'


class Session:
    """A notebook's session at a desk: runs cells, remembers inputs and cards."""

    def __init__(self, home: Path, mode: Mode = "card", course: Catalogue | None = None) -> None:
        self.home, self.inputs, self.cards = home, [], []  # type: tuple[Path, list[str], list[Card]]
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.desk = Desk(
            course or catalogue(),
            home,
            show=self.cards.append,
            inputs=lambda: self.inputs,
            mode=lambda: mode,
        )

    def cell(self, code: str) -> None:
        self.inputs.append(code)
        exec(compile(code, f"<cell {len(self.inputs)}>", "exec"), self.names)

    def check(self, code: str = "", name: str = "count_words") -> Card:
        if code:
            self.cell(code)
        self.desk.check("0.1", self.names[name])
        return self.cards[-1]

    def state(self) -> State:
        return Progress(self.home).standing("0.1").state

    @property
    def saved(self) -> Path:
        return self.home / "answers" / "ex_0_1.py"


PASSED = 'Passed\n  Saved. From now on answer("0.1") gives yours.'


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "home")


def text(card: Card) -> str:
    return str(card)


def test_a_right_answer_is_shown_recorded_and_saved(session: Session) -> None:
    assert text(session.check(RIGHT)) == f"0.1 Count the words of a page — {PASSED}"
    assert session.state() is State.PASSED
    assert session.saved.read_text() == RIGHT + "\n"


def test_a_wrong_answer_is_shown_and_recorded_and_the_saved_one_stays(session: Session) -> None:
    session.check(RIGHT)
    card = text(session.check(WRONG))
    assert "Not yet" in card
    assert "Hint: That is the number of characters" in card
    assert 'Stuck?: hint("0.1")' in card
    assert Progress(session.home).entries()[-1][1:] == ("incorrect", "0.1", "characters")
    assert session.state() is State.PASSED
    assert session.saved.read_text() == RIGHT + "\n"


def test_check_returns_nothing(session: Session) -> None:
    session.cell(RIGHT)
    assert session.desk.check("0.1", session.names["count_words"]) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("code", [WRONG, STUB, "def count_words(text): return text[99]"])
def test_outside_jupyterlab_a_failing_check_raises_and_is_recorded(tmp_path: Path, code: str) -> None:
    session = Session(tmp_path, "raise")
    with pytest.raises(CheckFailed) as error:
        session.check(code)
    assert str(error.value).startswith("0.1 Count the words of a page — ")
    assert "\n" not in str(error.value)
    assert error.value._render_traceback_() == [f"CheckFailed: {error.value}"]
    assert len(Progress(tmp_path).entries()) == 1
    assert session.cards == []


def test_outside_jupyterlab_a_right_answer_shows(tmp_path: Path) -> None:
    assert "Passed" in text(Session(tmp_path, "raise").check(RIGHT))


def test_not_started_is_no_try(session: Session) -> None:
    assert "Write your answer where the cell says TODO 0.1" in text(session.check(STUB))
    assert session.state() is State.NOT_STARTED


def test_nothing_given(session: Session) -> None:
    session.desk.check("0.1")
    assert 'Write: check("0.1", count_words)' in text(session.cards[-1])


def test_an_unknown_id_names_the_nearest(session: Session) -> None:
    for ask in (
        session.desk.check,
        session.desk.hint,
        session.desk.solution,
        session.desk.answer,
        session.desk.case,
    ):
        with pytest.raises(UnknownExercise, match=r"no exercise '0\.12'. The nearest: '0\.[12]'"):
            ask("0.12")


def test_an_id_without_quotes_is_shown_with_them(session: Session) -> None:
    with pytest.raises(UnknownExercise, match=r"no exercise 0\.1: the id comes first, in quotes\. The nearest: '0\.1'"):
        session.desk.check(0.1)  # type: ignore[arg-type]


def test_hints_come_one_at_a_time_and_stay_at_the_last(session: Session) -> None:
    hints = catalogue().exercise("0.1").hints
    shown = []
    for _ in range(4):
        session.desk.hint("0.1")
        shown.append([row[1] for row in session.cards[-1].rows if row[1] in hints])
    assert shown == [[hints[0]], [*hints], [*hints], [*hints]]
    assert "hint 2 of 2" in session.cards[-1].heading
    assert ("After a try", 'solution("0.1")', True) in session.cards[-1].rows
    assert Progress(session.home).standing("0.1").hints == 2
    assert "Stuck?" not in text(session.check(WRONG))


def test_hints_go_on_in_another_kernel(session: Session) -> None:
    session.desk.hint("0.1")
    other = Session(session.home)
    other.desk.hint("0.1")
    assert "hint 2 of 2" in other.cards[-1].heading


def test_hints_begin_anew_after_a_reset_though_the_kernel_lives(session: Session) -> None:
    session.desk.hint("0.1")
    session.desk.hint("0.1")
    Progress(session.home).record("reset", "0.1")
    session.desk.hint("0.1")
    assert "hint 1 of 2" in session.cards[-1].heading


def test_the_solution_opens_after_a_try(session: Session) -> None:
    session.desk.solution("0.1")
    assert "Try first" in text(session.cards[-1])
    session.check(STUB)
    session.desk.solution("0.1")
    assert "Try first" in text(session.cards[-1])
    session.check(WRONG)
    session.desk.solution("0.1")
    assert "return len(text.split())" in text(session.cards[-1])
    assert "SOLUTION" not in text(session.cards[-1])


def test_answer_gives_the_librarys_until_the_students_passes(session: Session) -> None:
    assert session.desk.answer("0.1") is librarys
    assert text(session.cards[-1]) == "count_words (0.1) is the library's, until yours passes"
    session.check(RIGHT)
    mine = session.desk.answer("0.1")
    assert mine is not librarys
    assert mine("a b") == 2
    assert text(session.cards[-1]) == "count_words (0.1) is yours"


def test_a_broken_saved_answer_is_told_and_not_passed_over(session: Session) -> None:
    session.check(RIGHT)
    session.saved.write_text("def count_words(text:\n")
    with pytest.raises(AnswerError, match="line 1: expected Python"):
        session.desk.answer("0.1")


def test_an_answer_checked_again_after_it_was_fetched(session: Session) -> None:
    session.check(RIGHT)
    session.names["count_words"] = session.desk.answer("0.1")
    session.inputs.append('count_words = answer("0.1")')
    assert text(session.check()) == f"0.1 Count the words of a page — {PASSED}"
    assert session.saved.read_text() == RIGHT + "\n"


def test_the_librarys_answer_counts_as_the_librarys(session: Session) -> None:
    session.cell(STUB)
    session.names["count_words"] = session.desk.answer("0.1")
    assert "This is the library's answer" in text(session.check())
    assert session.state() is State.LIBRARY
    assert not session.saved.exists()


def test_what_the_answers_cell_lacks_is_told_at_once(session: Session) -> None:
    session.cell("def pieces(text): return text.split()")
    card = text(session.check("def count_words(text): return len(pieces(text))"))
    assert "Passed" in card
    assert "Passed, but not saved. It uses pieces, which another cell defines." in card
    assert session.state() is State.PASSED
    assert Progress(session.home).entries()[-1][1:] == ("passed", "0.1", "not saved")
    assert not session.saved.exists()


def test_an_answer_under_another_name(session: Session) -> None:
    session.cell(STUB)
    assert text(session.check("def mine(text): return len(text.split())", "mine")).endswith(f"— {PASSED}")
    assert session.desk.answer("0.1")("a b") == 2


@pytest.mark.parametrize(
    "code",
    [
        "count_words = lambda text: len(text.split())",
        "class Words:\n    def __call__(self, text): return len(text.split())\ncount_words = Words()",
        "%%time\n" + RIGHT,
        RIGHT + "\n!ls",
        "if True:\n    def count_words(text): return len(text.split())",
    ],
)
def test_forms_in_which_an_answer_is_saved(session: Session, code: str) -> None:
    session.inputs.append(code)
    exec("\n".join(line for line in code.split("\n") if line[:1] not in "%!"), session.names)
    assert text(session.check()).endswith(f"— {PASSED}")
    assert session.desk.answer("0.1")("a b") == 2


def test_an_answer_without_a_cell_is_told(session: Session) -> None:
    session.desk.check("0.1", lambda text: len(text.split()))
    assert "No cell of this session defines count_words." in text(session.cards[-1])


def in_a_file(text: str) -> int:
    return len(text.split())


def test_an_answer_from_a_file_is_saved_by_its_source(session: Session) -> None:
    session.desk.check("0.1", in_a_file)
    assert session.saved.read_text() == inspect.getsource(in_a_file).rstrip() + "\n\n\ncount_words = in_a_file\n"


def test_case_is_the_input_on_which_the_last_answer_failed(session: Session) -> None:
    with pytest.raises(NoCase, match="no input to show"):
        session.desk.case("0.1")
    session.check(WRONG)
    assert session.desk.case("0.1") == "to be or not to be"
    session.check("def count_words(text): return len(text.split()) or 1")
    assert session.desk.case("0.1") == ""
    session.check(RIGHT)
    with pytest.raises(NoCase):
        session.desk.case("0.1")


def test_a_case_of_none_is_a_case(tmp_path: Path) -> None:
    def check(f: Callable[[Any], Any]) -> None:
        expect(f, None, returns=1)

    session = Session(tmp_path, course=Catalogue([chapter(check)]))
    session.desk.check("0.1", lambda x: 2)
    assert session.desk.case("0.1") is None


@pytest.mark.parametrize("blocked", ["home", "home/progress.db", "home/answers"])
def test_everything_is_shown_where_nothing_can_be_kept(tmp_path: Path, blocked: str) -> None:
    way = tmp_path / blocked
    way.parent.mkdir(exist_ok=True)
    if blocked == "home/progress.db":
        way.mkdir()
    else:
        way.write_text("mine")
    session = Session(tmp_path / "home")
    session.desk.solution("0.1")
    assert "Try first" in text(session.cards[-1])
    assert "Hint: That is the number of characters" in text(session.check(WRONG))
    for number in (1, 2, 2):
        session.desk.hint("0.1")
        assert f"hint {number} of 2" in session.cards[-1].heading
    session.desk.solution("0.1")
    assert "return len(text.split())" in text(session.cards[-1])
    passed = text(session.check(RIGHT))
    assert "Passed" in passed
    assert ("not saved" if blocked == "home/answers" else "Nothing was kept") in passed
    assert session.desk.answer("0.1")("a b") == 2
    assert session.desk.case is not None


def test_an_unwritable_home_is_named_on_the_card(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("mine")
    assert f"Nothing was kept: expected a folder to write in at {home}" in text(Session(home).check(WRONG))


def test_a_corrupt_progress_file_stops_nobody(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    session.home.mkdir()
    (session.home / "progress.db").write_bytes(b"garbage" * 1000)
    assert text(session.check(RIGHT)).endswith(f"— {PASSED}")
    assert "progress begins anew" in capsys.readouterr().err
    assert session.state() is State.PASSED


def test_two_desks_on_one_home(session: Session) -> None:
    other = Session(session.home)
    session.check(WRONG)
    other.desk.solution("0.1")
    assert "return len" in text(other.cards[-1])
    other.check(RIGHT)
    assert session.desk.answer("0.1")("a b") == 2
    with pytest.raises(NoCase):
        other.desk.case("0.1")
    assert session.desk.case("0.1") == "to be or not to be"


def test_a_failing_repr_or_eq_stops_nobody(session: Session) -> None:
    session.check("class Odd:\n    def __repr__(self): raise ValueError\ndef count_words(text): return Odd()")
    assert "Not yet" in text(session.cards[-1])
    session.check(
        "class Odd:\n    def __eq__(self, other): raise ValueError('no')\ndef count_words(text): return Odd()"
    )
    assert "ValueError: no" in text(session.cards[-1])


def test_what_a_notebook_calls(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WORKSHOP_CHECKS", "card")
    course.check("0.1", len)
    course.check("0.1")
    course.hint("0.1")
    course.solution("0.1")
    assert course.answer("0.1") is librarys
    with pytest.raises(NoCase):
        course.case("0.1")
    out = capsys.readouterr().out
    for part in ("Not yet", "hint 1 of 2", "a solution", "is the library's"):
        assert part in out
    assert course.evaluate("0.1", len).status == "incorrect"


def test_each_home_has_its_own_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk()
    assert desk() is first
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path))
    assert desk() is not first


def test_begin_says_where_state_lies_and_what_runs(capsys: pytest.CaptureFixture[str]) -> None:
    begin("00", event_bus="memory://", event_store="sqlite:///events.db")
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "00 Welcome: one document, one event",
        f"  State: {os.environ['WORKSHOP_HOME']}",
        "  Event bus: memory://",
        "  Event store: sqlite:///events.db",
    ]
    assert Progress(Path(os.environ["WORKSHOP_HOME"])).summary().backend == "memory://, sqlite:///events.db"


def test_begin_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").write_text("mine")
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    begin("00", event_bus="memory://")
    assert "Nothing will be kept: expected a folder to write in" in capsys.readouterr().out


def chapter(check: Callable[[Any], None]) -> Chapter:
    exercise = Exercise(
        id="0.1", name="f", title="F", minutes=1, difficulty=1, reference="math:sqrt", check=check, hints=("a", "b"),
        mistakes=(Mistake("m", "", "h"),),
    )  # fmt: skip
    return Chapter(number=0, slug="welcome", title="Welcome", minutes=5, exercises=(exercise,))
