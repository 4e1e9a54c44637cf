"""The three proofs for every exercise, and other right and wrong answers to those of chapter 00."""

import ast
import re
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from workshop_lib.course import notebooks
from workshop_lib.course.errors import CourseError, ReferenceNotFound
from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.exercises.model import Chapter, Exercise, Mistake
from workshop_lib.course.extras import command, missing
from workshop_lib.course.outcome import Outcome, Status
from workshop_lib.course.published import project

EXERCISES = catalogue().exercises


def installed(exercise: Exercise, *others: object, id: str) -> ParameterSet:
    """A case that is left out where the chapter's packages are not there, as after `make test LITE=1`."""
    lacking = [extra for extra in catalogue().chapter_of(exercise).extras if missing(extra)]
    reason = ", ".join(f"needs the extra [{extra}]: {command(extra)}" for extra in lacking)
    return pytest.param(exercise, *others, marks=pytest.mark.skipif(bool(lacking), reason=reason), id=id)


each_exercise = pytest.mark.parametrize("exercise", [installed(e, id=e.id) for e in EXERCISES])
each_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"), [installed(e, m, id=f"{e.id}-{m.key}") for e in EXERCISES for m in e.mistakes]
)
each_chapter = pytest.mark.parametrize("chapter", list(catalogue()), ids=lambda c: c.stem)


def answer_cell(exercise: Exercise, *, solved: bool) -> str:
    folder = project().solutions if solved else project().notebooks
    notebook = notebooks.read(folder / f"{catalogue().chapter_of(exercise).stem}.ipynb")
    return next(str(c.source) for c in notebook.cells if c.id == f"answer-{exercise.id.replace('.', '-')}")


def defined(code: str, name: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, f"<answer {name}>", "exec"), namespace)
    return namespace[name]


@each_exercise
def test_the_untouched_stub_is_not_started(exercise: Exercise) -> None:
    outcome = evaluate(exercise, defined(answer_cell(exercise, solved=False), exercise.name))
    assert outcome.status is Status.NOT_STARTED


@each_mistake
def test_a_recorded_mistake_is_incorrect_and_gets_its_own_hint(exercise: Exercise, mistake: Mistake) -> None:
    outcome = evaluate(exercise, defined(mistake.code, exercise.name))
    assert (outcome.status, outcome.mistake, outcome.hint) == (Status.INCORRECT, mistake.key, mistake.hint)
    assert outcome.tried
    assert outcome.expected != outcome.got


@each_exercise
def test_the_chapters_solution_passes_alone(exercise: Exercise) -> None:
    assert evaluate(exercise, defined(answer_cell(exercise, solved=True), exercise.name)).passed


@each_exercise
def test_the_librarys_own_implementation_passes(exercise: Exercise) -> None:
    assert evaluate(exercise, exercise.load_reference()).passed


@each_exercise
def test_a_solution_never_imports_its_own_reference(exercise: Exercise) -> None:
    module, _, name = exercise.reference.partition(":")
    package = module.rpartition(".")[0]
    for node in ast.walk(ast.parse(answer_cell(exercise, solved=True))):
        if isinstance(node, ast.ImportFrom):
            assert node.module != module
            assert not (node.module == package and name in {a.name for a in node.names})
        elif isinstance(node, ast.Import):
            assert module not in {a.name for a in node.names}


@each_exercise
def test_a_declaration_is_complete(exercise: Exercise) -> None:
    assert len(exercise.hints) >= 2
    assert all(len(hint) > 20 for hint in exercise.hints)
    assert 1 <= exercise.minutes <= 30
    assert exercise.difficulty in (1, 2, 3)
    assert len(exercise.mistakes) >= 2
    assert all(len(mistake.hint) > 20 for mistake in exercise.mistakes)
    assert len({m.key for m in exercise.mistakes}) == len(exercise.mistakes)
    assert exercise.name.isidentifier()
    assert exercise.check.__doc__


@each_exercise
def test_a_class_is_asked_for_where_the_reference_is_one(exercise: Exercise) -> None:
    assert exercise.is_class is isinstance(exercise.load_reference(), type)


@each_chapter
def test_a_chapters_ids_and_minutes_are_its_own(chapter: Chapter) -> None:
    assert [e.key for e in chapter.exercises] == [(chapter.number, n) for n in range(1, len(chapter.exercises) + 1)]
    # The rest of the time is for reading, and there is always some.
    assert chapter.minutes * 0.5 <= sum(e.minutes for e in chapter.exercises) <= chapter.minutes


@each_chapter
def test_no_line_of_a_solution_stands_in_any_student_notebook(chapter: Chapter) -> None:
    lines: set[str] = set()
    for exercise in chapter.exercises:
        solved, stub = (answer_cell(exercise, solved=solved).split("\n") for solved in (True, False))
        lines |= {line.strip() for line in solved} - {line.strip() for line in stub}
    distinctive = {line for line in lines if len(line) >= 20 and not line.startswith("### ")}
    for path in project().notebooks.glob("*.ipynb"):
        text = "\n".join(c.source for c in notebooks.read(path).cells)
        assert [line for line in distinctive if line in text] == [], path.name


@pytest.mark.parametrize("bad", ["", "2", "2.", ".3", "02.3", "2.03", "2.0", "a.b", "2.3.1", "2.100"])
def test_an_id_is_two_integers(bad: str) -> None:
    with pytest.raises(CourseError, match=re.escape("expected an exercise id such as '2.3'")):
        declared(id=bad)


@pytest.mark.parametrize("reference", ["no.such.module:f", "os:no_such_name", "os", "", ":"])
def test_a_reference_that_cant_be_imported_is_named(reference: str) -> None:
    with pytest.raises(ReferenceNotFound, match=re.escape(f"exercise 0.1: expected its reference {reference!r}")):
        declared(reference=reference).load_reference()


def declared(**changes: Any) -> Exercise:
    fields: dict[str, Any] = {
        "id": "0.1",
        "name": "f",
        "title": "F",
        "minutes": 1,
        "difficulty": 1,
        "reference": "math:sqrt",
        "check": lambda subject: None,
        "hints": ("a", "b"),
        "mistakes": (),
    }
    return Exercise(**(fields | changes))


def outcome_of(exercise_id: str, code: str) -> Outcome:
    exercise = catalogue().exercise(exercise_id)
    return evaluate(exercise, defined(code, exercise.name))


COUNT_RIGHT = {
    "generator": "def count_words(text): return sum(1 for _ in text.split())",
    "regular expression": "import re\ndef count_words(text): return len(re.findall(r'\\S+', text))",
    "by hand": """
def count_words(text):
    words, inside = 0, False
    for character in text:
        if character.isspace():
            inside = False
        elif not inside:
            words, inside = words + 1, True
    return words
""",
    "callable object": """
class Counter:
    def __call__(self, text):
        return len(text.split())
count_words = Counter()
""",
    "lambda": "count_words = lambda text: len(text.split())",
    "coroutine": "async def count_words(text): return len(text.split())",
    "another keyword": "def count_words(text, *, minimum=0): return sum(len(w) >= minimum for w in text.split())",
    "partial": """
from functools import partial
def pieces(text, by): return len(text.split(by))
count_words = partial(pieces, by=None)
""",
    "decorated": """
from functools import cache, wraps
def logged(f):
    @wraps(f)
    def inner(*args): print("called"); return f(*args)
    return inner
@logged
@cache
def count_words(text): return len(text.split())
""",
}
COUNT_WRONG = {
    "hard-coded": "def count_words(text): return 6",
    "hard-coded by length": "def count_words(text): return {18: 6, 0: 0}.get(len(text), 1)",
    "word characters": "import re\ndef count_words(text): return len(re.findall(r'\\w+', text))",
    "one more than spaces": "def count_words(text): return text.count(' ') + 1",
    "split at white space, empties kept": "import re\ndef count_words(text): return len(re.split(r'\\s+', text))",
    "spaces only": "def count_words(text): return len([w for w in text.split(' ') if w])",
    "never nothing": "def count_words(text): return max(1, len(text.split()))",
    "the words": "def count_words(text): return text.split()",
    "text": "def count_words(text): return str(len(text.split()))",
    "printed": "def count_words(text): print(len(text.split()))",
    "generator function": "def count_words(text):\n    for _ in text.split():\n        yield 1",
    "off by one": "def count_words(text): return len(text.split()) + 1",
    "first line": "def count_words(text): return len(text.partition('\\n')[0].split())",
}

HEAD = "from hashlib import sha256\nfrom uuid import *\nfrom workshop_lib.events import *\n"
FORM = (
    "    return DataIngestedEvent.for_document(document_id=document.id, filename=document.filename, "
    "content=document.text, size=len(b), content_hash=sha256(b).hexdigest(), correlation_id=uuid4(), "
    "source_service='shelf'{more})\n"
)


def announcing(
    *swaps: tuple[str, str],
    body: str = "    b = document.text.encode()\n",
    head: str = "def announce(document):\n",
    more: str = "",
) -> str:
    form = FORM.format(more=more)
    for old, new in swaps:
        assert old in form
        form = form.replace(old, new)
    return HEAD + head + body + form


ANNOUNCE_RIGHT = {
    "as the form": announcing(),
    "coroutine": announcing(head="async def announce(document):\n"),
    "another keyword": announcing(head="def announce(document, *, source='shelf'):\n"),
    "category": announcing(more=", category='guide'"),
    "explicit encoding": announcing(body="    b = bytes(document.text, 'utf-8')\n"),
    "id of the document's own": announcing(("uuid4()", "uuid5(NAMESPACE_URL, document.id)")),
    "hash in pieces": HEAD
    + "def announce(document):\n    b = document.text.encode()\n    h = sha256()\n    h.update(b)\n"
    + FORM.format(more="").replace("sha256(b)", "h"),
    "built by hand": HEAD
    + """
def announce(document):
    b = document.text.encode()
    return DataIngestedEvent(
        metadata=EventMetadata(event_type=EventType.DATA_INGESTED, source_service="me", correlation_id=uuid4()),
        payload=DocumentPayload(document_id=document.id, filename=document.filename, content=document.text,
                                size=len(b), content_hash=sha256(b).hexdigest()),
    )
""",
    "callable object": HEAD
    + "class Announcer:\n  def __call__(self, document):\n    b = document.text.encode()\n"
    + FORM.format(more="")
    + "announce = Announcer()\n",
}
ANNOUNCE_WRONG = {
    "filename": announcing(("filename=document.filename", "filename=document.id")),
    "document id": announcing(("document_id=document.id", "document_id=document.title")),
    "content": announcing(("content=document.text", "content=document.title")),
    "content in capitals": announcing(("content=document.text", "content=document.text.upper()")),
    "Latin-1": announcing(body="    b = document.text.encode('latin-1')\n"),
    "UTF-16": announcing(body="    b = document.text.encode('utf-16')\n"),
    "memory": announcing(
        ("len(b)", "sys.getsizeof(document.text)"), body="    import sys\n    b = document.text.encode()\n"
    ),
    "no hash": announcing(("content_hash=sha256(b).hexdigest()", "content_hash=None")),
    "hash of the id": announcing(("sha256(b)", "sha256(document.id.encode())")),
    "constant id": announcing(("uuid4()", "UUID(int=7)")),
    "id made once": HEAD + "ONE = uuid4()\n" + announcing(("uuid4()", "ONE")).removeprefix(HEAD),
    "id on one page only": announcing(("uuid4()", "uuid4() if document.text.isascii() else None")),
    "JSON": announcing(("'shelf')", "'shelf').model_dump_json()")),
    "payload only": announcing(("'shelf')", "'shelf').payload")),
    "untyped": HEAD
    + "def announce(document):\n"
    + "    about = EventMetadata(event_type='data.ingested', source_service='s', correlation_id=uuid4())\n"
    + "    return BaseEvent(metadata=about, payload={'document_id': document.id})\n",
}

SHELF = """
def publish_shelf(documents, announce, bus, store):
    receipts = {{}}
    {before}
    for document in documents:
        event = announce(document)
        {publish}
        receipts[{key}] = {receipt}
    {after}
    return {result}
"""


def shelf(**changes: str) -> str:
    right = {
        "before": 'bus.subscribe("shelf", ["data.ingested"], store.store_event)',
        "publish": "bus.publish(event)",
        "key": "document.id",
        "receipt": "event.metadata.correlation_id",
        "after": "",
        "result": "receipts",
    }
    return SHELF.format(**(right | changes))


SHELF_RIGHT = {
    "another queue": shelf(before='bus.subscribe("archive of mine", ["data.ingested"], store.store_event)'),
    "lambda": shelf(before='bus.subscribe("q", ("data.ingested",), lambda event: store.store_event(event))'),
    "keywords": shelf(
        before='bus.subscribe(callback=store.store_event, queue_name="q", routing_keys=["data.ingested"])'
    ),
    "ids as text": shelf(receipt="str(event.metadata.correlation_id)"),
    "routing key given": shelf(publish='bus.publish(event, "data.ingested")'),
    "comprehension": """
def publish_shelf(documents, announce, bus, store):
    bus.subscribe("q", ["data.ingested"], store.store_event)
    events = {d.id: announce(d) for d in documents}
    for event in events.values():
        bus.publish(event)
    return {id: e.metadata.correlation_id for id, e in events.items()}
""",
    "generator inside": """
from collections import OrderedDict
def publish_shelf(documents, announce, bus, store):
    bus.subscribe("q", ["data.ingested"], store.store_event)
    def receipts():
        for document in documents:
            event = announce(document)
            assert bus.publish(event)
            yield event.payload.document_id, event.metadata.correlation_id
    return OrderedDict(receipts())
""",
    "backwards": shelf().replace("in documents", "in reversed(documents)"),
    "coroutine": shelf().replace("def publish", "async def publish"),
    "another keyword": shelf().replace("bus, store)", "bus, store, *, queue='q')"),
    "subscribed in the loop, one queue": shelf(
        before="", publish='bus.subscribe("q", ["data.ingested"], store.store_event); bus.publish(event)'
    ),
}
SHELF_WRONG = {
    "every data event": (shelf(before='bus.subscribe("q", ["data.*"], store.store_event)'), "everything"),
    "deep key": (shelf(before='bus.subscribe("q", ["data.#"], store.store_event)'), "everything"),
    "stores by itself too": (shelf(publish="bus.publish(event); store.store_event(event)"), "skips-the-bus"),
    "a queue a document": (
        shelf(
            before="", publish='bus.subscribe(document.id, ["data.ingested"], store.store_event); bus.publish(event)'
        ),
        None,
    ),
    "publishes twice": (shelf(publish="bus.publish(event); bus.publish(event)"), None),
    "announces twice": (shelf(receipt="announce(document).metadata.correlation_id"), ""),
    "never publishes": (shelf(publish="pass"), ""),
    "first document only": (shelf().replace("    return receipts", "        break\n    return receipts"), ""),
    "ignores announce": (
        "from workshop_lib.platform.shelf import announce as mine\n"
        + shelf().replace("event = announce", "event = mine"),
        "",
    ),
    "keys are file names": (shelf(key="document.filename"), ""),
    "receipts are events": (shelf(receipt="event"), ""),
    "receipts are confirmations": (shelf(publish="ok = bus.publish(event)", receipt="ok"), ""),
    "receipts are nothing": (shelf(receipt="None"), ""),
    "a list": (shelf(result="list(receipts.values())"), ""),
    "swallows the refusal": (
        "from contextlib import suppress\n"
        + shelf(before="", publish="with suppress(Exception): bus.publish(event)", after="pass"),
        "",
    ),
    "a bus of its own": (
        "from workshop_lib.events import open_bus\n"
        + shelf().replace("receipts = {}", "receipts = {}; bus = open_bus('memory://')"),
        "skips-the-bus",
    ),
    "closes the bus": (shelf(after="bus.close()"), ""),
    "closes the store": (shelf(after="store.close()"), ""),
    "callback of no use": (shelf(before='bus.subscribe("q", ["data.ingested"], lambda: store.store_event)'), ""),
}


@pytest.mark.parametrize("code", COUNT_RIGHT.values(), ids=COUNT_RIGHT)
def test_other_right_ways_to_count(code: str) -> None:
    assert outcome_of("0.1", code).passed


@pytest.mark.parametrize("code", COUNT_WRONG.values(), ids=COUNT_WRONG)
def test_other_wrong_ways_to_count(code: str) -> None:
    assert outcome_of("0.1", code).status is Status.INCORRECT


@pytest.mark.parametrize("number", [*range(9), 18])
def test_a_constant_is_no_recorded_mistake(number: int) -> None:
    assert outcome_of("0.1", f"def count_words(text): return {number}").mistake == ""


def test_a_mistake_is_named_though_one_case_was_patched() -> None:
    outcome = outcome_of("0.1", "def count_words(text): return len(text.split(' ')) if text else 0")
    assert outcome.mistake == "single-space"


@pytest.mark.parametrize("code", ANNOUNCE_RIGHT.values(), ids=ANNOUNCE_RIGHT)
def test_other_right_ways_to_announce(code: str) -> None:
    assert outcome_of("0.2", code).passed


@pytest.mark.parametrize("code", ANNOUNCE_WRONG.values(), ids=ANNOUNCE_WRONG)
def test_other_wrong_ways_to_announce(code: str) -> None:
    assert outcome_of("0.2", code).status is Status.INCORRECT


def test_what_the_schema_refuses_is_told_with_the_students_line() -> None:
    outcome = outcome_of("0.2", announcing(("hexdigest()", "hexdigest().upper()")))
    assert outcome.status is Status.ERROR
    assert "content_hash" in outcome.message
    assert outcome.line is not None


@pytest.mark.parametrize("code", SHELF_RIGHT.values(), ids=SHELF_RIGHT)
def test_other_right_ways_to_publish(code: str) -> None:
    assert outcome_of("0.3", code).passed


@pytest.mark.parametrize(("code", "mistake"), SHELF_WRONG.values(), ids=SHELF_WRONG)
def test_other_wrong_ways_to_publish(code: str, mistake: str | None) -> None:
    outcome = outcome_of("0.3", code)
    assert outcome.status is Status.INCORRECT
    # A hint that was written for another mistake misleads; none is better.
    assert mistake is None or outcome.mistake == mistake


def test_a_shelf_that_calls_an_untouched_announce_needs_it_first() -> None:
    stub = answer_cell(catalogue().exercise("0.2"), solved=False)
    outcome = outcome_of("0.3", stub + "\n" + shelf().replace("event = announce", "event = globals()['announce']"))
    assert (outcome.status, outcome.needs) == (Status.NEEDS, "0.2")
