"""6.1: a page in pieces that overlap, with their places."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown_call
from workshop_lib.i18n import _, mark

Spans = Sequence[tuple[int, int]]

# Short words in one line: whoever cuts at words or sentences has a place to cut everywhere.
_WORDS = " ".join(f"w{number:02}" for number in range(20))
_PAGE = "Cut a page here. Or there.\n\nA heading\n\nIt says: a chunk is found whole, or not at all."
_CASES = [
    (_WORDS, 20, 8),
    (_WORDS, 20, 0),
    (_WORDS, 30, 24),
    (_PAGE, 30, 10),
    ("short", 20, 8),
    ("exactly 20 letters..", 20, 8),
    ("one more than 20 chars", 20, 8),
    ("", 20, 8),
]


def check_chunk_spans(chunk_spans: Callable[[str, int, int], Iterable[tuple[int, int]]]) -> None:
    """Nothing longer than size, nothing lost, nothing shared beyond the overlap, each with something new."""
    for text, size, overlap in _CASES:
        spans = _spans(chunk_spans, text, size, overlap)
        _check_each(spans, text, size, overlap)
        _check_neighbours(spans, text, size, overlap)
        _check_nothing_lost(spans, text, size, overlap)
        _check_full(spans, text, size, overlap)
    _check_shares(_spans(chunk_spans, _WORDS, 20, 8), 20, 8)


def _spans(subject: Callable[..., Any], text: str, size: int, overlap: int) -> Spans:
    got = call(subject, text, size, overlap)
    try:
        spans = [(int(start), int(end)) for start, end in got]
    except (TypeError, ValueError):
        raise _wrong(text, size, overlap, _("a list of pairs (start, end)"), got) from None
    return spans


def _check_each(spans: Spans, text: str, size: int, overlap: int) -> None:
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            expected = _("0 <= start < end <= {length}, the length of the text").format(length=len(text))
            mistake = "empty-chunk" if start >= end else "past-the-end" if end > len(text) else None
            raise _wrong(text, size, overlap, expected, (start, end), mistake)
        if end - start > size:
            expected = _("chunks of at most {size} characters").format(size=size)
            got = _("{span}, which has {length}").format(span=(start, end), length=end - start)
            raise _wrong(text, size, overlap, expected, got, "too-long")


def _check_neighbours(spans: Spans, text: str, size: int, overlap: int) -> None:
    for before, after in pairwise(spans):
        pair = _("{before}, then {after}").format(before=before, after=after)
        if before[1] - after[0] > overlap:
            expected = _("neighbours that share at most {overlap} characters").format(overlap=overlap)
            mistake = "steps-by-overlap" if after[0] - before[0] == overlap else None
            raise _wrong(text, size, overlap, expected, pair, mistake)
        if after[0] <= before[0] or after[1] <= before[1]:
            expected = _("a chunk that brings something new")
            raise _wrong(text, size, overlap, expected, pair, "nothing-new")


def _check_full(spans: Spans, text: str, size: int, overlap: int) -> None:
    """Two neighbours that one chunk could hold should be one."""
    for before, after in pairwise(spans):
        if after[1] - before[0] <= size:
            expected = _("chunks as long as {size} characters allow").format(size=size)
            got = _("{before}, then {after}").format(before=before, after=after)
            raise _wrong(text, size, overlap, expected, got)


def _check_nothing_lost(spans: Spans, text: str, size: int, overlap: int) -> None:
    lost = sorted(set(range(len(text))) - {place for start, end in spans for place in range(start, end)})
    if visible := [place for place in lost if not text[place].isspace()]:
        expected = _("every character in a chunk, white space apart")
        got = _("{letter!r} at {place} is in none").format(letter=text[visible[0]], place=visible[0])
        raise _wrong(text, size, overlap, expected, got, "loses-the-end" if visible[-1] == len(text) - 1 else None)


def _check_shares(spans: Spans, size: int, overlap: int) -> None:
    for before, after in pairwise(spans):
        if before[1] - after[0] < 1:
            expected = _("neighbours that share something, at most {overlap} characters").format(overlap=overlap)
            got = _("{before}, then {after}").format(before=before, after=after)
            raise _wrong(_WORDS, size, overlap, expected, got, "no-overlap")


def _wrong(text: str, size: int, overlap: int, expected: str, got: object, mistake: str | None = None) -> Incorrect:
    return Incorrect(
        tried=shown_call("chunk_spans", text, size, overlap),
        expected=expected,
        got=got,
        mistake=mistake,
        case=(text, size, overlap),
    )


def _windows(starts: str, end: str = "start + size") -> str:
    return f"""
def chunk_spans(text, size, overlap):
    return [(start, min({end}, len(text))) for start in {starts}]
"""


EXERCISE = Exercise(
    id="6.1",
    name="chunk_spans",
    title=mark("Cut a page into chunks that overlap"),
    minutes=6,
    difficulty=1,
    reference="workshop_lib.rag.chunking:chunk_spans",
    check=check_chunk_spans,
    hints=(
        mark("If a chunk ends at 500 and the next shares 50 characters with it, where does the next one begin?"),
        mark("From one start to the next it is size - overlap. From which start on is there nothing new to say?"),
        mark(
            "range(0, len(text), size - overlap) gives the starts. Leave out those after 0 whose first `overlap` "
            "characters already reach the end of the text: everything in them stands in the chunk before."
        ),
    ),
    mistakes=(
        Mistake(
            "no-overlap",
            _windows("range(0, len(text), size)"),
            mark(
                "Each chunk begins where the last one ended. A sentence that lies across that place is whole in "
                "neither, and the question that it answers finds half of it. Begin the next chunk a little earlier."
            ),
        ),
        Mistake(
            "nothing-new",
            _windows("range(0, len(text), size - overlap)"),
            mark(
                "The last chunk lies wholly inside the one before. It costs a vector, and when the page is found it "
                "takes a place among the first five that another page should have had. When is there nothing left to "
                "say?"
            ),
        ),
        Mistake(
            "loses-the-end",
            _windows("range(0, len(text) - size, size - overlap)"),
            mark(
                "The end of the text is in no chunk, so no question finds it; and a short text has no chunk at all. "
                "The last chunk may be shorter than the others."
            ),
        ),
        Mistake(
            "too-long",
            _windows(
                "[0, *range(size - overlap, len(text) - overlap, size - overlap)][: len(text)]",
                "start + size + overlap",
            ),
            mark(
                "The overlap was added on top of the size. A model reads up to its window and ignores the rest in "
                "silence: the size must be the most that a chunk has, what it shares included."
            ),
        ),
        Mistake(
            "past-the-end",
            """
def chunk_spans(text, size, overlap):
    return [(start, start + size) for start in range(0, len(text), size - overlap)]
""",
            mark(
                "A chunk is said to end after the text does. A slice forgives that, so it shows nowhere here, but a "
                "citation would mark what isn't there. Compare the last pair with the text's length."
            ),
        ),
        Mistake(
            "steps-by-overlap",
            _windows("range(0, max(len(text) - size, 0) + 1, overlap or size)"),
            mark(
                "The starts are `overlap` apart, so neighbours share nearly everything: the index grows tenfold, and "
                "the first five results are one paragraph. The step is what is new in each chunk."
            ),
        ),
        Mistake(
            "empty-chunk",
            """
def chunk_spans(text, size, overlap):
    spans, start = [], 0
    while not spans or spans[-1][1] < len(text):
        spans.append((start, min(start + size, len(text))))
        start += size - overlap
    return spans
""",
            mark("An empty text has no chunk. An embedder refuses an empty one, and the whole batch with it."),
        ),
    ),
)
