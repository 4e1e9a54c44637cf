"""6.8: how far down the first good result stands."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from workshop_lib.course.exercises.ch06.scores import expect_scores
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.i18n import mark

_PAGES = ["body", "cors", "async", "docker"]
_CASES = [
    ((_PAGES, {"body"}), 1.0),
    ((_PAGES, {"cors"}), 0.5),
    ((_PAGES, {"docker"}), 0.25),
    ((_PAGES, {"docker", "cors"}), 0.5),
    ((_PAGES, {"body", "cors", "async"}), 1.0),
    ((_PAGES, {"nowhere"}), 0.0),
    (([], {"body"}), 0.0),
    ((_PAGES, set()), 0.0),
    ((list("abcdefghij"), {"j", "nowhere"}), 0.1),
]


def check_reciprocal_rank(reciprocal_rank: Callable[[list[str], set[str]], float]) -> None:
    """1 over the rank, from 1, of the first relevant id; 0 where there is none."""
    slips: dict[str, Callable[..., float | None]] = {
        "from-zero": lambda ranking, relevant: _over([rank - 1 for rank in _ranks(ranking, relevant)][:1]),
        "off-by-one": lambda ranking, relevant: _over([rank + 1 for rank in _ranks(ranking, relevant)][:1]),
        "last": lambda ranking, relevant: _over(_ranks(ranking, relevant)[-1:]),
        "sum": lambda ranking, relevant: sum(1 / rank for rank in _ranks(ranking, relevant)),
        "rank": lambda ranking, relevant: sum(_ranks(ranking, relevant)[:1]),
        "none-found": lambda ranking, relevant: _over(_ranks(ranking, relevant)[:1]) or None,
    }
    expect_scores("reciprocal_rank", reciprocal_rank, _CASES, slips)


def _ranks(ranking: Sequence[str], relevant: AbstractSet[str]) -> list[int]:
    return [rank for rank, page in enumerate(ranking, 1) if page in relevant]


def _over(ranks: Sequence[int]) -> float:
    return 1 / ranks[0] if ranks else 0.0


def _slip(value: str, none: str = "0.0") -> str:
    return f"""
def reciprocal_rank(ranking, relevant):
    ranks = [rank for rank, page in enumerate(ranking, 1) if page in relevant]
    return {value} if ranks else {none}
"""


EXERCISE = Exercise(
    id="6.8",
    name="reciprocal_rank",
    title=mark("How far down the first good result stands"),
    minutes=4,
    difficulty=1,
    reference="workshop_lib.evaluation.ranking:reciprocal_rank",
    check=check_reciprocal_rank,
    hints=(
        mark("The first good result is third. A reader looks at three. What would be the score of *at once*?"),
        mark("enumerate(ranking, start=1) gives each id with its rank. Return at the first that is relevant."),
        mark("return 1 / rank at the first hit of the loop; after the loop, where nothing was found, return 0.0."),
    ),
    mistakes=(
        Mistake(
            "from-zero",
            """
def reciprocal_rank(ranking, relevant):
    for rank, page in enumerate(ranking):
        if page in relevant:
            return 1 / rank
    return 0.0
""",
            mark(
                "enumerate begins at 0, so the best ranking there is divides by zero, and the second best gets the "
                "full score. Ranks begin at 1."
            ),
        ),
        Mistake(
            "off-by-one",
            _slip("1 / (ranks[0] + 1)"),
            mark("A perfect ranking got 0.5. One was added to a rank that began at 1 already."),
        ),
        Mistake(
            "last",
            _slip("1 / ranks[-1]"),
            mark(
                "With two relevant pages you took the later one: a search that finds one more good page would score "
                "worse for it. The reader stops at the first."
            ),
        ),
        Mistake(
            "sum",
            _slip("sum(1 / rank for rank in ranks)"),
            mark(
                "You added up all the relevant pages, and the score exceeds 1. Only the first counts here; "
                "how many are found is what recall says."
            ),
        ),
        Mistake(
            "rank",
            _slip("ranks[0]", none="0"),
            mark(
                "That is the rank itself: worse is larger, and nothing found would be best of all. "
                "One over it lies between 0 and 1, and a miss is 0."
            ),
        ),
        Mistake(
            "none-found",
            _slip("1 / ranks[0]", none="None"),
            mark(
                "Where nothing is found there is no score, and the average over all questions fails, or leaves out "
                "just the questions that went wrong. A miss is 0.0."
            ),
        ),
    ),
)
