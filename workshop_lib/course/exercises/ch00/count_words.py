"""0.1: how a TODO works, on the length of a page."""

from collections.abc import Callable

from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.trying import expect_each
from workshop_lib.i18n import mark


def check_count_words(count_words: Callable[[str], int]) -> None:
    """Words between any white space, repeats counted, none in an empty text."""
    cases = [
        ("to be or not to be", 6),
        ("", 0),
        ("don't stop: it's well-known", 4),
        ("two\nlines here", 3),
        ("a  gap", 2),
        (" edges \t", 1),
        ("tea tea tea", 3),
    ]
    slips: dict[str, Callable[[str], int]] = {
        "characters": len,
        "single-space": lambda text: len(text.split(" ")),
        "lines": lambda text: len(text.splitlines()),
        "distinct": lambda text: len(set(text.split())),
    }
    expect_each(count_words, cases, mistakes=slips)


EXERCISE = Exercise(
    id="0.1",
    name="count_words",
    title=mark("Count the words of a page"),
    minutes=4,
    difficulty=1,
    reference="workshop_lib.platform.shelf:count_words",
    check=check_count_words,
    hints=(
        mark("What stands between two words? Is it always exactly one space?"),
        mark("A string has a method that cuts it at any run of white space. Call it with no argument, and count."),
    ),
    mistakes=(
        Mistake(
            "characters",
            "def count_words(text): return len(text)",
            mark(
                "That is the number of characters. len() of a string counts letters and spaces; "
                "cut the text into words first, then count those."
            ),
        ),
        Mistake(
            "single-space",
            "def count_words(text): return len(text.split(' '))",
            mark(
                "Cut at each single space, two spaces in a row leave an empty word between them, a line break is not "
                "seen at all, and an empty text has one word. Real pages have all three. "
                "What does split() do with no argument?"
            ),
        ),
        Mistake(
            "lines",
            "def count_words(text): return len(text.splitlines())",
            mark("That is the number of lines. A line can hold many words."),
        ),
        Mistake(
            "distinct",
            "def count_words(text): return len(set(text.split()))",
            mark(
                "A set keeps each word once, so 'to be or not to be' has four. "
                "That is the size of the vocabulary; the length of a page counts every repeat."
            ),
        ),
    ),
)
