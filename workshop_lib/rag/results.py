"""What the service gives back. Each also reads as a mapping, under the names that the seed's dictionaries had."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from workshop_lib.rag.similarity import clamped

Value = str | int | float | bool


class Record:
    """Lets a dataclass be read as a mapping too: `found["content"]`, `"content" in found`, `dict(found)`.

    Its keys are its fields and what `_also` names.
    """

    _also: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """The names, in order."""
        return (*(each.name for each in fields(self)), *self._also)  # type: ignore[arg-type]

    def __getitem__(self, key: str) -> Any:
        if key not in self.keys():
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self.keys()

    def __len__(self) -> int:
        return len(self.keys())


@dataclass(frozen=True)
class Result(Record):
    """One chunk that was found.

    Attributes:
        id: of the chunk, unique in the collection.
        content: the chunk's text.
        metadata: the caller's own, beside document_id, chunk_index, chunk_total, start and end (offsets of the chunk in
            its document, in characters) and headings.
        distance: 1 − cosine similarity, from 0 to 2.
    """

    id: str
    content: str
    distance: float
    metadata: Mapping[str, Value] = field(default_factory=dict)

    _also = ("relevance_score",)

    @property
    def relevance_score(self) -> float:
        """Cosine similarity, with everything below 0 shown as 0. Not a probability."""
        return clamped(1.0 - self.distance)

    @property
    def document_id(self) -> str:
        """The document that the chunk is from."""
        return str(self.metadata["document_id"])


@dataclass(frozen=True)
class Citation(Record):
    """A sentence of an answer, and where it stands.

    Attributes:
        number: in the answer, from 1.
        document_id, chunk_id: where it was found.
        start, end: offsets of the sentence in the document's text, in characters: `page[start:end] == text`.
        text: the sentence, as it stands there.
        score: by which it was chosen among the others; comparable within one answer only.
        title: of the document, where its metadata has one.
    """

    number: int
    document_id: str
    chunk_id: str
    start: int
    end: int
    text: str
    score: float
    title: str | None = None


@dataclass(frozen=True)
class Answer(Record):
    """What the documents say to a question, or that they don't.

    Attributes:
        text: the cited sentences, each followed by its number in brackets; when abstained, a sentence that says so.
        citations: one a sentence, in the order of the text; none when abstained.
        abstained: whether `score` is below `threshold`, or nothing was found.
        score: how well the documents seem to answer; which score that is, `answering` says.
        threshold: abstained below it; None where none was applied.
        results: what was found, nearest first, whether cited or not.
        warning: what a reader should know before trusting the answer; None where there is nothing.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    abstained: bool
    score: float
    threshold: float | None
    results: tuple[Result, ...]
    warning: str | None = None


@dataclass(frozen=True)
class AnswerText(Record):
    """A piece of an answer that is streamed: joined, the pieces are `Answer.text`.

    Attributes:
        text: a sentence with its number, or what is said when abstained.
        citation: the sentence's; None when abstained.
    """

    text: str
    citation: Citation | None = None


@dataclass(frozen=True)
class AnswerEnd(Record):
    """The last part of a stream: the whole answer, with its citations."""

    answer: Answer


@dataclass(frozen=True)
class Indexed(Record):
    """A document that is in the index.

    Attributes:
        document_id: given, or made from the content's hash.
        num_chunks: how many it has.
        chunk_ids: theirs, in order.
        written: False where just that content was there already, so that nothing was embedded or written.
        cut: which of the chunks that were embedded, by index, are longer than the model reads.
    """

    document_id: str
    num_chunks: int
    chunk_ids: list[str]
    written: bool = True
    cut: tuple[int, ...] = ()


@dataclass(frozen=True)
class Piece(Record):
    """A chunk of a document that is in no index yet, with LangChain's names, so that its stores take it too.

    Attributes:
        page_content: the text.
        metadata: as a `Result`'s.
    """

    page_content: str
    metadata: Mapping[str, Value] = field(default_factory=dict)
