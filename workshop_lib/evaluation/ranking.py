"""How good a ranking is: recall@k, precision@k, reciprocal rank, NDCG@k, for one query.

A *ranking* is a list of ids, best first. The *judgements* say what is relevant: a set of ids, or a mapping from id to
gain, where 0 is not relevant and more is better. What is not judged counts as not relevant, as in trec_eval.

Two edges, settled once for all metrics here:

- Where nothing is relevant, every metric is 0.0, as in trec_eval: no ranking is better than another. Averages leave
  such queries out; whether a system abstains on them is measured by `workshop_lib.evaluation.abstention`.
- An id that stands twice in a ranking is refused. Where several chunks of one page were found, `unique` keeps the
  page at its best rank; that changes what *k* counts, so it is the caller's choice.
"""

import math
import operator
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias, TypeVar

from workshop_lib.evaluation.errors import InvalidCutoff, InvalidJudgements, InvalidRanking
from workshop_lib.i18n import _

T = TypeVar("T", bound=Hashable)
Judgements: TypeAlias = Mapping[T, float] | AbstractSet[T]

# 2**gain of a few million items stays a float below this.
_LARGEST_EXPONENT = 1000


def recall_at_k(ranking: Sequence[T], judgements: Judgements[T], k: int) -> float:
    """The share of the relevant items that are among the first `k`.

    With more than `k` relevant items it stays below 1, whatever the ranking.

    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), section 8.3.

    Raises:
        InvalidCutoff, InvalidRanking, InvalidJudgements: as their docstrings say.
    """
    found, relevant = _found(ranking, judgements, k)
    return found / relevant if relevant else 0.0


def precision_at_k(ranking: Sequence[T], judgements: Judgements[T], k: int) -> float:
    """The share of the first `k` places that hold a relevant item; a place left empty counts as a miss.

    Source: as `recall_at_k`, section 8.4; a ranking shorter than `k` is divided by `k`, as in trec_eval.

    Raises:
        InvalidCutoff, InvalidRanking, InvalidJudgements: as their docstrings say.
    """
    found, _ = _found(ranking, judgements, k)
    return found / _cutoff(k)


def reciprocal_rank(ranking: Sequence[T], judgements: Judgements[T], k: int | None = None) -> float:
    """1 / the rank, from 1, of the first relevant item; 0.0 if there is none among the first `k` (None: anywhere).

    Source: Voorhees, The TREC-8 Question Answering Track Report (1999). Its average over queries is the MRR.

    Raises:
        InvalidCutoff, InvalidRanking, InvalidJudgements: as their docstrings say.
    """
    gains, first = _gains(judgements), _first(ranking, None if k is None else _cutoff(k))
    return next((1 / rank for rank, item in enumerate(first, 1) if gains.get(item, 0) > 0), 0.0)


def ndcg_at_k(
    ranking: Sequence[T], judgements: Judgements[T], k: int, *, gain: Literal["linear", "exponential"] = "linear"
) -> float:
    """Discounted cumulative gain of the first `k`, sum of gain / log2(rank + 1), over that of the best ranking.

    The best ranking is made of the judgements, not of what was retrieved: a search that finds one relevant item of
    ten, and ranks it first, does not score 1.

    Source: Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques (2002), with the discount that
    trec_eval uses; "exponential" takes 2**gain - 1, after Burges and others, Learning to Rank Using Gradient Descent
    (2005), and wants gains of at most 1000.

    Raises:
        InvalidCutoff, InvalidRanking, InvalidJudgements: as their docstrings say.
    """
    cutoff = _cutoff(k)
    gains = {item: _value(value, gain) for item, value in _gains(judgements).items()}
    ideal = sorted(gains.values(), reverse=True)[:cutoff]
    if not ideal or not ideal[0]:
        return 0.0
    got = [gains.get(item, 0.0) for item in _first(ranking, cutoff)]
    # Divided by the best gain first, so that a sum of huge gains stays finite.
    return min(1.0, _discounted(got, ideal[0]) / _discounted(ideal, ideal[0]))


def ranked(scores: Mapping[str, float]) -> list[str]:
    """The ids by score, highest first; equal scores by id, so that a tie never changes from run to run.

    Raises:
        InvalidRanking: a score is NaN.
    """
    if unordered := [item for item, score in scores.items() if math.isnan(score)]:
        raise InvalidRanking(_("expected scores that are numbers, got NaN for {item!r}").format(item=unordered[0]))
    return sorted(scores, key=lambda item: (-scores[item], item))


def unique(ids: Iterable[T]) -> list[T]:
    """Each id once, where it first stands."""
    return list(dict.fromkeys(ids))


def relevant_in(judgements: Judgements[T]) -> set[T]:
    """The ids with a gain above 0.

    Raises:
        InvalidJudgements: as its docstring says.
    """
    return {item for item, gain in _gains(judgements).items() if gain > 0}


def _found(ranking: Sequence[T], judgements: Judgements[T], k: int) -> tuple[int, int]:
    relevant = relevant_in(judgements)
    return sum(item in relevant for item in _first(ranking, _cutoff(k))), len(relevant)


def _discounted(gains: Sequence[float], unit: float) -> float:
    return math.fsum(gain / unit / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _value(gain: float, scale: str) -> float:
    if scale == "linear":
        return gain
    if scale != "exponential":
        raise InvalidJudgements(_("expected gain='linear' or 'exponential', got {scale!r}").format(scale=scale))
    if gain > _LARGEST_EXPONENT:
        raise InvalidJudgements(
            _("expected exponential gains of at most {most}, got {gain!r}").format(most=_LARGEST_EXPONENT, gain=gain)
        )
    # expm1, since 2**gain - 1 of a gain below 1e-16 would be 0.
    return math.expm1(gain * math.log(2))


def _cutoff(k: int) -> int:
    try:
        cutoff = operator.index(k)
    except TypeError:
        raise InvalidCutoff(_("expected k as a whole number of 1 or more, got {k!r}").format(k=k)) from None
    if cutoff < 1:
        raise InvalidCutoff(_("expected k of 1 or more, got {cutoff}").format(cutoff=cutoff))
    return cutoff


def _first(ranking: Sequence[T], k: int | None) -> list[T]:
    if isinstance(ranking, Mapping):
        raise InvalidRanking(_("expected a list of ids, best first, got a mapping. ranked(scores) makes one of scores"))
    if isinstance(ranking, str | bytes | AbstractSet):
        raise InvalidRanking(_("expected a list of ids, best first, got {ranking!r}").format(ranking=ranking))
    items, seen = list(ranking), set[T]()
    for rank, item in enumerate(items, 1):
        if item in seen:
            text = _(
                "expected each id once, got {item!r} again at rank {rank}. unique(ranking) keeps each at its best rank"
            )
            raise InvalidRanking(text.format(item=item, rank=rank))
        seen.add(item)
    return items[:k]


def _gains(judgements: Judgements[T]) -> dict[T, float]:
    if isinstance(judgements, Mapping):
        gains = dict(judgements)
    elif isinstance(judgements, AbstractSet):
        gains = dict.fromkeys(judgements, 1.0)
    else:
        raise InvalidJudgements(
            _("expected a set of relevant ids or a mapping from id to gain, got {judgements!r}").format(
                judgements=judgements
            )
        )
    for item, gain in gains.items():
        if not 0 <= gain < math.inf:
            raise InvalidJudgements(
                _("expected a finite gain of 0 or more, got {gain!r} for {item!r}").format(gain=gain, item=item)
            )
    return gains
