"""The check of 6.9: what a threshold does to the questions that it was chosen on."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.i18n import _

Scored = Sequence[tuple[float, bool]]

_APART = [(0.8, True), (0.7, True), (0.3, False), (0.6, True), (0.2, False)]
_MIXED = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.5, True), (0.3, False), (0.2, False), (0.1, False)]
_OUTLIER = [(0.95, False), *((0.5 + step / 100, True) for step in range(20)), (0.2, False), (0.1, False)]
_LOW = [
    (0.05, True),
    *((0.5 + step / 100, True) for step in range(10)),
    *((0.4 - step / 100, False) for step in range(6)),
]
_MANY = [*((0.6 + step / 100, True) for step in range(30)), (0.55, False), (0.52, False), (0.5, True)]
# So few are answerable that silence on all of them is the best choice.
_HARDLY_ANY = [(0.2, False), (0.5, True), (0.8, False), (0.9, False)]
_CASES: dict[str, Scored] = {"apart": _APART, "mixed": _MIXED, "low": _LOW, "outlier": _OUTLIER, "many": _MANY}


def check_choose_threshold(choose_threshold: Callable[[list[tuple[float, bool]]], Any]) -> None:
    """No threshold has a better F1 of being silent; not by a hair where there is a gap; whatever the order."""
    for questions in (*_CASES.values(), *_random()):
        _check_best(choose_threshold, questions, lambda: _mistake(choose_threshold))
    _check_gap(choose_threshold)
    _check_order(choose_threshold)
    _check_best(choose_threshold, _HARDLY_ANY, lambda: "never-all-silent")


def f1(questions: Scored, threshold: float) -> float:
    """The F1 of being silent below `threshold`."""
    right, needless, missed = _decided(questions, threshold)
    return 2 * right / (2 * right + needless + missed) if right else 0.0


def _decided(questions: Scored, threshold: float) -> tuple[int, int, int]:
    right = sum(score < threshold and not answerable for score, answerable in questions)
    needless = sum(score < threshold and answerable for score, answerable in questions)
    missed = sum(score >= threshold and not answerable for score, answerable in questions)
    return right, needless, missed


def _counts(questions: Scored, threshold: float) -> str:
    _right, needless, missed = _decided(questions, threshold)
    return _("{needless} needless silences, {missed} answers where there is none").format(
        needless=needless, missed=missed
    )


def _candidates(questions: Scored) -> list[float]:
    scores = [score for score, _answerable in questions]
    return [*scores, math.nextafter(max(scores), math.inf)]


def _check_best(subject: Callable[..., Any], questions: Scored, mistake: Callable[[], str | None]) -> None:
    value = _value(subject, questions)
    best = max(f1(questions, candidate) for candidate in _candidates(questions))
    if f1(questions, value) < best - 1e-9:
        raise Incorrect(
            tried=_tried(questions),
            expected=_("a threshold with F1 {best:.2f}").format(best=best),
            got=_("{value:.3g}, with F1 {f1:.2f}: {counts}").format(
                value=value, f1=f1(questions, value), counts=_counts(questions, value)
            ),
            mistake=mistake(),
            case=questions,
        )


def _random() -> list[Scored]:
    draw = random.Random(9)  # noqa: S311 - questions, not secrets
    return [
        [
            (round(draw.gauss(0.55 if answerable else 0.4, 0.15), 3), answerable)
            for answerable in [True] * 20 + [False] * 8
        ]
        for _round in range(5)
    ]


def _value(subject: Callable[..., Any], questions: Scored) -> float:
    got = call(subject, list(questions))
    value = getattr(got, "value", got)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise Incorrect(
            tried=_tried(questions),
            expected=_("a number"),
            got=shown(got),
            mistake="the-score" if isinstance(got, tuple) else None,
            case=questions,
        )
    return float(value)


def _check_gap(subject: Callable[..., Any]) -> None:
    value = _value(subject, _APART)
    if not 0.35 < value < 0.55:
        raise Incorrect(
            tried=_tried(_APART),
            expected=_("a threshold well between 0.3 and 0.6, where no score is"),
            got=f"{value:.3g}",
            mistake="on-the-edge",
            case=_APART,
        )


def _check_order(subject: Callable[..., Any]) -> None:
    forwards, backwards = _value(subject, _MIXED), _value(subject, _MIXED[::-1])
    if not math.isclose(f1(_MIXED, forwards), f1(_MIXED, backwards)):
        raise Incorrect(
            tried=_("the same questions in another order"),
            expected=forwards,
            got=backwards,
            case=_MIXED,
        )


def _mistake(subject: Callable[..., Any]) -> str | None:
    """The rule that gives the same decisions on all the questions above."""
    rules: dict[str, Callable[[Scored], float]] = {
        "never-a-wrong-answer": lambda q: math.nextafter(max(s for s, a in q if not a), math.inf),
        "never-a-needless-silence": lambda q: min(s for s, a in q if a),
        "most-right": lambda q: max(_candidates(q), key=lambda t: (sum((s >= t) == a for s, a in q), -t)),
        "middle-of-means": lambda q: (_mean(q, True) + _mean(q, False)) / 2,
        "inverted": lambda q: max(_candidates(q), key=lambda t: sum((s < t) == a for s, a in q)),
        "a-number": lambda q: 0.5,
    }
    for key, rule in rules.items():
        if all(_decided(q, _value(subject, q)) == _decided(q, rule(q)) for q in _CASES.values()):
            return key
    return None


def _mean(questions: Scored, answerable: bool) -> float:
    scores = [score for score, each in questions if each is answerable]
    return math.fsum(scores) / len(scores)


def _tried(questions: Scored) -> str:
    some = ", ".join(f"({score:g}, {answerable})" for score, answerable in questions[:6])
    return f"choose_threshold([{some}{', …' if len(questions) > 6 else ''}])"
