"""One metric over many queries: a value for each, and their average."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Generic, TypeVar

from workshop_lib.evaluation.errors import EvaluationError, InvalidSample, QueryMismatch
from workshop_lib.evaluation.ranking import Judgements, reciprocal_rank, relevant_in
from workshop_lib.i18n import _

Q = TypeVar("Q", bound=Hashable)
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class QueryScores(Generic[Q]):
    """A metric's values.

    Attributes:
        values: by query, in the judgements' order, for every query that something is relevant to; never empty.
        unanswerable: the queries that nothing is relevant to. They are in no average.
    """

    values: Mapping[Q, float]
    unanswerable: tuple[Q, ...]

    @property
    def mean(self) -> float:
        """The arithmetic mean of the values: each query weighs the same."""
        return fmean(self.values.values())


def score_queries(
    metric: Callable[[Sequence[T], Judgements[T]], float],
    rankings: Mapping[Q, Sequence[T]],
    judgements: Mapping[Q, Judgements[T]],
) -> QueryScores[Q]:
    """`metric(ranking, judgements)` of each query, as in `score_queries(partial(recall_at_k, k=5), …)`.

    A query for which nothing was found has an empty list as its ranking. One without a ranking is refused and not
    left out of the average, or a system that fails on hard queries would look better for it.

    Raises:
        QueryMismatch: rankings and judgements are not about the same queries.
        InvalidSample: nothing is relevant to any of the queries.
        EvaluationError: whatever the metric raises, with the query named.
    """
    _check_same(rankings, judgements)
    values: dict[Q, float] = {}
    unanswerable: list[Q] = []
    for query, judged in judgements.items():
        try:
            # The metric comes first, so that a faulty ranking is told of whether or not it counts.
            value = metric(rankings[query], judged)
            answerable = bool(relevant_in(judged))
        except EvaluationError as error:
            raise type(error)(_("query {query!r}: {error}").format(query=query, error=error)) from error
        if answerable:
            values[query] = value
        else:
            unanswerable.append(query)
    if not values:
        raise InvalidSample(
            _("expected a query that something is relevant to, got {count} without").format(count=len(unanswerable))
        )
    return QueryScores(values, tuple(unanswerable))


def mean_reciprocal_rank(
    rankings: Mapping[Q, Sequence[T]], judgements: Mapping[Q, Judgements[T]], k: int | None = None
) -> float:
    """The MRR: the mean of `reciprocal_rank` over the queries that something is relevant to.

    Raises:
        EvaluationError: as `score_queries` says.
    """
    return score_queries(partial(reciprocal_rank, k=k), rankings, judgements).mean


def _check_same(rankings: Mapping[Q, object], judgements: Mapping[Q, object]) -> None:
    unranked = [query for query in judgements if query not in rankings]
    unjudged = [query for query in rankings if query not in judgements]
    for queries, text in (
        (
            unranked,
            _(
                "expected a ranking for every query, got none for {count}: {named}. "
                "A query for which nothing was found has an empty list"
            ),
        ),
        (
            unjudged,
            _(
                "expected judgements for every query, got none for {count}: {named}. "
                "A query that nothing is relevant to has an empty set"
            ),
        ),
    ):
        if queries:
            named = ", ".join(map(repr, queries[:3])) + (", …" if len(queries) > 3 else "")
            raise QueryMismatch(text.format(count=len(queries), named=named))
