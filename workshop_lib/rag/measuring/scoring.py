"""From rankings to figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from workshop_lib.datasets import Document, Question
from workshop_lib.evaluation import (
    Abstention,
    Interval,
    bootstrap_interval,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
    score_queries,
)
from workshop_lib.rag.measuring.judging import ANSWER, Judgement, answer_ranking, page_ranking, passage_ranking
from workshop_lib.rag.measuring.report import CUTOFF, Outcome, Part, Ranked, Silence
from workshop_lib.rag.results import Result


@dataclass(frozen=True)
class Asked:
    """A question with its rankings; `passage` is None where no passage is judged."""

    question: Question
    relevant: frozenset[str]
    pages: list[str]
    answer: list[str]
    passage: list[str] | None
    abstained: bool | None

    @classmethod
    def of(
        cls, results: list[Result], judgement: Judgement, shelf: Mapping[str, Document], abstained: bool | None
    ) -> "Asked":
        passage = judgement.passage
        return cls(
            judgement.question,
            judgement.pages,
            page_ranking(results),
            answer_ranking(results, judgement),
            None if passage is None else passage_ranking(results, judgement, shelf[passage.document_id]),
            abstained,
        )

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.question, _rank(self.answer), _rank(self.passage or []), self.abstained)


def _rank(ranking: Sequence[str]) -> int | None:
    return ranking.index(ANSWER) + 1 if ANSWER in ranking else None


def part(language: str | None, asked: Sequence[Asked], ks: Sequence[int]) -> Part:
    answerable = [each for each in asked if each.relevant]
    answers = {each.question.id: each.answer for each in answerable}
    passages = {each.question.id: each.passage for each in answerable if each.passage is not None}
    pages = {each.question.id: each.pages for each in answerable}
    return Part(
        language=language,
        answerable=len(answerable),
        unanswerable=len(asked) - len(answerable),
        pages=_ranked(answers, ks, pages, {each.question.id: each.relevant for each in answerable}),
        chunks=_ranked(passages, ks, passages, dict.fromkeys(passages, frozenset({ANSWER}))),
        silence=_silence(asked),
    )


def _ranked(
    answers: Mapping[str, Sequence[str]],
    ks: Sequence[int],
    rankings: Mapping[str, Sequence[str]],
    relevant: Mapping[str, frozenset[str]],
) -> Ranked | None:
    """Recall and MRR of `answers`, in which one is enough; NDCG of `rankings`, which has all that is `relevant`."""
    if len(answers) < 2:
        return None
    one = dict.fromkeys(answers, frozenset({ANSWER}))
    return Ranked(
        recall={k: _interval(partial(recall_at_k, k=k), answers, one) for k in ks},
        mrr=_interval(partial(reciprocal_rank, k=CUTOFF), answers, one),
        ndcg=_interval(partial(ndcg_at_k, k=CUTOFF), rankings, relevant),
    )


def _interval(
    metric: Callable[..., float], rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, frozenset[str]]
) -> Interval:
    return bootstrap_interval(score_queries(metric, rankings, relevant).values.values())


def _silence(asked: Sequence[Asked]) -> Silence | None:
    told = [(bool(each.relevant), each.abstained) for each in asked if each.abstained is not None]
    if not told:
        return None
    counts = Abstention(
        right=sum(silent and not answerable for answerable, silent in told),
        needless=sum(silent and answerable for answerable, silent in told),
        missed=sum(not silent and not answerable for answerable, silent in told),
        answered=sum(not silent and answerable for answerable, silent in told),
    )
    return Silence(
        counts,
        precision=_share([not answerable for answerable, silent in told if silent]),
        recall=_share([bool(silent) for answerable, silent in told if not answerable]),
    )


def _share(yes: Sequence[bool]) -> Interval | None:
    return bootstrap_interval(map(float, yes)) if len(yes) > 1 else None
