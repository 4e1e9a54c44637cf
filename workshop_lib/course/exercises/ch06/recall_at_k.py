"""6.7: the share of what answers that is among the first k."""

from collections.abc import Callable

from workshop_lib.course.exercises.ch06.scores import expect_scores
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.i18n import mark

_RANKING = ["body", "cors", "async", "docker", "cookies", "events"]
_CASES = [
    ((_RANKING, {"body"}, 1), 1.0),
    ((_RANKING, {"async"}, 2), 0.0),
    ((_RANKING, {"async"}, 3), 1.0),
    ((_RANKING, {"async", "events"}, 5), 0.5),
    ((_RANKING, {"body", "cors", "async"}, 1), 1 / 3),
    ((_RANKING, {"body", "cors", "nowhere", "lost"}, 5), 0.5),
    ((_RANKING, {"events"}, 99), 1.0),
    ((["body", "cors"], {"cors", "async", "docker", "events"}, 5), 0.25),
    (([], {"body"}, 5), 0.0),
    ((_RANKING, set(), 5), 0.0),
]


def check_recall_at_k(recall_at_k: Callable[[list[str], set[str], int], float]) -> None:
    """Divided by all that is relevant, cut at k, 0 where nothing is relevant or nothing was found."""
    slips: dict[str, Callable[..., float]] = {
        "precision": lambda ranking, relevant, k: len(relevant & {*ranking[:k]}) / k,
        "hit": lambda ranking, relevant, k: float(bool(relevant & {*ranking[:k]})),
        "no-cut": lambda ranking, relevant, k: len(relevant & {*ranking}) / (len(relevant) or 1),
        "of-the-found": lambda ranking, relevant, k: len(relevant & {*ranking[:k]}) / (len(relevant & {*ranking}) or 1),
        "off-by-one": lambda ranking, relevant, k: len(relevant & {*ranking[: k + 1]}) / (len(relevant) or 1),
        "zero": lambda ranking, relevant, k: len(relevant & {*ranking[:k]}) / len(relevant),
    }
    expect_scores("recall_at_k", recall_at_k, _CASES, slips)


def _slip(value: str) -> str:
    return f"""
def recall_at_k(ranking, relevant, k):
    found = relevant & set(ranking[:k])
    return {value}
"""


EXERCISE = Exercise(
    id="6.7",
    name="recall_at_k",
    title=mark("Recall: how much of what answers was found"),
    minutes=5,
    difficulty=1,
    reference="workshop_lib.evaluation.ranking:recall_at_k",
    check=check_recall_at_k,
    hints=(
        mark("Two pages answer, and one of them is among the first five. What is the share, and of what?"),
        mark("Count the relevant ids in ranking[:k], and divide by the number of relevant ids: len(relevant)."),
        mark("len(relevant & set(ranking[:k])) / len(relevant), and 0.0 where nothing is relevant."),
    ),
    mistakes=(
        Mistake(
            "precision",
            _slip("len(found) / k"),
            mark(
                "That is precision: the share of the places that hold something relevant. With one page that answers "
                "and k = 5 it can't exceed 0.2, however good the search. Recall divides by what there was to find."
            ),
        ),
        Mistake(
            "hit",
            _slip("float(bool(found))"),
            mark(
                "One relevant page of two gave full marks. That is the hit rate: it says whether anything was found, "
                "and hides that half is missing."
            ),
        ),
        Mistake(
            "no-cut",
            """
def recall_at_k(ranking, relevant, k):
    return len(relevant & set(ranking)) / len(relevant) if relevant else 0.0
""",
            mark(
                "The answer is the same for every k. A page at rank 40 counts as found, but no reader and no prompt "
                "gets that far. Look at the first k only."
            ),
        ),
        Mistake(
            "of-the-found",
            """
def recall_at_k(ranking, relevant, k):
    return len(relevant & set(ranking[:k])) / (len(relevant & set(ranking)) or 1)
""",
            mark(
                "You divide by the relevant pages in the ranking. What was never retrieved is in neither number, so a "
                "search that returns a single page looks perfect. Divide by all that is relevant."
            ),
        ),
        Mistake(
            "off-by-one",
            """
def recall_at_k(ranking, relevant, k):
    return len(relevant & set(ranking[: k + 1])) / len(relevant) if relevant else 0.0
""",
            mark("The page at rank k + 1 was counted. ranking[:k] has k entries already."),
        ),
        Mistake(
            "zero",
            _slip("len(found) / len(relevant)"),
            mark(
                "Nothing on the shelf answers some questions, and then this divides by zero: one such question ends "
                "the whole evaluation. Return 0.0; averages leave such questions out."
            ),
        ),
    ),
)
