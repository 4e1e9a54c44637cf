import time
import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workshop_lib.datasets import Heading, load
from workshop_lib.rag import Chunk, InvalidChunking, split

ALPHABET = "aB1.!?。\"')- \t\xa0\u2028éñ漢\u0301\u200d👩🏽🇪🇸"
PIECES = st.one_of(
    st.text(ALPHABET, max_size=12),
    st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\r\n", ". ", "A sentence. ", "word " * 9, "x" * 40, " " * 30, "1. "]),
    st.text(max_size=8),
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)
SIZES = st.integers(1, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@st.composite
def sectioned(draw: st.DrawFn) -> tuple[str, list[Heading]]:
    text, headings = "", []
    for body in draw(st.lists(TEXTS, max_size=5)):
        title = draw(st.text("Abc é", min_size=1, max_size=20).filter(str.strip)).strip()
        headings.append(Heading(draw(st.integers(1, 6)), title, len(text)))
        text += f"{title}\n\n{body}\n\n"
    return text, headings


@given(TEXTS, SIZES)
def test_every_chunk_is_the_text_at_its_offsets_and_fits(text: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    chunks = split(text, size=size, overlap=overlap)
    for index, chunk in enumerate(chunks):
        assert text[chunk.start : chunk.end] == chunk.text == chunk.text.strip()
        assert 0 < len(chunk.text) <= size
        assert (chunk.index, chunk.total) == (index, len(chunks))


@given(TEXTS, SIZES)
def test_nothing_is_lost_but_whitespace(text: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    covered = 0
    for chunk in split(text, size=size, overlap=overlap):
        assert not text[covered : chunk.start].strip()
        covered = chunk.end
    assert not text[covered:].strip()


@given(TEXTS, SIZES)
def test_nothing_is_repeated_beyond_the_overlap(text: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    for before, after in pairwise(split(text, size=size, overlap=overlap)):
        assert before.start < after.start
        assert before.end < after.end
        assert before.end - after.start <= overlap


@given(TEXTS, SIZES)
def test_a_word_that_fits_is_never_cut(text: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    for chunk in split(text, size=size, overlap=overlap):
        for cut in (chunk.start, chunk.end):
            start, end = cut, cut
            while start and not text[start - 1].isspace():
                start -= 1
            while end < len(text) and not text[end].isspace():
                end += 1
            # A sentence of Chinese or Japanese ends without a space.
            stopped = start < cut < end and (text[cut - 1] in "。！？」』”’）" or end - start > size)
            assert cut in (start, end) or stopped


WORDS = st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=12).map(" ".join)
SENTENCES = st.lists(WORDS.map(lambda words: words.capitalize() + "."), min_size=1, max_size=12)


@given(SENTENCES, st.sampled_from([" ", "\n", "\r\n", "\n\n"]), SIZES)
@example(["Aaaaaaaaa.", "B " * 20 + "b."], " ", (45, 40))
def test_a_sentence_that_fits_is_never_cut(sentences: list[str], between: str, sizes: tuple[int, int]) -> None:
    size, overlap = sizes
    text = between.join(sentences)
    chunks = split(text, size=size, overlap=overlap)
    place = 0
    for sentence in sentences:
        start = text.index(sentence, place)
        place = start + len(sentence)
        if len(sentence) <= size:
            assert any(chunk.start <= start and place <= chunk.end for chunk in chunks), sentence


@given(st.text("ae\u0301\u0308👩🏽\u200d🚀\ufe0f", min_size=1, max_size=80), st.integers(12, 30), st.integers(0, 11))
def test_what_is_seen_as_one_character_stays_whole(text: str, size: int, overlap: int) -> None:
    clusters = [0]
    for place in range(1, len(text)):
        joined = "\u200d" in text[place - 1 : place + 1] or text[place] == "🏽"
        if not joined and not unicodedata.category(text[place]).startswith("M"):
            clusters.append(place)
    clusters.append(len(text))
    longest = max(end - start for start, end in pairwise(clusters))
    if longest <= size:
        for chunk in split(text, size=size, overlap=overlap):
            assert {chunk.start, chunk.end} <= set(clusters)


def test_flags_stay_whole() -> None:
    assert {chunk.text for chunk in split("🇪🇸" * 20, size=5, overlap=1)} == {"🇪🇸🇪🇸"}


@given(sectioned(), SIZES)
def test_headings_are_those_above_its_first_character(page: tuple[str, list[Heading]], sizes: tuple[int, int]) -> None:
    text, headings = page
    for chunk in split(text, size=sizes[0], overlap=sizes[1], headings=headings):
        above = [heading for heading in headings if heading.start <= chunk.start]
        path: list[str] = []
        lowest = 7
        for heading in reversed(above):
            if heading.level < lowest:
                path.insert(0, heading.text)
                lowest = heading.level
        assert chunk.headings == tuple(path)


@given(sectioned(), SIZES)
def test_an_overlap_never_reaches_back_over_a_heading(page: tuple[str, list[Heading]], sizes: tuple[int, int]) -> None:
    text, headings = page
    starts = {heading.start for heading in headings}
    for before, after in pairwise(split(text, size=sizes[0], overlap=sizes[1], headings=headings)):
        fresh = next(place for place in range(before.end, after.end) if not text[place].isspace())
        assert not starts & set(range(after.start + 1, fresh + 1))


@given(sectioned(), SIZES)
def test_headings_lose_nothing(page: tuple[str, list[Heading]], sizes: tuple[int, int]) -> None:
    text, headings = page
    chunks = split(text, size=sizes[0], overlap=sizes[1], headings=headings)
    assert chunks == split(text, size=sizes[0], overlap=sizes[1], headings=headings)
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert all(text[place].isspace() for place in set(range(len(text))) - covered)
    assert all(len(chunk.text) <= sizes[0] for chunk in chunks)


def texts(text: str, size: int, overlap: int = 0, headings: list[Heading] | None = None) -> list[str]:
    return [chunk.text for chunk in split(text, size=size, overlap=overlap, headings=headings or ())]


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t\u2028\xa0", " " * 5000])
def test_whitespace_has_no_chunks(text: str) -> None:
    assert split(text) == []


def test_a_short_text_is_one_chunk_without_the_space_around_it() -> None:
    assert split("\n  One.\nTwo. \n") == [Chunk("One.\nTwo.", 3, 12, 0, 1)]


@pytest.mark.parametrize(
    ("text", "size", "chunks"),
    [
        ("One two three.\n\nFour. Five six.", 24, ["One two three.", "Four. Five six."]),
        ("One two. Three four. Five six.", 24, ["One two. Three four.", "Five six."]),
        ("- one\n- two\n- three", 12, ["- one\n- two", "- three"]),
        ("a b c d e f", 5, ["a b c", "d e f"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("ab cd", 2, ["ab", "cd"]),
        ("See 1.2. Then see e.g. this one.", 24, ["See 1.2.", "Then see e.g. this one."]),
        ("1. First thing here", 16, ["1. First thing", "here"]),
        ('He said "Stop!" Then he left.', 20, ['He said "Stop!"', "Then he left."]),
        ("漢字の文。もう一つ。", 6, ["漢字の文。", "もう一つ。"]),
        ("One.\r\n\r\nTwo.", 6, ["One.", "Two."]),
        ("x" + " " * 100 + "y", 10, ["x", "y"]),
    ],
)
def test_where_it_cuts(text: str, size: int, chunks: list[str]) -> None:
    assert texts(text, size) == chunks


def test_a_paragraph_end_is_better_than_a_fuller_chunk_but_not_than_a_half_empty_one() -> None:
    assert texts("a" * 12 + ".\n\nBb. Cc. Dd.", 24) == ["a" * 12 + ".", "Bb. Cc. Dd."]
    assert texts("aaa.\n\nBb bb bb bb. Cc cc cc cc.", 24) == ["aaa.\n\nBb bb bb bb.", "Cc cc cc cc."]


def test_the_overlap_is_a_whole_sentence_or_whole_words() -> None:
    assert texts("One two three. Four. Five six seven.", 21, 8) == ["One two three. Four.", "Four. Five six seven."]
    assert texts("One two three four five six", 14, 6) == ["One two three", "three four", "four five six"]


def test_a_cut_word_overlaps_by_characters() -> None:
    assert texts("abcdefghij", 4, 2) == ["abcd", "cdef", "efgh", "ghij"]


def test_the_overlap_gives_way_to_a_sentence_that_only_fits_alone() -> None:
    assert texts("One two. Three four five six.", 20, 8) == ["One two.", "Three four five six."]


def test_a_heading_stays_with_its_text() -> None:
    text = "Top\n\nSome words here.\n\nNext\n\nMore words there."
    headings = [Heading(1, "Top", 0), Heading(2, "Next", 23)]
    chunks = split(text, size=28, overlap=10, headings=headings)
    assert [chunk.text for chunk in chunks] == ["Top\n\nSome words here.", "Next\n\nMore words there."]
    assert [chunk.headings for chunk in chunks] == [("Top",), ("Top", "Next")]


def test_a_heading_before_a_sentence_too_long_for_any_chunk_stays_with_its_beginning() -> None:
    text = "Top\n\n" + "word " * 20
    assert texts(text, 30, headings=[Heading(1, "Top", 0)])[0] == "Top\n\nword word word word word"


@pytest.mark.parametrize(
    ("size", "overlap"),
    [(0, 0), (-1, 0), (10, 10), (10, 11), (10, -1), (5.5, 0), ("9", 0), (True, 0), (10, 1.5), (10, None)],
)
def test_sizes_that_split_nothing_are_refused(size: Any, overlap: Any) -> None:
    with pytest.raises(InvalidChunking, match="expected"):
        split("text", size=size, overlap=overlap)


@pytest.mark.parametrize(
    "headings",
    [[Heading(1, "Other", 0)], [Heading(1, "b", 2), Heading(1, "a", 0)], [Heading(1, "a", -3)], [Heading(1, "a", 9)]],
)
def test_headings_of_another_text_are_refused(headings: list[Heading]) -> None:
    with pytest.raises(InvalidChunking, match="headings in order"):
        split("a b", headings=headings)


def test_the_whole_shelf_in_well_under_a_second() -> None:
    pages = list(load("documents"))
    started = time.process_time()
    chunks = [split(page.text, headings=page.headings) for page in pages]
    assert time.process_time() - started < 1
    assert all(chunks)
    assert max(len(chunk.text) for of_page in chunks for chunk in of_page) <= 500


@pytest.mark.parametrize(
    "unit",
    ["x", "!", " ", "\n", ". ", ".)", " x", "🇪", "a\u0301", "\u0301", "1", "1. a", "。", "x\n\n", "Ab. \n", "\u200d"],
)
@pytest.mark.parametrize("end", ["", "x"])
def test_hostile_text_takes_time_by_its_length_only(unit: str, end: str) -> None:
    text = unit * 100_000 + end
    started = time.process_time()
    split(text, size=500, overlap=250)
    assert time.process_time() - started < 5
