"""The filter on metadata decided in memory, as Chroma decides it: for chunks that are held here.

It takes what `filters.where` gives. Chroma keeps text, numbers and truth values apart, compares 1 with 1.0 as equal,
and finds by `$ne` and `$nin` what lacks the key too. What it gets wrong, `fractional` mends before it is asked.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workshop_lib.rag.index.filters import LOGIC, RANGES, Where
from workshop_lib.rag.results import Value

Predicate = Callable[[Mapping[str, Value]], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = dict(
    zip(RANGES, (operator.gt, operator.ge, operator.lt, operator.le), strict=True)
)


def predicate(where: Where) -> Predicate:
    """Tells of one chunk's metadata whether the filter holds."""
    [(key, condition)] = where.items()
    if key in LOGIC:
        parts = [predicate(part) for part in condition]
        decide = all if key == "$and" else any
        return lambda metadata: decide(part(metadata) for part in parts)
    [(name, operand)] = condition.items()
    if name in _COMPARE:
        return _range(key, _COMPARE[name], operand)
    listed = operand if name in ("$in", "$nin") else [operand]
    return _one_of(key, listed, wanted=name in ("$eq", "$in"))


def fields(where: Where) -> set[str]:
    """The metadata fields that the filter asks for."""
    [(key, condition)] = where.items()
    return set().union(*map(fields, condition)) if key in LOGIC else {key}


def _one_of(key: str, values: Iterable[Value], *, wanted: bool) -> Predicate:
    kept = {_typed(value) for value in values}
    return lambda metadata: (key in metadata and _typed(metadata[key]) in kept) is wanted


def _range(key: str, compare: Callable[[Any, Any], bool], operand: Value) -> Predicate:
    def holds(metadata: Mapping[str, Value]) -> bool:
        value = metadata.get(key)
        return value is not None and not isinstance(value, str | bool) and compare(value, operand)

    return holds


def _typed(value: Value) -> tuple[type, Value]:
    """Equal where Chroma takes them for equal: True is not 1."""
    return (type(value) if isinstance(value, str | bool) else float), value
