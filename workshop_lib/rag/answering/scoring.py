"""How well a sentence seems to answer, by its words."""

import math
from collections import Counter
from collections.abc import Sequence

from workshop_lib.rag.answering.sentences import Sentence
from workshop_lib.rag.answering.words import STOPWORDS, words

_STOPWORDS = frozenset().union(*STOPWORDS.values())


def score(question: str, candidates: Sequence[Sentence]) -> list[float]:
    """One a candidate."""
    asked = set(words(question)) - _STOPWORDS
    held = [set(words(candidate.text)) for candidate in candidates]
    number = Counter(word for each in held for word in each)
    weights = {word: math.log(1 + (len(held) - number[word] + 0.5) / (number[word] + 0.5)) for word in asked}
    return [
        sum(weights[word] for word in asked & each) + candidate.result.relevance_score
        for candidate, each in zip(candidates, held, strict=True)
    ]
