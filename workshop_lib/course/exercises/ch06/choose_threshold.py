"""6.9: from which score on to speak."""

from workshop_lib.course.exercises.ch06.check_choose_threshold import check_choose_threshold
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.i18n import mark

EXERCISE = Exercise(
    id="6.9",
    name="choose_threshold",
    title=mark("Know when to be silent"),
    minutes=8,
    difficulty=3,
    reference="workshop_lib.evaluation.abstention:choose_threshold",
    check=check_choose_threshold,
    hints=(
        mark("Two thresholds between the same two neighbouring scores decide alike. So how many are worth a try?"),
        mark("Sort the scores, try the middle between each two neighbours, and compare what f1 says of each."),
        mark(
            "candidates = [(low + high) / 2 for low, high in zip(scores, scores[1:])] with sorted scores, and one "
            "above the highest. max(candidates, key=…) takes the best of them."
        ),
    ),
    mistakes=(
        Mistake(
            "never-a-wrong-answer",
            """
def choose_threshold(questions):
    return max(score for score, answerable in questions if not answerable) + 1e-9
""",
            mark(
                "No unanswerable question slips through, and one odd one with a high score silences nearly everything. "
                "A system that never answers is never wrong. Weigh both mistakes."
            ),
        ),
        Mistake(
            "never-a-needless-silence",
            "def choose_threshold(questions): return min(score for score, answerable in questions if answerable)",
            mark(
                "No good answer is held back, and one answerable question with a low score sets the threshold for all: "
                "below it nothing is left to be silent on. Weigh both mistakes."
            ),
        ),
        Mistake(
            "most-right",
            """
def choose_threshold(questions):
    scores = sorted(score for score, _ in questions)
    candidates = [*scores, scores[-1] + 1]
    return max(candidates, key=lambda t: (sum((score >= t) == answerable for score, answerable in questions), -t))
""",
            mark(
                "You counted right decisions. Most questions are answerable, so *always speak* has most of them right, "
                "and the few that matter here hardly count. F1 looks at the silences."
            ),
        ),
        Mistake(
            "middle-of-means",
            """
from statistics import fmean
def choose_threshold(questions):
    return (fmean(s for s, a in questions if a) + fmean(s for s, a in questions if not a)) / 2
""",
            mark(
                "The middle of two averages never looks at a single decision: one outlier moves it, and the scores "
                "near it, the only ones that it decides, have no say. Try thresholds and count."
            ),
        ),
        Mistake(
            "on-the-edge",
            """
def choose_threshold(questions):
    def f1(t):
        right = sum(s < t and not a for s, a in questions)
        wrong = sum((s < t) == a for s, a in questions)
        return 2 * right / (2 * right + wrong) if right else 0.0
    return max((score for score, _ in questions), key=f1)
""",
            mark(
                "The threshold lies on the score of one question, or close beside it. On the next one, a hair off, it "
                "decides otherwise. Between the two kinds there is a gap: its middle is as good here, and safer "
                "elsewhere."
            ),
        ),
        Mistake(
            "never-all-silent",
            """
def choose_threshold(questions):
    def f1(t):
        right = sum(s < t and not a for s, a in questions)
        wrong = sum((s < t) == a for s, a in questions)
        return 2 * right / (2 * right + wrong) if right else 0.0
    scores = sorted(score for score, _ in questions)
    return max(((low + high) / 2 for low, high in zip(scores, scores[1:])), key=f1)
""",
            mark(
                "Silence on all of them was never tried. Where hardly any question has an answer it is the best there "
                "is, and a rule that can't choose it talks on. Which threshold is silent on every score?"
            ),
        ),
        Mistake(
            "a-number",
            "def choose_threshold(questions): return 0.5",
            mark(
                "The same number for any questions. What a score of 0.5 means differs from model to model: it must be "
                "found by looking at scores."
            ),
        ),
    ),
)
