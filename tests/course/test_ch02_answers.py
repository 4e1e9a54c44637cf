"""Other right and wrong answers to the exercises of chapter 02; the three proofs of each are in test_exercises."""

from typing import Any

import pytest

from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.outcome import Outcome, Status


def outcome_of(exercise_id: str, code: str) -> Outcome:
    exercise = catalogue().exercise(exercise_id)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "<answer>", "exec"), namespace)
    return evaluate(exercise, namespace[exercise.name])


METADATA = """
from datetime import *
from uuid import UUID, uuid4
from pydantic import *

class EventMetadata(BaseModel):
    event_type: str
    source_service: str
    timestamp: {type} = Field(default_factory=lambda: datetime.now(timezone.utc))

    @field_validator("timestamp")
    @classmethod
    def in_utc(cls, moment):
        {body}
"""
SQL = "INSERT INTO handled (consumer, event_id, handled_at) VALUES (?, ?, 0)"
ONCE = """
from workshop_lib.events.sqlite import transaction

def handle_once(connection, consumer, event_id, work):
"""

RIGHT = {
    "2.1 pydantic's own aware type": (
        "2.1",
        METADATA.format(type="AwareDatetime", body="return moment.astimezone(timezone.utc)"),
    ),
    "2.1 by offset": (
        "2.1",
        METADATA.format(
            type="datetime",
            body="assert moment.utcoffset() is not None\n"
            "        return (moment - moment.utcoffset()).replace(tzinfo=timezone.utc)",
        ),
    ),
    "2.2 unwraps what was refused, says true": (
        "2.2",
        """
from workshop_lib.events import NotConfirmed
from workshop_lib.events.transport import Outgoing

def publish_confirmed(transport, routing_key, body):
    first, *_, last = routing_key.split(".")
    try:
        transport.publish([Outgoing(routing_key, body, {}, mandatory="data" == first or "requested" == last)])
    except NotConfirmed as error:
        raise error.refused.get(0, error)
    return True
""",
    ),
    "2.3 by a regular expression": (
        "2.3",
        r"""
import re

def matches(pattern, routing_key):
    text = "".join({"*": r"\.[^.]+", "#": r"(\.[^.]+)*"}.get(w, re.escape("." + w)) for w in pattern.split("."))
    return re.fullmatch(text, "." + routing_key)
""",
    ),
    "2.3 by a table": (
        "2.3",
        """
def matches(pattern, routing_key):
    wanted, words = pattern.split("."), routing_key.split(".")
    row = [True] + [False] * len(words)
    for want in wanted:
        if want == "#":
            row = [any(row[: place + 1]) for place in range(len(row))]
        else:
            row = [False] + [row[place] and want in ("*", word) for place, word in enumerate(words)]
    return row[-1]
""",
    ),
    "2.4 with returns": (
        "2.4",
        """
from workshop_lib.events import parse_event

def settle(delivery, work, max_attempts, backoff):
    try:
        event = parse_event(delivery.body)
    except Exception as error:
        delivery.dead_letter(repr(error), "poison")
        return False
    try:
        work(event)
    except BaseException as error:
        if delivery.attempt < max_attempts:
            return delivery.retry(backoff(delivery.attempt))
        return delivery.dead_letter(repr(error), "tired")
    return delivery.ack()
""",
    ),
    "2.5 by random()": (
        "2.5",
        "import random\ndef backoff(attempt, base=0.5, cap=30.0):\n"
        "    bound = base\n    for _ in range(attempt):\n        bound = min(cap, bound * 2)\n"
        "    return bound * random.random()",
    ),
    "2.6 looks, works, marks in one transaction": (
        "2.6",
        ONCE
        + f"""
    key = (consumer, str(event_id))
    with transaction(connection):
        if connection.execute("SELECT 1 FROM handled WHERE consumer = ? AND event_id = ?", key).fetchone():
            return False
        work(connection)
        connection.execute("{SQL}", key)
        return True
""",
    ),
    "2.6 by hand": (
        "2.6",
        f"""
import sqlite3

def handle_once(connection, consumer, event_id, work):
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("{SQL}", (consumer, str(event_id)))
        work(connection)
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK")
        return False
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return True
""",
    ),
    "2.7 a list": (
        "2.7",
        "def follow(cause):\n    m = cause.metadata\n"
        "    work = m.event_id if m.correlation_id is None else m.correlation_id\n"
        "    return [work, m.event_id]",
    ),
    "2.8 in a loop": (
        "2.8",
        """
def replay_letters(bus, queue_name, wanted):
    count = 0
    for letter in bus.dead_letters(queue_name):
        if wanted(letter) and bus.replay(queue_name, letter.id):
            count += 1
    return count
""",
    ),
    "2.8 together": (
        "2.8",
        """
def replay_letters(bus, queue_name, wanted):
    return bus.replay_many(queue_name, [letter.id for letter in bus.dead_letters(queue_name) if wanted(letter)])
""",
    ),
}

# Another wrong answer, and the mistake that is named, empty for none: a hint written for another mistake misleads.
WRONG = {
    "2.1 refuses all": ("2.1", METADATA.format(type="datetime", body="raise ValueError('no')"), ""),
    "2.1 a TypeError": (
        "2.1",
        METADATA.format(
            type="datetime",
            body="if moment.tzinfo is None: raise TypeError('no zone')\n        return moment.astimezone(timezone.utc)",
        ),
        "",
    ),
    "2.2 publishes nothing": ("2.2", "def publish_confirmed(transport, routing_key, body): return True", ""),
    "2.2 another key": (
        "2.2",
        "from workshop_lib.events.transport import Outgoing\ndef publish_confirmed(transport, routing_key, body):\n"
        "    transport.publish([Outgoing('data', body)]); return True",
        "",
    ),
    "2.3 always": ("2.3", "def matches(pattern, routing_key): return True", ""),
    "2.3 never": ("2.3", "def matches(pattern, routing_key): return False", ""),
    "2.3 equal": ("2.3", "def matches(pattern, routing_key): return pattern == routing_key", ""),
    "2.4 only acks": ("2.4", "def settle(delivery, work, max_attempts, backoff): delivery.ack()", ""),
    "2.4 settles twice": (
        "2.4",
        "from workshop_lib.events import parse_event\ndef settle(delivery, work, max_attempts, backoff):\n"
        "    work(parse_event(delivery.body))\n    delivery.ack()\n    delivery.ack()",
        "",
    ),
    "2.5 zero": ("2.5", "def backoff(attempt, base=0.5, cap=30.0): return 0", "no-jitter"),
    "2.5 nothing": ("2.5", "def backoff(attempt, base=0.5, cap=30.0): pass", ""),
    "2.5 one of two": (
        "2.5",
        "import random\ndef backoff(attempt, base=0.5, cap=30.0):\n"
        "    return random.choice([0, min(cap, base * 2**attempt)])",
        None,
    ),
    "2.6 never works": ("2.6", ONCE + "    return True", None),
    "2.6 always works": ("2.6", ONCE + "    work(connection)\n    return True", None),
    "2.7 nothing": ("2.7", "def follow(cause): pass", ""),
    "2.7 one id": ("2.7", "def follow(cause): return cause.metadata.event_id", ""),
    "2.8 nothing": ("2.8", "def replay_letters(bus, queue_name, wanted): return 2", None),
}


@pytest.mark.parametrize(("exercise_id", "code"), RIGHT.values(), ids=RIGHT)
def test_other_right_answers_pass(exercise_id: str, code: str) -> None:
    outcome = outcome_of(exercise_id, code)
    assert outcome.passed, outcome


@pytest.mark.parametrize(("exercise_id", "code", "mistake"), WRONG.values(), ids=WRONG)
def test_other_wrong_answers_dont(exercise_id: str, code: str, mistake: str | None) -> None:
    outcome = outcome_of(exercise_id, code)
    assert outcome.status is Status.INCORRECT, outcome
    assert mistake is None or outcome.mistake == mistake
    assert outcome.tried


def test_a_time_limit_meets_a_pattern_that_takes_for_ever() -> None:
    outcome = outcome_of("2.8", "def replay_letters(bus, queue_name, wanted):\n    while True: pass")
    assert (outcome.status, outcome.mistake) == (Status.ERROR, "time-limit")


def test_a_card_shows_none_of_the_failures_that_the_check_of_2_8_makes(caplog: pytest.LogCaptureFixture) -> None:
    outcome = outcome_of("2.8", "def replay_letters(bus, queue_name, wanted): return 2")
    assert outcome.status is Status.INCORRECT
    assert not caplog.records
