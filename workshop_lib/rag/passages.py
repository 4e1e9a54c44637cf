"""What was found, as a reader wants it: overlapping results of a document are one passage, and no text comes twice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workshop_lib.rag.results import Result


@dataclass(frozen=True)
class Passage:
    """A piece of one document.

    Attributes:
        text: the piece as it stands in the document.
        results: those that it is made of, the most relevant first; mostly one.
        start, end: its offsets in the document, in characters; None where the results don't tell theirs.
    """

    text: str
    results: tuple[Result, ...]
    start: int | None = None
    end: int | None = None

    @property
    def document_id(self) -> str:
        """The document that it is from."""
        return self.results[0].document_id

    @property
    def headings(self) -> str:
        """Those that its beginning stands under, as the index keeps them; empty where there are none."""
        first = min(self.results, key=lambda result: _span(result) or (0, 0))
        return str(first.metadata.get("headings", ""))


def merged(results: Iterable[Result]) -> list[Passage]:
    """The passages of the results, in the order of the most relevant result in each.

    Two results become one passage where their offsets overlap and say the same; results that merely touch, or differ
    in what they share, stay apart.
    """
    results = tuple(results)
    # By object: two results of one chunk are equal, and a result may be given twice.
    rank = {id(result): place for place, result in reversed(list(enumerate(results)))}
    by_document: dict[str, list[Passage]] = defaultdict(list)
    for result in results:
        by_document[result.document_id].append(Passage(result.content, (result,), *(_span(result) or (None, None))))
    passages = [passage for pieces in by_document.values() for passage in _joined(pieces)]
    ordered = [
        replace(passage, results=tuple(sorted(passage.results, key=lambda result: rank[id(result)])))
        for passage in passages
    ]
    return sorted(ordered, key=lambda passage: rank[id(passage.results[0])])


def _joined(pieces: Sequence[Passage]) -> list[Passage]:
    placed = sorted((piece for piece in pieces if piece.start is not None), key=lambda piece: piece.start or 0)
    joined = [piece for piece in pieces if piece.start is None]
    before: Passage | None = None
    for piece in placed:
        if before and (both := _join(before, piece)):
            joined[-1] = before = both
        else:
            joined.append(before := piece)
    return joined


def _join(one: Passage, other: Passage) -> Passage | None:
    """`one` and `other`, which doesn't begin before it; None where they share nothing."""
    if one.start is None or one.end is None or other.start is None or other.end is None or other.start >= one.end:
        return None
    shared, rest = one.text[other.start - one.start :], max(0, one.end - other.start)
    if not (shared.startswith(other.text) or shared == other.text[:rest]):
        return None
    return Passage(one.text + other.text[rest:], (*one.results, *other.results), one.start, max(one.end, other.end))


def _span(result: Result) -> tuple[int, int] | None:
    start, end = result.metadata.get("start"), result.metadata.get("end")
    if isinstance(start, int) and isinstance(end, int) and end - start == len(result.content):
        return start, end
    return None
