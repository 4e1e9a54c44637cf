"""Whether a system is silent when it should be, and from which score on it should speak.

A system *abstains* when its best score is below a threshold. The right questions to be silent on are the unanswerable
ones, so abstaining is the prediction, and *unanswerable* the positive class. What is not measured here is whether an
answer that was given is right: that is what the ranking metrics are for.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from workshop_lib.evaluation.errors import InvalidSample
from workshop_lib.i18n import _


class Scored(NamedTuple):
    """A question: the best score that the system gave it, and whether its documents answer it."""

    score: float
    answerable: bool


@dataclass(frozen=True)
class Abstention:
    """What a threshold does to some questions, as counts.

    Attributes:
        right: silent on an unanswerable question.
        needless: silent on an answerable one.
        missed: spoke on an unanswerable one.
        answered: spoke on an answerable one.
    """

    right: int
    needless: int
    missed: int
    answered: int

    @property
    def precision(self) -> float:
        """Of the times it was silent, the share that was right; 0.0 if it never was, so that no gate passes on it."""
        return _share(self.right, self.right + self.needless)

    @property
    def recall(self) -> float:
        """Of the unanswerable questions, the share it was silent on; 0.0 if there were none."""
        return _share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of both. Source: van Rijsbergen, Information Retrieval (1979), chapter 7, with β = 1."""
        return _share(2 * self.right, 2 * self.right + self.needless + self.missed)


@dataclass(frozen=True)
class Threshold:
    """Abstain below `value`; `abstention` is what that did to the questions it was chosen on, not what to report."""

    value: float
    abstention: Abstention


def measure_abstention(questions: Iterable[tuple[float, bool]], threshold: float) -> Abstention:
    """Count what abstaining on every score below `threshold` does; a score equal to it is answered.

    Raises:
        InvalidSample: a score or the threshold is not a number.
    """
    if math.isnan(threshold):
        raise InvalidSample(_("expected a threshold that is a number, got NaN"))
    right = needless = missed = answered = 0
    for score, answerable in _checked(questions):
        silent = score < threshold
        right += silent and not answerable
        needless += silent and answerable
        missed += not silent and not answerable
        answered += not silent and answerable
    return Abstention(right, needless, missed, answered)


def by_f1(found: Abstention) -> float:
    """The objective that weighs precision and recall the same."""
    return found.f1


def by_cost(*, needless: float = 1.0, missed: float = 1.0) -> Callable[[Abstention], float]:
    """The objective that makes the sum of the costs least: `needless` for each silence that was not called for,
    `missed` for each answer to an unanswerable question.

    Source: Chow, On Optimum Recognition Error and Reject Tradeoff (1970), with the costs counted on the sample.

    Raises:
        InvalidSample: a cost is negative or not a finite number.
    """
    for name, price in (("needless", needless), ("missed", missed)):
        if not 0 <= price < math.inf:
            raise InvalidSample(
                _("expected a finite cost of 0 or more for {name}, got {price!r}").format(name=name, price=price)
            )
    return lambda found: -(needless * found.needless + missed * found.missed)


def choose_threshold(
    questions: Iterable[tuple[float, bool]], objective: Callable[[Abstention], float] = by_f1
) -> Threshold:
    """The threshold with the highest `objective` on calibration questions; of several the lowest, which answers most.

    Tried are the lowest score (silent on none of them), just above the highest (silent on all), and midway between
    neighbouring scores, where a new question is furthest from being decided by a hair. Report precision and recall on
    other questions: on these they are chosen to be good. Takes n log n for n questions.

    Raises:
        InvalidSample: a score is not a number, or the questions are not of both kinds.
    """
    ordered = sorted(_checked(questions), key=lambda question: question.score)
    answerable = sum(question.answerable for question in ordered)
    unanswerable = len(ordered) - answerable
    if not answerable or not unanswerable:
        text = _("expected calibration questions of both kinds, got {answerable} answerable and {unanswerable} not")
        raise InvalidSample(text.format(answerable=answerable, unanswerable=unanswerable))
    best = Threshold(ordered[0].score, Abstention(0, 0, unanswerable, answerable))
    highest, right, needless = objective(best.abstention), 0, 0
    levels = [(score, list(group)) for score, group in groupby(ordered, key=lambda question: question.score)]
    above = [score for score, _ in levels[1:]]
    for (score, group), following in zip(levels, [*above, None], strict=True):
        silenced = sum(not question.answerable for question in group)
        right += silenced
        needless += len(group) - silenced
        found = Abstention(right, needless, unanswerable - right, answerable - needless)
        if (reached := objective(found)) > highest:
            highest, best = reached, Threshold(_between(score, following), found)
    return best


def _between(score: float, following: float | None) -> float:
    if following is None:
        return math.nextafter(score, math.inf)
    # Halved before they are added, so that the sum stays finite; neighbouring floats have no middle.
    middle = score / 2 + following / 2
    return middle if score < middle <= following else following


def _checked(questions: Iterable[tuple[float, bool]]) -> list[Scored]:
    scored = [Scored(*question) for question in questions]
    for question in scored:
        if not math.isfinite(question.score):
            raise InvalidSample(
                _("expected scores that are finite numbers, got {score!r}").format(score=question.score)
            )
    return scored


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
