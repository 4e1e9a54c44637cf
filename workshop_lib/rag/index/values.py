"""The metadata values that Chroma gives back as they were given.

It drops NaN, infinity and None in silence, turns longer integers into floats, and fails on half of a surrogate pair.
"""

import math

from workshop_lib.i18n import mark
from workshop_lib.rag.results import Value

_LONG = 2**63

STORABLE = mark("text, true, false, a finite number or an integer of 64 bits")


def storable(value: object) -> Value | None:
    """`value` as one of the four plain types; None where Chroma would not keep it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_LONG <= value < _LONG:
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and encodes(value):
        return str.__str__(value)
    return None


def encodes(text: str) -> bool:
    """Whether UTF-8 can hold `text`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
