"""The sentences of what was found, each with its place in its document."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workshop_lib.rag.chunking import sentences as spans
from workshop_lib.rag.results import Result


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a line that is none, of a chunk that was found.

    Attributes:
        text: as it stands in the document.
        start, end: its offsets there, in characters.
        whole: whether it ends with a stop; a heading, a list's item or a line of code does not.
        rank: of the chunk, from 0; `result` is the chunk.
    """

    text: str
    start: int
    end: int
    whole: bool
    rank: int
    result: Result


def sentences(results: Iterable[Result]) -> Iterator[Sentence]:
    """Those of all chunks, in order; one that two chunks share by their overlap comes once, from the nearer one."""
    seen: set[tuple[str, int, int]] = set()
    for rank, result in enumerate(results):
        base = int(result.metadata["start"])
        for start, end, whole in spans(result.content):
            place = result.document_id, base + start, base + end
            if place not in seen:
                seen.add(place)
                yield Sentence(result.content[start:end], base + start, base + end, whole, rank, result)
