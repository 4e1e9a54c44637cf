"""How alike two vectors are. Pure Python, for two at a time: an index compares thousands by itself."""

import math
from collections.abc import Sequence


def cosine_similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two vectors, from -1 to 1, whatever their lengths; 0.0 where one is all zeros.

    Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), section 6.3.

    Raises:
        ValueError: they have different numbers of components.
    """
    lengths = math.hypot(*one) * math.hypot(*other)
    if not lengths:
        return 0.0
    product = math.fsum(float(a) * float(b) for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, product / lengths))


def clamped(similarity: float) -> float:
    """A relevance score: the cosine similarity, with everything below 0 shown as 0. Not a probability."""
    return max(0.0, similarity)


def relevance(question: Sequence[float], chunk: Sequence[float]) -> float:
    """The relevance score of a chunk by the vectors of both: `Result.relevance_score` without an index.

    Raises:
        ValueError: as `cosine_similarity`.
    """
    return clamped(cosine_similarity(question, chunk))
