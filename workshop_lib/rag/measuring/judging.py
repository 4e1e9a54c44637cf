"""What counts as found, when a question of the shelf is asked.

Two rankings are made of the chunks that a question brings:

- **Pages**: each page at the rank of its best chunk. Relevant is every page that answers (`Question.answered_by`), a
  translation too. The pages say the same, so one is enough: `recall_at_k` is 1 where one of them is among the first k
  pages, and 0 otherwise, since a share of all of them could not reach 1 at rank 1. NDCG, which is measured against
  the best ranking there is, does ask for all of them.
- **Chunks**: relevant is the passage that answers (`Question.sentence`). A chunk holds it when at least half of its
  characters, spaces apart, are in the chunk; where two chunks hold it, the better rank counts. Chunks of other pages
  that answer are left out before ranks are counted: nobody has judged which of their sentences answers, so they are
  neither right nor wrong. Source: Sakai, Alternatives to Bpref (2007), "condensed lists".

Pages that aren't in the collection can't be found, and don't count; a question none of whose pages is there is left
out, and told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from workshop_lib.datasets import Document, Question
from workshop_lib.evaluation import unique
from workshop_lib.rag.errors import JudgementMismatch
from workshop_lib.rag.results import Result

ANSWER = "answer"
"""Stands in a ranking for whatever answers, where one is enough."""

HELD = 0.5
"""The share of a passage's characters that a chunk must have to hold it."""


class Passage(NamedTuple):
    """The place of a sentence: its page, and offsets in the page's text in characters."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True)
class Judgement:
    """What is relevant to one question, in one collection.

    Attributes:
        pages: the ids of the pages that answer and are there; empty for a question that no page answers.
        passage: the passage that answers; None where there is none, or its page isn't there.
    """

    question: Question
    pages: frozenset[str]
    passage: Passage | None

    @property
    def left_out(self) -> bool:
        """Whether pages answer, but none of them is in the collection."""
        return self.question.answerable and not self.pages


def judge(
    questions: Iterable[Question], pages: Mapping[str, Document], present: Collection[str] | None = None
) -> list[Judgement]:
    """The judgements, in the questions' order.

    Args:
        pages: by id; those that the questions name.
        present: the ids of the documents in the collection; None for all of `pages`.

    Raises:
        UnknownDocument: a question names a page that `pages` doesn't have.
    """
    return [_judgement(question, pages, None if present is None else frozenset(present)) for question in questions]


def _judgement(question: Question, pages: Mapping[str, Document], present: frozenset[str] | None) -> Judgement:
    there = question.answered_by if present is None else question.answered_by & present
    if question.document_id not in there or question.document_id is None or question.sentence is None:
        return Judgement(question, there, None)
    start = pages[question.document_id].text.index(question.sentence)
    return Judgement(question, there, Passage(question.document_id, start, start + len(question.sentence)))


def page_ranking(results: Iterable[Result]) -> list[str]:
    """Each page once, at the rank of its best chunk."""
    return unique(result.document_id for result in results)


def answer_ranking(results: Iterable[Result], judgement: Judgement) -> list[str]:
    """The pages, with `ANSWER` in place of the first that answers and the others that do left out."""
    return unique(ANSWER if page in judgement.pages else page for page in page_ranking(results))


def passage_ranking(results: Iterable[Result], judgement: Judgement, page: Document) -> list[str]:
    """The chunks, with `ANSWER` in place of the first that holds the passage and other pages that answer left out.

    Raises:
        JudgementMismatch: the page was indexed from another text than `page.text`.
        ValueError: there is no passage.
    """
    passage = judgement.passage
    if passage is None:
        raise ValueError(f"expected a question whose passage is known, got {judgement.question.id}")
    others = judgement.question.answered_by - {passage.document_id}
    ranking = []
    for result in results:
        if result.document_id == passage.document_id:
            ranking.append(ANSWER if _share(result, passage, page.text) >= HELD else result.id)
        elif result.document_id not in others:
            ranking.append(result.id)
    return unique(ranking)


def _share(result: Result, passage: Passage, text: str) -> float:
    start, end = int(result.metadata["start"]), int(result.metadata["end"])
    if text[start:end] != result.content:
        raise JudgementMismatch(result.document_id, result.id)
    inside = text[max(start, passage.start) : min(end, passage.end)] if start < passage.end else ""
    return _visible(inside) / _visible(text[passage.start : passage.end])


def _visible(text: str) -> int:
    # Chunks leave out the spaces between them, so that of a passage cut in the middle neither would have half.
    return sum(map(len, text.split()))
