"""How far a figure measured on some queries may be off: the percentile bootstrap over queries.

Pure Python, so that it works wherever the events do, and so that a seed gives the same interval on every machine:
NumPy keeps the right to change its generators' streams.
"""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeVar, overload

from workshop_lib.evaluation.errors import InvalidSample
from workshop_lib.i18n import _

T = TypeVar("T")


@dataclass(frozen=True)
class Interval:
    """A figure and the interval around it.

    Attributes:
        estimate: the figure on the sample as it is.
        low, high: the interval's ends.
        confidence: such as 0.95.
        size: of the sample; for a figure over queries, their number.
    """

    estimate: float
    low: float
    high: float
    confidence: float
    size: int

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


@overload
def bootstrap_interval(
    sample: Iterable[float], *, confidence: float = ..., resamples: int = ..., seed: int = ...
) -> Interval: ...
@overload
def bootstrap_interval(
    sample: Iterable[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    confidence: float = ...,
    resamples: int = ...,
    seed: int = ...,
) -> Interval: ...
def bootstrap_interval(
    sample: Iterable[Any],
    statistic: Callable[[Sequence[Any]], float] = fmean,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """The percentile interval of `statistic` over `resamples` samples drawn from `sample` with replacement.

    What is drawn is one element of `sample`, so an element is one query: its recall, or whatever the statistic needs.
    To compare two systems give the differences, query by query: two intervals that overlap say little. When every
    query scores the same the interval has no width, which is a limit of the method and no certainty.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; quantiles are interpolated
    linearly (type 7 of Hyndman and Fan, 1996, as in NumPy). Takes time proportional to resamples times size.

    Raises:
        InvalidSample: fewer than two elements, a statistic that is not a number, or an option out of its range.
    """
    elements = list(sample)
    if len(elements) < 2:
        raise InvalidSample(_("expected at least 2 queries to draw from, got {count}").format(count=len(elements)))
    if not 0 < confidence < 1:
        raise InvalidSample(
            _("expected a confidence between 0 and 1, such as 0.95; got {confidence!r}").format(confidence=confidence)
        )
    if resamples < 1:
        raise InvalidSample(
            _("expected at least 1 resample, usually 2000; got {resamples!r}").format(resamples=resamples)
        )
    draw = random.Random(seed)  # noqa: S311 - statistics, not secrets
    estimate = statistic(elements)
    drawn = sorted(statistic(draw.choices(elements, k=len(elements))) for _ in range(resamples))
    if math.isnan(estimate) or any(map(math.isnan, drawn)):
        raise InvalidSample(_("expected a statistic that is a number for every resample, got NaN"))
    tail = (1 - confidence) / 2
    return Interval(estimate, _quantile(drawn, tail), _quantile(drawn, 1 - tail), confidence, len(elements))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
