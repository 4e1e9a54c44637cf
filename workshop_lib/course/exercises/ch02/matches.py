"""2.3: which queue gets an event."""

import fnmatch
import inspect
import re
from collections.abc import Callable
from typing import Any

from workshop_lib.course.exercises.ch06.scores import expect_scores
from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown_call
from workshop_lib.i18n import _, mark

_CASES = [
    (("data.ingested", "data.ingested"), True),
    (("data.ingested", "data.validated"), False),
    (("data.*", "data.ingested"), True),
    (("data.*", "data"), False),
    (("data.*", "data.ingested.es"), False),
    (("*.requested", "training.requested"), True),
    (("*.requested", "requested"), False),
    (("*", "data.ingested"), False),
    (("data.ingested", "dataxingested"), False),
    (("#", "data.ingested.es"), True),
    (("data.#", "data.ingested.es"), True),
    (("data.#", "data"), True),
    (("data.#", "database.full"), False),
    (("#.failed", "failed"), True),
    (("#.failed", "training.gpu.failed"), True),
    (("#.failed", "training.failed.again"), False),
    (("data.#.es", "data.es"), True),
    (("data.#.es", "data.ingested.page.es"), True),
    (("data.#.es", "data.ingested.page.en"), False),
    (("#.es.#", "data.es.page"), True),
    (("*.#.*", "data"), False),
    (("*.#.*", "data.ingested"), True),
]


def check_matches(matches: Callable[[str, str], Any]) -> None:
    """Whole words between dots; * is one of them, # any number, none included, anywhere in the pattern."""

    def truth(pattern: str, routing_key: str) -> bool:
        try:
            return bool(call(matches, pattern, routing_key))
        except RecursionError:
            raise _endless(pattern, routing_key) from None

    slips = {name.replace("_", "-"): slip for name, slip in _SLIPS.items()}
    expect_scores("matches", truth, [*_CASES], slips)


def _endless(pattern: str, routing_key: str) -> Incorrect:
    return Incorrect(
        tried=shown_call("matches", pattern, routing_key),
        expected=dict(_CASES)[pattern, routing_key],
        got=_("it calls itself without end"),
        mistake="never-empty",
        case=(pattern, routing_key),
    )


def crosses_dots(pattern: str, routing_key: str) -> bool:
    return fnmatch.fnmatch(routing_key, pattern.replace("#", "*"))


def hash_needs_one(pattern: str, routing_key: str) -> bool:
    words = [{"*": "[^.]+", "#": ".+"}.get(word, re.escape(word)) for word in pattern.split(".")]
    return re.fullmatch(r"\.".join(words), routing_key) is not None


def hash_is_the_end(pattern: str, routing_key: str) -> bool:
    wanted, words = pattern.split("."), routing_key.split(".")
    for place, word in enumerate(wanted):
        if word == "#":
            return True
        if place >= len(words) or word not in ("*", words[place]):
            return False
    return len(wanted) == len(words)


def hash_leaves_one(pattern: str, routing_key: str) -> bool:
    def fits(wanted: list[str], words: list[str]) -> bool:
        if not wanted:
            return not words
        if wanted[0] == "#":
            return any(fits(wanted[1:], words[taken:]) for taken in range(len(words)))
        return bool(words) and wanted[0] in ("*", words[0]) and fits(wanted[1:], words[1:])

    return fits(pattern.split("."), routing_key.split("."))


def hash_only_last(pattern: str, routing_key: str) -> bool:
    wanted, words = pattern.split("."), routing_key.split(".")
    if wanted[-1] == "#":
        wanted, words = wanted[:-1], words[: len(wanted) - 1]
    return len(wanted) == len(words) and all(w in ("*", word) for w, word in zip(wanted, words, strict=True))


def shortest_wins(pattern: str, routing_key: str) -> bool:
    for wanted, word in zip(pattern.split("."), routing_key.split("."), strict=False):
        if wanted == "#":
            return True
        if wanted not in ("*", word):
            return False
    return True


def plain_start(pattern: str, routing_key: str) -> bool:
    if "#" in pattern or "*" in pattern:
        start = re.split(r"[#*]", pattern)[0].rstrip(".")
        return routing_key.startswith(start)
    return pattern == routing_key


_SLIPS = {
    slip.__name__: slip
    for slip in (
        plain_start,
        crosses_dots,
        hash_needs_one,
        hash_is_the_end,
        hash_leaves_one,
        hash_only_last,
        shortest_wins,
    )
}


def _code(slip: Callable[..., bool]) -> str:
    return "import fnmatch, re\n" + inspect.getsource(slip).replace(f"def {slip.__name__}(", "def matches(")


_NEVER_EMPTY = """
def matches(pattern, routing_key):
    wanted, words = pattern.split("."), routing_key.split(".")
    if not wanted:
        return not words
    if wanted[0] in ("*", words[0]):
        return matches(".".join(wanted[1:]), ".".join(words[1:]))
    return False
"""

EXERCISE = Exercise(
    id="2.3",
    name="matches",
    title=mark("Which queue gets it"),
    minutes=9,
    difficulty=3,
    reference="workshop_lib.events.topics:matches",
    check=check_matches,
    hints=(
        mark("Without #, both have the same number of words. What does # change: how many words can it stand for?"),
        mark(
            "Compare word by word: `first, *rest = pattern_words`. If `first` is #, it stands for no word "
            "(try `rest` here), or it takes one word and stays for more."
        ),
        mark(
            'A helper fits(pattern_words, words): an empty pattern fits no words only. At "#": fits(rest, words) or '
            '(words and fits(pattern_words, words[1:])). Else the first must be "*" or the same word.'
        ),
    ),
    mistakes=(
        Mistake(
            "crosses-dots",
            _code(crosses_dots),
            mark(
                "Your * takes several words: data.* also got data.ingested.es. In a shell * goes over dots; on a bus a "
                "dot ends a word, and * is exactly one. A queue would get events that its handler has never seen."
            ),
        ),
        Mistake(
            "hash-needs-one",
            _code(hash_needs_one),
            mark(
                "Your # wants at least one word, but it also stands for none: data.# must take data. An event at the "
                "very top of a branch would be missed, and only that one."
            ),
        ),
        Mistake(
            "hash-is-the-end",
            _code(hash_is_the_end),
            mark(
                "At # you say yes and look no further: #.failed then takes training.failed.again, and indeed "
                "everything. What stands behind the # has to match too."
            ),
        ),
        Mistake(
            "hash-leaves-one",
            _code(hash_leaves_one),
            mark(
                "Your # may take some of the words, but never all that are left: # alone must take everything. An "
                "audit bound to # would hear nothing. `range(len(words))` stops one short."
            ),
        ),
        Mistake(
            "never-empty",
            _NEVER_EMPTY,
            mark(
                'The rest never gets empty: `"".split(".")` is a list with one empty word in it, not an empty list. '
                "Hand on the lists of words, in a helper that takes two lists."
            ),
        ),
        Mistake(
            "hash-only-last",
            _code(hash_only_last),
            mark(
                "A # at the end works; at the start or in the middle it is read as a plain word. #.failed is how an "
                "alarm listens to all that fails, and it would hear nothing."
            ),
        ),
        Mistake(
            "shortest-wins",
            _code(shortest_wins),
            mark(
                "zip stops at the shorter of the two, so what is left over is never compared: data.* took "
                "data.ingested.es. All words must be used up, on both sides."
            ),
        ),
        Mistake(
            "plain-start",
            _code(plain_start),
            mark(
                "You compare how the texts begin, not their words: data.# took database.full. Split both at the dots "
                "first."
            ),
        ),
    ),
)
