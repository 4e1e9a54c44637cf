"""6.3: cosine similarity as a score that a reader can compare."""

import math
from collections.abc import Callable, Sequence

from workshop_lib.course.exercises.model import Exercise, Incorrect, Mistake
from workshop_lib.course.exercises.trying import call, shown, shown_call
from workshop_lib.i18n import _, mark

# Powers of ten and small integers: the right score is exact to the last digits, and can be done by hand.
_CASES = [
    ((3, 4), (3, 4), 1.0),
    ((3, 4), (6, 8), 1.0),
    ((3, 4), (4, 3), 0.96),
    ((1, 0), (0, 1), 0.0),
    ((1, 0), (-1, 0), 0.0),
    ((0.6, 0.8), (1, 0), 0.6),
    ((1, 2, 2), (-2, 1, 0), 0.0),
    ((2, 0, 0), (-3, 4, 0), 0.0),
    ((0, 0), (1, 0), 0.0),
    ((0, 0), (0, 0), 0.0),
]
_SLIPS: dict[str, Callable[[Sequence[float], Sequence[float]], float]] = {
    "dot-product": lambda one, other: max(0.0, _dot(one, other)),
    "not-clamped": lambda one, other: _cosine(one, other),
    "squared-l2": lambda one, other: 1 - math.dist(one, other) ** 2,
    "absolute": lambda one, other: abs(_cosine(one, other)),
    "from-minus-one": lambda one, other: (1 + _cosine(one, other)) / 2,
}


def check_relevance(relevance: Callable[[object, object], float]) -> None:
    """By the angle alone, never below 0, 0 for a vector of zeros, the same both ways."""
    import numpy as np

    for one, other, right in _CASES:
        for first, second in ((one, other), (other, one)):
            question, chunk = np.array(first, dtype=np.float32), np.array(second, dtype=np.float32)
            # A vector of zeros divided by its length is a warning of NumPy's, and not yet a wrong answer.
            with np.errstate(all="ignore"):
                got = call(relevance, question, chunk)
            if not _near(got, right):
                raise Incorrect(
                    tried=shown_call("relevance", list(first), list(second)),
                    expected=right,
                    got=shown(got) if isinstance(got, str) else got,
                    mistake=_mistake(first, second, got),
                    case=(question, chunk),
                )
    _check_lengths(relevance)


def _check_lengths(relevance: Callable[[object, object], float]) -> None:
    """What is true of any vectors: their lengths don't matter."""
    import numpy as np

    draw = np.random.default_rng(6)
    for _round in range(5):
        question, chunk = draw.normal(size=(2, 384)).astype(np.float32)
        before, after = (call(relevance, question, part) for part in (chunk, 3 * chunk))
        right = max(0.0, _cosine(question, chunk))
        if not (_near(before, right) and _near(after, right)):
            raise Incorrect(
                tried=_("relevance of 384 random numbers to 384 others, and to 3 times the others"),
                expected=_("{score:.4f}, twice").format(score=right),
                got=_("{before}, {after}").format(before=shown(before), after=shown(after)),
                case=(question, chunk),
            )


def _mistake(one: Sequence[float], other: Sequence[float], got: object) -> str | None:
    number = _number(got)
    if number is not None and math.isnan(number):
        return "zeros"
    return next((key for key, slip in _SLIPS.items() if _near(got, slip(one, other))), None)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(float(a) * float(b) for a, b in zip(one, other, strict=True))


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return _dot(one, other) / lengths if lengths else 0.0


def _number(got: object) -> float | None:
    """A float of Python's or NumPy's, also one that is alone in an array; None for anything else."""
    try:
        return None if isinstance(got, str) else float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def _near(got: object, right: float) -> bool:
    number = _number(got)
    return number is not None and math.isclose(number, right, abs_tol=1e-5)


def _slip(value: str, zeros: str = "0.0") -> str:
    return f"""
import numpy as np
def relevance(question, chunk):
    lengths = np.linalg.norm(question) * np.linalg.norm(chunk)
    cosine = float(question @ chunk / lengths) if lengths else {zeros}
    return {value}
"""


EXERCISE = Exercise(
    id="6.3",
    name="relevance",
    title=mark("How relevant, from 0 to 1"),
    minutes=5,
    difficulty=1,
    reference="workshop_lib.rag.similarity:relevance",
    check=check_relevance,
    hints=(
        mark("Twice the same arrow, once twice as long: how different are their directions?"),
        mark("The cosine is question @ chunk divided by both lengths; np.linalg.norm(question) is one length."),
        mark("max(0.0, cosine) is the score. Where a length is 0 there is no direction: return 0.0 before dividing."),
    ),
    mistakes=(
        Mistake(
            "dot-product",
            _slip("max(0.0, float(question @ chunk))"),
            mark(
                "The score grows with the length of the vectors: (3, 4) and (6, 8) point the same way and got 50. With "
                "such a score the longest vectors win, whatever was asked. Divide by both lengths."
            ),
        ),
        Mistake(
            "not-clamped",
            _slip("cosine"),
            mark(
                "A chunk that points away has a score below 0. Nobody can say what -0.2 relevant means, and an average "
                "or a product of scores goes wrong with it. The score ends at 0."
            ),
        ),
        Mistake(
            "squared-l2",
            _slip("1 - float(((question - chunk) ** 2).sum())"),
            mark(
                "That is 1 minus a squared distance, which is what Chroma's own default distance leads to. "
                "It falls below 0 for vectors a few steps apart, and changes when one is twice as long. "
                "Relevance is about the angle."
            ),
        ),
        Mistake(
            "zeros",
            _slip("max(cosine, 0.0)", zeros='float("nan")'),
            mark(
                "A vector of zeros has no direction, and dividing by its length gives NaN. Every comparison with NaN "
                "is false, so one such chunk can spoil a whole ranking. Give it 0.0."
            ),
        ),
        Mistake(
            "absolute",
            _slip("abs(cosine)"),
            mark("Opposite directions got a full score. What points away is not relevant: 0, not its mirror image."),
        ),
        Mistake(
            "from-minus-one",
            _slip("(1 + cosine) / 2"),
            mark(
                "Vectors that have nothing in common got 0.5, so everything on the shelf is at least half relevant. "
                "Don't stretch the scale: cut it off at 0."
            ),
        ),
    ),
)
