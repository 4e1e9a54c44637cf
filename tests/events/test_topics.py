import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_lib.events import InvalidTopic, matches
from workshop_lib.events.topics import check_pattern, check_routing_key

WORDS = ("a", "b", "cc")
KEYS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(".".join)
PATTERNS = st.lists(st.sampled_from((*WORDS, "*", "#", "#")), min_size=1, max_size=6).map(".".join)


def oracle(pattern: list[str], key: list[str]) -> bool:
    """The definition, word by word, however long it takes."""
    if not pattern:
        return not key
    if pattern[0] == "#":
        return any(oracle(pattern[1:], key[skipped:]) for skipped in range(len(key) + 1))
    return bool(key) and pattern[0] in ("*", key[0]) and oracle(pattern[1:], key[1:])


@given(PATTERNS, KEYS)
def test_it_matches_as_defined(pattern: str, key: str) -> None:
    assert matches(pattern, key) == oracle(pattern.split("."), key.split("."))


@pytest.mark.parametrize(
    ("pattern", "key", "expected"),
    [
        ("data.ingested", "data.ingested", True),
        ("data.ingested", "data.validated", False),
        ("data.*", "data.ingested", True),
        ("data.*", "data", False),
        ("data.*", "data.ingested.eu", False),
        ("data.#", "data", True),
        ("data.#", "data.ingested.eu", True),
        ("data.#", "database.ingested", False),
        ("#", "anything.at.all", True),
        ("*", "anything.at.all", False),
        ("#.failed", "failed", True),
        ("#.failed.#", "training.failed.again", True),
        ("*.#", "a", True),
        ("#.*.#", "a", True),
        ("*.*.#", "a", False),
        ("a.b", "a", False),
        ("a.c", "a-c", False),
    ],
)
def test_examples(pattern: str, key: str, expected: bool) -> None:
    assert matches(pattern, key) is expected


def test_many_hashes_are_no_trouble() -> None:
    assert not matches(".".join(["#", "a"] * 60), ".".join("a" * 50 + "b"))


@pytest.mark.parametrize("topic", ["", ".", "a.", ".a", "a..b", "a" * 256, "é" * 128])
def test_neither_takes_empty_words_or_too_many_bytes(topic: str) -> None:
    with pytest.raises(InvalidTopic):
        check_pattern(topic)
    with pytest.raises(InvalidTopic):
        check_routing_key(topic)


def test_255_bytes_are_taken() -> None:
    assert matches("#", "a" * 255)


@pytest.mark.parametrize("pattern", ["data*", "*data.x", "a.#b", "**", "##", "*#"])
def test_a_wildcard_is_a_whole_word(pattern: str) -> None:
    with pytest.raises(InvalidTopic, match="whole word"):
        check_pattern(pattern)


@pytest.mark.parametrize("key", ["data.*", "#", "a*"])
def test_a_routing_key_has_no_wildcard(key: str) -> None:
    with pytest.raises(InvalidTopic, match="without wildcards"):
        matches("#", key)
