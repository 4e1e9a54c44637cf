"""A page in pieces that a model can embed, each with its exact place in the page.

The splitter is our own because a citation needs that place. LangChain's (langchain-text-splitters 1.1.3) strips its
chunks and then searches the text for them again, which goes wrong where words repeat: in 629 of 2,000 texts made of
four words. It overlaps by whole separators, so on the shelf, at 500 and 50, two neighbours of three share nothing; and
it does not know headings.

What holds for the chunks of a text, `size` and `overlap` being counted in characters:

- `text[chunk.start:chunk.end] == chunk.text`, which is at most `size` long and neither begins nor ends with
  whitespace.
- What lies between two chunks, before the first or after the last, is whitespace; all else is in a chunk.
- A chunk shares at most `overlap` characters with the one before. It begins with a whole sentence or a whole word,
  never reaches back over a heading, and shares less, or nothing, where what follows would not fit in otherwise.
- A sentence, or a line, of at most `size` characters is whole in a chunk. A longer one is cut between words; a longer
  word anywhere but within what is seen as one character (a letter and its accents, an emoji and its modifiers), unless
  `size` leaves no other place.

Where there is a choice, a chunk ends before a heading, else at the end of a paragraph, of a sentence, of a line, as
long as it is at least half full; and not right after a heading, which belongs to what follows it.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

from workshop_lib.datasets import Heading
from workshop_lib.i18n import _
from workshop_lib.rag.errors import InvalidChunking

_LINE = re.compile(r"[^\n]+")
# From the head of a run of stops only, and possessive: a million exclamation marks are read once.
_STOP = re.compile(r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s|$)|[。！？]++[」』”’）]*+""")
_WORD = re.compile(r"\S+")
_WORD_START = re.compile(r"(?<!\S)\S")
_VISIBLE = re.compile(r"\S")

_LONGEST_MARKER = 9
_LONGEST_FLAGS = 100
_ZERO_WIDTH_JOINER = "\u200d"
_MODIFIERS = frozenset(map(chr, [*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)]))
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


@dataclass(frozen=True)
class Chunk:
    """A piece of a text.

    Attributes:
        text: the piece as it stands in the text.
        start, end: its offsets in characters: `page[start:end] == text`.
        index, total: its place among the text's chunks, from 0, and their number.
        headings: those it stands under, outermost first, as of its first character.
    """

    text: str
    start: int
    end: int
    index: int
    total: int
    headings: tuple[str, ...] = ()


def split(text: str, *, size: int = 500, overlap: int = 50, headings: Sequence[Heading] = ()) -> list[Chunk]:
    """The chunks of `text`, in order, as this module's docstring describes them; none if it is all whitespace.

    Takes time proportional to the text's length for a given `size` and `overlap`; the same input gives the same
    chunks everywhere.

    Args:
        text: plain text.
        size: the most characters in a chunk. Models count tokens: English has about four characters to one.
        overlap: the most characters that a chunk shares with the one before.
        headings: the text's own, in order, as `Document.headings` are.

    Raises:
        InvalidChunking: a size below 1, an overlap below 0 or not below size, headings that are not this text's.
    """
    spans = chunk_spans(text, size, overlap, headings=headings)
    paths = _paths(headings, [start for start, _ in spans])
    return [
        Chunk(text[start:end], start, end, index, len(spans), path)
        for index, ((start, end), path) in enumerate(zip(spans, paths, strict=True))
    ]


def chunk_spans(
    text: str, size: int = 500, overlap: int = 50, *, headings: Sequence[Heading] = ()
) -> list[tuple[int, int]]:
    """Where the chunks that `split` would make begin and end, as offsets in characters.

    Raises:
        InvalidChunking: as `split`.
    """
    _check(text, size, overlap, headings)
    return list(_Splitter(text, size, overlap, headings))


def _check(text: str, size: int, overlap: int, headings: Sequence[Heading]) -> None:
    if not _is_whole(size) or size < 1:
        raise InvalidChunking(
            _("expected a chunk size of 1 character or more, usually 500; got {size!r}").format(size=size)
        )
    if not _is_whole(overlap) or not 0 <= overlap < size:
        expected = _(
            "expected an overlap from 0 to below the chunk size of {size}, usually a tenth of it; got {overlap!r}"
        )
        raise InvalidChunking(expected.format(size=size, overlap=overlap))
    before = -1
    for heading in headings:
        if heading.start <= before or not text.startswith(heading.text, heading.start):
            expected = _(
                "expected the text's own headings in order, got {text!r} at {start}, where the text has {found!r}. "
                "Offsets count in the text that is split, not its Markdown"
            )
            raise InvalidChunking(
                expected.format(text=heading.text, start=heading.start, found=text[max(0, heading.start) :][:40])
            )
        before = heading.start


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def _paths(headings: Sequence[Heading], starts: Sequence[int]) -> Iterator[tuple[str, ...]]:
    path: list[Heading] = []
    following = iter([*headings, None])
    heading = next(following)
    for start in starts:
        while heading is not None and heading.start <= start:
            path = [*(above for above in path if above.level < heading.level), heading]
            heading = next(following)
        yield tuple(above.text for above in path)


class _Cut(IntEnum):
    """How good it is to end one chunk before a unit and begin the next with it."""

    AFTER_HEADING = 0
    LINE = 1
    SENTENCE = 2
    PARAGRAPH = 3
    HEADING = 4


class _Unit(NamedTuple):
    """A sentence, or what else stands in a line: never cut if a chunk can hold it. Neither end is whitespace."""

    start: int
    end: int
    cut: _Cut


class _Splitter:
    """The spans of a text's chunks: each as full as good cuts allow, then the next."""

    def __init__(self, text: str, size: int, overlap: int, headings: Sequence[Heading]) -> None:
        self._text = text
        self._size = size
        self._overlap = overlap
        self._headings = [heading.start for heading in headings]
        self._units = list(_units(text, headings))

    def __iter__(self) -> Iterator[tuple[int, int]]:
        units = self._units
        if not units:
            return
        # The first unit that is not wholly in a chunk yet, and the place from which it is in none.
        unit, fresh = 0, units[0].start
        start = fresh
        while (beyond := bisect_right(units, start + self._size, unit, key=attrgetter("end"))) < len(units):
            end = self._end(start, unit, fresh, beyond)
            yield start, end
            unit = bisect_right(units, end, unit, key=attrgetter("end"))
            fresh = self._visible(end)
            start = self._start(start, end, unit, fresh)
        yield start, units[-1].end

    def _end(self, start: int, unit: int, fresh: int, beyond: int) -> int:
        """Where the chunk from `start` ends; `beyond` is the first unit that does not fit in."""
        units = self._units
        whole = [index for index in range(unit, beyond) if units[index + 1].cut > _Cut.AFTER_HEADING]
        if full := [index for index in whole if units[index].end - start >= self._size // 2]:
            return units[max(full, key=lambda index: (units[index + 1].cut, index))].end
        # What can't stay whole anyway may as well fill this chunk.
        if self._is_long(units[beyond]) and (inside := self._inside(start, fresh, units[beyond])) is not None:
            return inside
        return units[whole[-1] if whole else beyond - 1].end

    def _inside(self, start: int, fresh: int, unit: _Unit) -> int | None:
        """Where the chunk from `start` cuts `unit`, which no chunk can hold; None if nothing of it fits in well."""
        text, begin, limit = self._text, max(fresh, unit.start), start + self._size
        if begin >= limit:
            return None
        piece = text[begin:limit]
        if text[limit - 1].isspace() or text[limit].isspace():
            return begin + len(piece.rstrip())
        *words, rest = piece.rsplit(None, 1)
        word = limit - len(rest)
        end = begin + len(words[0]) if words else None
        if self._word_end(word, unit) is not None or (end is not None and end - start >= self._size // 2):
            return end
        return next((cut for cut in range(limit, word, -1) if not _joined(text, cut)), limit if end is None else end)

    def _start(self, start: int, end: int, unit: int, fresh: int) -> int:
        """Where the chunk after `start` to `end` begins, given the first unit and the first place that it must hold."""
        text, units = self._text, self._units
        floor = max(start + 1, end - self._overlap, self._needed(fresh, units[unit]) - self._size)
        if above := bisect_right(self._headings, fresh):
            floor = max(floor, self._headings[above - 1])
        if floor >= end:
            return fresh
        sentence = bisect_left(units, floor, key=attrgetter("start"))
        if sentence < len(units) and units[sentence].start < end:
            return units[sentence].start
        if word := _WORD_START.search(text, floor, end):
            return word.start()
        # Only a word that was cut is worth repeating in part.
        if fresh > end or fresh == units[unit].start:
            return fresh
        return next((place for place in range(floor, end) if not _joined(text, place)), fresh)

    def _needed(self, fresh: int, unit: _Unit) -> int:
        """How far the chunk that holds `fresh` must reach, so that nothing is cut that a chunk can hold."""
        if fresh == unit.start and not self._is_long(unit):
            return unit.end
        if (word_end := self._word_end(fresh, unit)) is not None:
            return word_end
        limit = min(unit.end, fresh + self._size)
        return next((cut for cut in range(fresh + 1, limit) if not _joined(self._text, cut)), limit)

    def _is_long(self, unit: _Unit) -> bool:
        return unit.end - unit.start > self._size

    def _word_end(self, place: int, unit: _Unit) -> int | None:
        """The end of the word that begins at `place`; None if it began before, or if no chunk can hold it."""
        if place > unit.start and not self._text[place - 1].isspace():
            return None
        word = _WORD.match(self._text, place, min(unit.end, place + self._size + 1))
        return word.end() if word and word.end() - place <= self._size else None

    def _visible(self, place: int) -> int:
        """The first place from `place` on that is no whitespace."""
        found = _VISIBLE.search(self._text, place)
        return found.start() if found else len(self._text)


def _units(text: str, headings: Sequence[Heading]) -> Iterator[_Unit]:
    heading_ends = {heading.start: heading.start + len(heading.text) for heading in headings}
    previous = heading_end = 0
    in_heading = ends_sentence = False
    for start, end, stop in sentences(text):
        if in_heading:
            cut = _Cut.AFTER_HEADING
        elif start in heading_ends:
            cut = _Cut.HEADING
        elif text.count("\n", previous, start) > 1:
            cut = _Cut.PARAGRAPH
        else:
            cut = _Cut.SENTENCE if ends_sentence else _Cut.LINE
        yield _Unit(start, end, cut)
        heading_end = heading_ends.get(start, heading_end)
        previous, in_heading, ends_sentence = end, start < heading_end, stop


def sentences(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end, and whether it ends with a stop: each sentence, and what else stands in a line."""
    for line in _LINE.finditer(text):
        begin = _VISIBLE.search(text, line.start(), line.end())
        for stop in _STOP.finditer(text, line.start(), line.end()):
            if begin is None:
                break
            start = begin.start()
            following = _VISIBLE.search(text, stop.end(), line.end())
            if following and (following[0].islower() or _is_list_marker(text[start : stop.start()])):
                continue
            yield start, stop.end(), True
            begin = following
        if begin is not None:
            start = begin.start()
            yield start, start + len(text[start : line.end()].rstrip()), False


def _is_list_marker(before_stop: str) -> bool:
    return len(before_stop) <= _LONGEST_MARKER and before_stop.isdigit()


def _joined(text: str, place: int) -> bool:
    """Whether what is seen as one character stands on both sides of `place`, as far as Unicode's categories tell."""
    before, after = text[place - 1], text[place]
    if _ZERO_WIDTH_JOINER in (before, after) or after in _MODIFIERS or unicodedata.category(after).startswith("M"):
        return True
    if before in _FLAG_LETTERS and after in _FLAG_LETTERS:
        # Two letters make a flag, so an odd number before means that the next one belongs to the last.
        letters = text[max(0, place - _LONGEST_FLAGS) : place]
        return (len(letters) - len(letters.rstrip(_FLAG_LETTERS))) % 2 == 1
    return False
