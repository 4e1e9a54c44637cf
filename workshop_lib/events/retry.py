"""How long to wait before a failed try is repeated."""

import random


def backoff(attempt: int, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait after failed try `attempt` (1, 2, ...): anything from 0 to ``min(cap, base * 2 ** attempt)``.

    Full jitter, so that many clients which failed at the same moment don't come back at the same moment (M. Brooker,
    *Exponential Backoff And Jitter*, AWS Architecture Blog, 2015).

    Raises:
        ValueError: `attempt` is under 1, or `base` or `cap` is negative.
    """
    if attempt < 1 or base < 0 or cap < 0:
        raise ValueError(f"expected attempt >= 1, base >= 0, cap >= 0; got {attempt}, {base}, {cap}")
    # Past the 64th try the power alone would be too large for a float.
    return random.uniform(0, min(cap, base * 2.0 ** min(attempt, 64)))  # noqa: S311
