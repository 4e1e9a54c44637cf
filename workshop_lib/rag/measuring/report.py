"""What an evaluation says."""

from collections.abc import Mapping
from dataclasses import dataclass

from workshop_lib.datasets import Question
from workshop_lib.evaluation import Abstention, Interval

CUTOFF = 10
"""The rank up to which MRR and NDCG look."""


@dataclass(frozen=True)
class Ranked:
    """How good one kind of ranking is; each figure is an average over questions, with its bootstrap interval.

    Attributes:
        recall: by k.
        mrr, ndcg: of the first `CUTOFF` places.
    """

    recall: Mapping[int, Interval]
    mrr: Interval
    ndcg: Interval


@dataclass(frozen=True)
class Silence:
    """Whether it abstained when it should.

    Attributes:
        counts: of questions.
        precision: of the questions it abstained on, the share that no page answers; None below two such questions.
        recall: of the questions that no page answers, the share it abstained on; None below two.
    """

    counts: Abstention
    precision: Interval | None
    recall: Interval | None


@dataclass(frozen=True)
class Part:
    """The figures over some of the questions.

    Attributes:
        language: theirs; None for all of them together.
        answerable, unanswerable: how many there are.
        pages: how well pages are found; None below two answerable questions.
        chunks: how well passages are found; None below two whose passage is in the collection.
        silence: None where nothing that can abstain was measured.
    """

    language: str | None
    answerable: int
    unanswerable: int
    pages: Ranked | None
    chunks: Ranked | None
    silence: Silence | None


@dataclass(frozen=True)
class Latency:
    """Medians over the questions, in milliseconds, after one question to warm up; each None where it can't be told.

    Attributes:
        query: a whole `query`.
        embedding: of the question.
        search: given its vector.
        answer: a whole `answer`.
    """

    query: float
    embedding: float | None
    search: float | None
    answer: float | None


@dataclass(frozen=True)
class Outcome:
    """What one question came to.

    Attributes:
        page_rank: of the first page that answers; None where it was not found, or no page answers.
        chunk_rank: of the passage that answers; None as above.
        abstained: None where nothing that can abstain was measured.
    """

    question: Question
    page_rank: int | None
    chunk_rank: int | None
    abstained: bool | None


@dataclass(frozen=True)
class Report:
    """An evaluation.

    Attributes:
        splits: of the questions, sorted. Where "calibrate" is among them, what it says of abstaining is too good: the
            threshold was chosen on those.
        top_k: the number of chunks that the times are for, the highest k of recall.
        parts: all questions, then each language; the one part, where they are of one language.
        outcomes: question by question, for comparing two systems on the same ones.
        left_out: ids of questions whose pages aren't in the collection. They are in no figure.
    """

    splits: tuple[str, ...]
    top_k: int
    parts: tuple[Part, ...]
    outcomes: tuple[Outcome, ...]
    latency: Latency
    left_out: tuple[str, ...]
