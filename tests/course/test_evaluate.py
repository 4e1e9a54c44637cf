import asyncio
import builtins
import linecache
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import pytest

from workshop_lib.course.errors import UnknownExercise
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, expect
from workshop_lib.course.limits import SHOWN_CHARACTERS
from workshop_lib.course.outcome import Line, Outcome, Status


def check_double(double: Callable[[int], int]) -> None:
    expect(double, 3, returns=6, mistakes={"squared": 9})


def exercise(check: Callable[[Any], None] = check_double, *, name: str = "double", seconds: float = 5.0) -> Exercise:
    return Exercise(
        id="2.3",
        name=name,
        title="Double",
        minutes=1,
        difficulty=1,
        reference="math:sqrt",
        check=check,
        hints=("a", "b"),
        mistakes=(Mistake("squared", "", "That is the square."),),
        seconds=seconds,
    )


QUICK = exercise(seconds=0.2)


def cell(code: str, name: str = "double", number: int = 1, **globals_: Any) -> Any:
    """What a notebook's cell defines: a file of its own, whose lines IPython gives to linecache."""
    file = f"<cell {number}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    namespace = {"__name__": "__main__", **globals_}
    exec(compile(code, file, "exec"), namespace)
    return namespace[name]


def after(code: str, subject_of: Exercise | None = None) -> Outcome:
    return evaluate(subject_of or exercise(), cell(code))


def test_passed() -> None:
    outcome = after("def double(n): return 2 * n")
    assert outcome.passed
    assert outcome.status is Status.PASSED
    assert (outcome.message, outcome.hint, outcome.got) == ("", "", "")


def test_incorrect_says_what_was_tried_expected_and_got() -> None:
    outcome = after("def double(n): return n + 1")
    assert outcome.status is Status.INCORRECT
    assert (outcome.tried, outcome.expected, outcome.got) == ("double(3)", "6", "4")
    assert (outcome.mistake, outcome.hint, outcome.case) == ("", "", 3)


def test_a_known_mistake_gets_its_hint() -> None:
    outcome = after("def double(n): return n * n")
    assert (outcome.mistake, outcome.hint) == ("squared", "That is the square.")


def test_a_lambda_is_called_answer() -> None:
    assert evaluate(exercise(), lambda n: n).tried == "answer(3)"


@pytest.mark.parametrize("message", ['"TODO 2.3"', '"TODO 2.3: double it"'])
def test_not_started_by_its_own_message(message: str) -> None:
    assert after(f"def double(n): raise NotImplementedError({message})").status is Status.NOT_STARTED


@pytest.mark.parametrize("raised", ["NotImplementedError", "NotImplementedError()"])
def test_nbgraders_empty_one_in_the_answers_own_cell_is_not_started(raised: str) -> None:
    assert after(f"def double(n):\n    raise {raised}").status is Status.NOT_STARTED


def test_an_empty_one_in_a_method_or_helper_of_the_cell_is_not_started() -> None:
    code = "def part(): raise NotImplementedError\ndef double(n): return part()"
    assert after(code).status is Status.NOT_STARTED


def test_an_empty_one_raised_elsewhere_is_an_error() -> None:
    helper = cell("def helper(): raise NotImplementedError", "helper", number=2)
    outcome = evaluate(exercise(), cell("def double(n):\n    return helper()", helper=helper))
    assert outcome.status is Status.ERROR
    assert outcome.line == Line(2, "return helper()")


def test_one_with_words_of_its_own_is_an_error() -> None:
    outcome = after("def double(n): raise NotImplementedError('only for integers')")
    assert outcome.status is Status.ERROR
    assert outcome.message == "NotImplementedError: only for integers"


def test_another_todos_message_means_that_it_comes_first() -> None:
    helper = cell("def helper(): raise NotImplementedError('TODO 2.1')", "helper", number=2)
    outcome = evaluate(exercise(), cell("def double(n): return helper()", helper=helper))
    assert (outcome.status, outcome.needs) == (Status.NEEDS, "2.1")


def test_an_error_gives_the_students_line_and_not_ours_or_a_librarys() -> None:
    outcome = after("import json\ndef double(n):\n    text = '{' * n\n    return json.loads(text)\n")
    assert outcome.status is Status.ERROR
    assert outcome.message.startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert outcome.line == Line(4, "return json.loads(text)")


def test_an_error_in_a_coroutine_gives_the_students_line() -> None:
    outcome = after("async def double(n):\n    return n['two']\n")
    assert outcome.status is Status.ERROR
    assert outcome.line == Line(2, "return n['two']")


def test_an_error_in_a_method_gives_the_students_line() -> None:
    made = exercise(lambda subject: subject(1).double(), name="Double")
    code = "class Double:\n    def __init__(self, n): self.n = n\n    def double(self):\n        return self.m\n"
    assert evaluate(made, cell(code, "Double")).line == Line(4, "return self.m")


def test_a_wrong_signature_is_an_error_without_line() -> None:
    outcome = after("def double(): return 6")
    assert outcome.status is Status.ERROR
    assert "takes 0 positional arguments but 1 was given" in outcome.message
    assert outcome.line is None


def test_a_long_message_is_cut() -> None:
    outcome = after("def double(n): raise ValueError('x' * 10_000)")
    assert len(outcome.message) < 600
    assert outcome.message.endswith(" …")


def test_a_long_text_from_the_answer_is_cut() -> None:
    def check(double: Callable[[int], str]) -> None:
        raise Incorrect(expected="short", got=double(3))

    assert len(after("def double(n): return 'x' * 10_000_000", exercise(check)).got) < 600


ENDLESS = {
    "loop": "def double(n):\n    while True: pass",
    "catches exceptions": """
def double(n):
    while True:
        try:
            n = n + 1 - 1
        except Exception:
            pass
""",
    "catches everything once": """
def double(n):
    try:
        while True: pass
    except:
        while True: pass
""",
    "sleeps": "import time\ndef double(n): time.sleep(3600)",
    "coroutine that never waits": "async def double(n):\n    while True: pass",
    "coroutine that yields": """
import asyncio
async def double(n):
    while True:
        try:
            await asyncio.sleep(0)
        except Exception:
            pass
""",
    "coroutine that ignores its end": """
import asyncio
async def double(n):
    for _ in range(2):
        try:
            await asyncio.sleep(3600)
        except BaseException:
            pass
    await asyncio.sleep(3600)
""",
    "coroutine that sleeps": "import asyncio\nasync def double(n): await asyncio.sleep(3600)",
    "huge repr": "class Slow:\n    def __repr__(self):\n        while True: pass\ndef double(n): return repr(Slow())",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_stopped(code: str) -> None:
    outcome = after(code, QUICK)
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "time-limit")
    assert outcome.message == "It was still running after 0.2 s and was stopped. Does a loop never end?"


@pytest.mark.parametrize("name", sorted(ENDLESS.keys() - {"sleeps"}))
def test_what_never_ends_is_stopped_off_the_main_thread(name: str) -> None:
    before = set(sys._current_frames())
    outcome = on_a_thread(lambda: after(ENDLESS[name], QUICK))
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "time-limit")
    wait_until_only(before)


def test_what_becomes_of_an_error_after_the_time_is_up() -> None:
    code = "def double(n):\n    try:\n        while True: pass\n    finally:\n        raise ValueError"
    assert after(code, QUICK).mistake == "time-limit"
    assert on_a_thread(lambda: after(code, QUICK)).mistake == "time-limit"


def test_the_line_of_an_endless_loop_is_given() -> None:
    line = after("def double(n):\n    while True:\n        n += 1\n", QUICK).line
    assert line is not None
    assert line.number in (2, 3)


@pytest.mark.parametrize("name", [name for name in ENDLESS if name.startswith("coroutine")])
def test_a_stopped_coroutine_leaves_no_thread_behind(name: str) -> None:
    before = set(sys._current_frames())
    after(ENDLESS[name], QUICK)
    wait_until_only(before)


def test_the_alarm_and_its_handler_are_given_back() -> None:
    def mine(signum: int, frame: FrameType | None) -> None: ...

    before = signal.signal(signal.SIGALRM, mine)
    signal.setitimer(signal.ITIMER_REAL, 3600)
    try:
        assert after("def double(n): return 2 * n").passed
        assert after(ENDLESS["loop"], QUICK).mistake == "time-limit"
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_megabytes_of_output_are_cut_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys\ndef double(n):\n    for _ in range(5_000): print('x' * 1_000)\n    print('!', file=sys.stderr)"
    outcome = after(code)
    assert len(outcome.output) == SHOWN_CHARACTERS
    assert outcome.written == 5_000 * 1_001 + 2
    assert capsys.readouterr() == ("", "")


def test_output_of_a_coroutine_is_kept() -> None:
    assert after("async def double(n): print('at work'); return 6").output == "at work\n"


@pytest.mark.parametrize("ending", ["exit()", "quit()", "exit(3)", "__import__('sys').exit()", "1; raise SystemExit"])
@pytest.mark.parametrize("head", ["def", "async def"])
def test_an_answer_that_exits(head: str, ending: str) -> None:
    outcome = after(f"{head} double(n):\n    {ending}")
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "exit")
    assert outcome.line is not None
    assert outcome.line.number == 2


def test_exit_is_shadowed_where_ipython_puts_its_own() -> None:
    called: list[str] = []
    double = cell("def double(n): exit()", exit=lambda: called.append("kernel ends"))
    kept = double.__globals__["exit"]
    assert evaluate(exercise(), double).mistake == "exit"
    assert called == []
    assert double.__globals__["exit"] is kept
    assert "quit" not in double.__globals__


def test_builtins_are_as_before() -> None:
    before = {name: getattr(builtins, name, None) for name in ("exit", "quit", "print")}
    after("def double(n): quit()")
    evaluate(exercise(), len)
    assert {name: getattr(builtins, name, None) for name in before} == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("class Odd(BaseException): pass\n    raise Odd('why')", "Odd: why"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("return double(n)", "RecursionError: maximum recursion depth exceeded"),
        ("raise ExceptionGroup('two', [ValueError()])", "ExceptionGroup: two (1 sub-exception)"),
        ("raise StopIteration", "StopIteration"),
        ("assert n == 4, 'not four'", "AssertionError: not four"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_whatever_an_answer_raises_becomes_an_outcome(body: str, message: str) -> None:
    outcome = after(f"def double(n):\n    {body}")
    assert outcome.status is Status.ERROR
    assert message in outcome.message
    assert outcome.line is not None


def test_a_result_that_cant_show_itself_is_incorrect() -> None:
    outcome = after("class Odd:\n    def __repr__(self): raise ValueError\ndef double(n): return Odd()")
    assert outcome.status is Status.INCORRECT
    assert "Odd" in outcome.got


def test_a_generator_is_incorrect() -> None:
    outcome = after("def double(n): yield 6")
    assert outcome.status is Status.INCORRECT
    assert outcome.got.startswith("<generator object")


def test_ctrl_c_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        after("def double(n): raise KeyboardInterrupt")
    assert sys.stdout is not None


def test_nothing_given() -> None:
    outcome = evaluate(exercise())
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "wrong-subject")
    assert outcome.message == 'The check got nothing to look at. Write: check("2.3", double)'


class Doubler:
    def __call__(self, n: int) -> int:
        return 2 * n


@pytest.mark.parametrize(
    ("subject", "got"), [(None, "None"), (6, "6"), ("double", "'double'"), (Doubler, "<class"), ([lambda n: 6], "[")]
)
def test_a_subject_that_is_no_function(subject: object, got: str) -> None:
    outcome = evaluate(exercise(), subject)
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "wrong-subject")
    assert outcome.message.startswith("Expected the function double")
    assert f"Got {got}" in outcome.message
    assert outcome.message.endswith('Write: check("2.3", double)')


def test_an_instance_that_can_be_called_will_do() -> None:
    assert evaluate(exercise(), Doubler()).passed


@pytest.mark.parametrize("subject", [Doubler(), len, None, 3])
def test_where_a_class_is_meant(subject: object) -> None:
    outcome = evaluate(exercise(name="Doubler"), subject)
    assert outcome.mistake == "wrong-subject"
    assert "the class Doubler itself, not one of its instances" in outcome.message


def test_a_class_where_one_is_meant() -> None:
    assert evaluate(exercise(lambda subject: expect(subject(), 3, returns=6), name="Doubler"), Doubler).passed


def test_a_builtin_and_a_partial_can_be_checked() -> None:
    assert evaluate(exercise(), (3).__add__).passed
    assert evaluate(exercise(), abs).got == "3"


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UnknownExercise, match=r"no exercise '0\.11'\. The nearest: '0\.1'"):
        evaluate("0.11", len)
    with pytest.raises(UnknownExercise, match=r"no exercise 3: the id comes first, in quotes\. The nearest: .*'0\.3'"):
        evaluate(3, len)  # type: ignore[arg-type]


def test_a_known_id() -> None:
    assert evaluate("0.1", lambda text: len(text.split())).passed


def test_a_coroutine_runs_while_this_threads_loop_is_busy() -> None:
    async def notebook() -> Outcome:
        return after("import asyncio\nasync def double(n):\n    await asyncio.sleep(0)\n    return 6")

    assert asyncio.run(notebook()).passed


def test_ctrl_c_while_a_coroutine_is_awaited_passes_through() -> None:
    def interrupt(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    def check(double: Callable[[int], Any]) -> None:
        # The limit's own alarm, rung by hand: it stands for Ctrl-C at that moment.
        signal.signal(signal.SIGALRM, interrupt)
        call(double, 3)

    before = set(sys._current_frames())
    with pytest.raises(KeyboardInterrupt):
        after(ENDLESS["coroutine that sleeps"], exercise(check, seconds=0.2))
    wait_until_only(before)


def wait_until_only(threads: set[int]) -> None:
    """Not by Thread.join: once broken into by a signal, it says of a running thread that it ended."""
    deadline = time.monotonic() + 30
    while left := set(sys._current_frames()) - threads:
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)


def on_a_thread(work: Callable[[], Outcome]) -> Outcome:
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(60)
    assert found, "still running"
    return found[0]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("return 10**5000", "<int, whose repr raises ValueError>"),
        ("return Bad()", "<Bad instance at 0x"),
    ],
)
def test_a_value_that_cannot_be_shown_is_incorrect(body: str, shown: str) -> None:
    outcome = after(f"class Bad:\n    def __repr__(self): raise RuntimeError\ndef double(n): {body}")
    assert outcome.status is Status.INCORRECT
    assert outcome.got.startswith(shown)


def test_a_repr_that_exits_is_an_outcome() -> None:
    outcome = after("class Bad:\n    def __repr__(self): raise SystemExit\ndef double(n): return Bad()")
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "exit")


def test_an_error_whose_text_raises_is_an_outcome() -> None:
    code = "class Bad(NotImplementedError):\n    def __str__(self): raise KeyError('x')\ndef double(n): raise Bad"
    assert after(code).status is Status.ERROR
