"""How outcomes are shown, and that no text that a student reads bypasses gettext."""

import ast
import re
import string
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import workshop_lib
from workshop_lib.course.card import Card, outcome_card
from workshop_lib.course.desk import Desk, begin
from workshop_lib.course.errors import NoCase, UnknownExercise
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.outcome import Line, Outcome, Status
from workshop_lib.i18n import _

SOURCES = Path(workshop_lib.__file__).parent


def card(status: Status = Status.INCORRECT, **fields: Any) -> Card:
    return outcome_card(Outcome(exercise_id="2.3", status=status, **fields), title="Back off")


class Reader(HTMLParser):
    """Tags, attributes and visible text of a fragment; fails on one that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = """<script>alert("x")</script> & 'quoted' </div><img src=x onerror="alert(1)">"""


def test_html_is_escaped_everywhere() -> None:
    shown = outcome_card(
        Outcome(
            exercise_id=NASTY, status=Status.INCORRECT, message=NASTY, tried=NASTY, expected=NASTY, got=NASTY,
            hint=NASTY, line=Line(3, NASTY), needs=NASTY, output=NASTY, written=len(NASTY),
        ),
        title=NASTY, hints_left=1, notes=(NASTY,),
    )  # fmt: skip
    read = Reader(shown._repr_html_())
    assert set(read.tags) == {"div", "span"}
    assert {name for a in read.attributes for name in a} == {"role", "aria-label", "class", "style"}
    assert read.text.count(NASTY) == 13
    assert read.attributes[0]["aria-label"] == shown.heading


@pytest.mark.parametrize("status", Status)
def test_a_card_says_its_status_in_words_to_everybody(status: Status) -> None:
    shown = card(status)
    words = {
        Status.PASSED: "Passed",
        Status.NOT_STARTED: "Not started",
        Status.NEEDS: "Needs another exercise first",
        Status.INCORRECT: "Not yet",
        Status.ERROR: "Stopped by an error",
    }[status]
    assert shown.heading == f"2.3 Back off — {words}"
    outer = Reader(shown._repr_html_()).attributes[0]
    assert (outer["role"], outer["aria-label"]) == ("status", shown.heading)
    assert str(shown).splitlines()[0] == shown.heading


def test_as_text() -> None:
    shown = card(tried="f(3)", expected="6", got="4", hint="Add\nit.", line=Line(7, "return 4"))
    assert str(shown) == repr(shown)
    assert str(shown).splitlines() == [
        "2.3 Back off — Not yet",
        "  Tried: f(3)",
        "  Expected: 6",
        "  Got: 4",
        "  Your line 7: return 4",
        "  Hint: Add",
        "    it.",
    ]


def test_on_one_line() -> None:
    shown = card(tried="f(3)", expected="6", got="4", hint="Add\n  it.", message="a note")
    assert shown.line == "2.3 Back off — Not yet · Tried: f(3) · Expected: 6 · Got: 4 · a note · Hint: Add it."


def test_output_is_shown_with_how_much_was_cut() -> None:
    assert "Printed: hello" in str(card(output="hello\n", written=6))
    assert "Printed: hello …\n    (the first 5 of 5000 characters)" in str(card(output="hello", written=5000))
    assert "Printed" not in str(card(Status.PASSED, output="hello", written=5))


@pytest.mark.parametrize(
    ("status", "left", "offered"),
    [
        (Status.INCORRECT, 1, True),
        (Status.ERROR, 2, True),
        (Status.INCORRECT, 0, False),
        (Status.NOT_STARTED, 2, False),
        (Status.PASSED, 2, False),
    ],
)
def test_a_hint_is_offered_where_one_is_left_and_wanted(status: Status, left: int, offered: bool) -> None:
    shown = outcome_card(Outcome(exercise_id="2.3", status=status), hints_left=left)
    assert ('hint("2.3")' in str(shown)) is offered


# As the language of the fixture `pseudo` wraps each message.
OPEN, CLOSE = "⟦", "⟧"


def test_without_a_catalogue_a_text_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_LANG", "xx")
    assert _("Passed") == "Passed"
    assert _("") == ""


def bare(text: str) -> str:
    """What of `text` is in no wrapped message: a filled-in value may stand inside one."""
    while (shorter := re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "", text)) != text:
        text = shorter
    return text


def assert_translated(shown: Card) -> None:
    """Words outside messages are code, ids and numbers only; a row of code may be anything that no sentence is."""
    assert not re.search(r"[A-Za-z]{2}", bare(shown.heading)), shown.heading
    for label, text, code in shown.rows:
        assert bare(label) == "", label
        assert code or not re.search(r"[A-Za-z]{2}", bare(text)), text


OUTCOMES: dict[str, dict[str, Any]] = {
    "passed": {"status": Status.PASSED},
    "not started": {"status": Status.NOT_STARTED},
    "needs": {"status": Status.NEEDS, "needs": "0.1"},
    "incorrect": {"status": Status.INCORRECT, "tried": "f(3)", "expected": "6", "got": "4"},
    "error": {"status": Status.ERROR, "message": "ValueError: why", "line": Line(3, "f()")},
    "printed": {"status": Status.ERROR, "message": "ValueError", "output": "x", "written": 1},
    "printed much": {"status": Status.ERROR, "message": "ValueError", "output": "x", "written": 9},
}


@pytest.mark.parametrize("fields", OUTCOMES.values(), ids=OUTCOMES)
@pytest.mark.usefixtures("pseudo")
def test_each_outcome_is_translated(fields: dict[str, Any]) -> None:
    outcome = Outcome(exercise_id="0.1", **fields)
    assert_translated(outcome_card(outcome, title=_(catalogue().exercise("0.1").title), hints_left=1))


def subject(code: str, name: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace[name]


@pytest.mark.usefixtures("pseudo")
def test_each_recorded_mistake_is_translated() -> None:
    for exercise in catalogue().exercises:
        for mistake in exercise.mistakes:
            outcome = evaluate(exercise, subject(mistake.code, exercise.name))
            assert outcome.mistake == mistake.key
            assert_translated(outcome_card(outcome, title=_(exercise.title)))
            # What was tried, expected and got is code or a value; where it is a sentence, it was translated.
            for text in (outcome.tried, outcome.expected, outcome.got):
                assert not re.search(r"[a-z]{2,} [a-z]{2,}", re.sub(r"\(.*\)", "", bare(text))), text


SHELF = "def publish_shelf(documents, announce, bus, store):\n    "


@pytest.mark.parametrize(
    ("exercise_id", "code"),
    [
        ("0.2", "def announce(document): return 3"),
        ("0.3", SHELF + "return {}"),
        (
            "0.3",
            "from workshop_lib.platform import publish_shelf as right\n"
            + SHELF
            + "right(documents, announce, bus, store)"
            "\n    return {d.id: 3 for d in documents}",
        ),
        (
            "0.3",
            "from workshop_lib.platform import publish_shelf as right\n"
            + SHELF
            + "r = right(documents, announce, bus, "
            "store)\n    bus.close()\n    return r",
        ),
    ],
)
@pytest.mark.usefixtures("pseudo")
def test_what_checks_say_elsewhere_is_translated(exercise_id: str, code: str) -> None:
    outcome = evaluate(exercise_id, subject(code, catalogue().exercise(exercise_id).name))
    assert outcome.status is Status.INCORRECT
    assert OPEN in outcome.expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        3,
        int,
        "def f(t): exit()",
        "def f(t): raise NotImplementedError('TODO 0.3')",
        "import time\ndef f(t): time.sleep(60)",
    ],
)
@pytest.mark.usefixtures("pseudo")
def test_each_message_of_evaluate_is_translated(answer: object) -> None:
    from dataclasses import replace

    exercise = replace(catalogue().exercise("0.1"), seconds=0.1)
    given = subject(answer, "f") if isinstance(answer, str) else answer
    outcome = evaluate(exercise, given)
    assert outcome.status in (Status.ERROR, Status.NEEDS)
    message = outcome_card(outcome, title=_(exercise.title))
    text = message.rows[0][1]
    assert text.startswith(OPEN)
    assert text.endswith(CLOSE)


@pytest.mark.usefixtures("pseudo")
def test_nothing_given_is_translated() -> None:
    assert evaluate("0.1").message.startswith(OPEN)


def sessions() -> Iterator[tuple[str, Callable[[Desk], object]]]:
    right = "def count_words(text): return len(text.split())"
    yield "hint", lambda desk: desk.hint("0.1")
    yield "answer", lambda desk: desk.answer("0.1")
    yield "no solution yet", lambda desk: desk.solution("0.1")
    yield "not saved", lambda desk: desk.check("0.1", lambda text: len(text.split()))
    yield "the library's", lambda desk: desk.check("0.1", catalogue().exercise("0.1").load_reference())
    yield "passed", lambda desk: desk.check("0.1", subject(right, "count_words"))
    yield "stub", lambda desk: desk.check("0.1", subject("def f(t): raise NotImplementedError('TODO 0.1')", "f"))


@pytest.mark.parametrize("act", [pytest.param(act, id=name) for name, act in sessions()])
@pytest.mark.usefixtures("pseudo")
def test_what_the_desk_says_is_translated(tmp_path: Path, act: Callable[[Desk], object]) -> None:
    cards: list[Card] = []
    act(Desk(catalogue(), tmp_path, show=cards.append, inputs=lambda: (), mode=lambda: "card"))
    [shown] = cards
    assert_translated(shown)


@pytest.mark.usefixtures("pseudo")
def test_why_an_answer_is_not_saved_is_translated(tmp_path: Path) -> None:
    cards: list[Card] = []
    for code in (
        "def count_words(text): return helper(text)",
        "def count_words(text): raise NotImplementedError('TODO 0.1')",
    ):
        desk = Desk(catalogue(), tmp_path, show=cards.append, inputs=lambda code=code: (code,), mode=lambda: "card")  # type: ignore[misc]
        desk.check("0.1", lambda text: len(text.split()))
    assert [bare(row[1]) for card in cards for row in card.rows] == ["", ""]


@pytest.mark.usefixtures("pseudo")
def test_a_solution_that_may_be_seen_is_under_a_translated_heading(tmp_path: Path) -> None:
    cards: list[Card] = []
    desk = Desk(catalogue(), tmp_path, show=cards.append, inputs=lambda: (), mode=lambda: "card")
    desk.check("0.1", len)
    desk.solution("0.1")
    assert_translated(cards[-1])


@pytest.mark.usefixtures("pseudo")
def test_a_desks_errors_are_translated(tmp_path: Path) -> None:
    desk = Desk(catalogue(), tmp_path)
    with pytest.raises(UnknownExercise, match=f"^{OPEN}.*{CLOSE}$"):
        desk.check("0.99")
    with pytest.raises(NoCase, match=f"^{OPEN}.*{CLOSE}$"):
        desk.case("0.1")


@pytest.mark.usefixtures("pseudo")
def test_what_begin_says_is_translated(capsys: pytest.CaptureFixture[str]) -> None:
    begin("00", event_bus="memory://", event_store="sqlite:///events.db")
    for line in capsys.readouterr().out.splitlines():
        label = line.partition(": ")[0] if line.startswith("  ") else line
        assert not re.search("[a-z]", bare(label)), line


def test_every_message_names_its_fields_as_they_are_filled_in(messages: set[str]) -> None:
    for text in messages:
        assert all(name != "" for _text, name, _spec, _conv in string.Formatter().parse(text) if name is not None), text


def marked_texts() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "mark"):
                yield f"{path.relative_to(SOURCES)}:{node.lineno}", node


def test_every_message_is_found_for_the_catalogue(messages: set[str]) -> None:
    # Babel on Python 3.11 sees nothing inside an f-string.
    texts = {where: call.args[0].value for where, call in marked_texts() if isinstance(call.args[0], ast.Constant)}
    assert {where: text for where, text in texts.items() if text not in messages} == {}


def test_no_message_is_put_together_before_it_is_translated() -> None:
    calls = list(marked_texts())
    assert len(calls) > 50
    for where, call in calls:
        assert len(call.args) == 1, where
        assert not isinstance(call.args[0], ast.JoinedStr), where
        concatenated = isinstance(call.args[0], ast.BinOp)
        formatted = (
            isinstance(call.args[0], ast.Call)
            and isinstance(call.args[0].func, ast.Attribute)
            and call.args[0].func.attr == "format"
        )
        assert not concatenated, where
        assert not formatted, where
