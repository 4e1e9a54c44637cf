"""The filter on metadata: checked here, so that what is wrong with it is said before anything is sent.

::

    {"language": "en"}                                   equal
    {"language": "en", "year": 2024}                     both
    {"language": {"$in": ["en", "es"]}}                  one of these; $nin: none of these
    {"year": {"$gte": 2020, "$lt": 2024}}                a range: $gt, $gte, $lt, $lte, on numbers
    {"language": {"$ne": "en"}}                          another value
    {"$or": [{"language": "es"}, {"year": 2024}]}        either; $and: all

As in JSON, 1 equals 1.0 but neither true nor "1". `$ne` and `$nin` also find what lacks the key.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workshop_lib.i18n import _
from workshop_lib.rag.errors import InvalidFilter
from workshop_lib.rag.index.fractional import compared, is_fractional, listed
from workshop_lib.rag.index.values import STORABLE, encodes, storable
from workshop_lib.rag.results import Value

Where = dict[str, Any]

RANGES = ("$gt", "$gte", "$lt", "$lte")
LISTS = ("$in", "$nin")
OPERATORS = ("$eq", "$ne", *RANGES, *LISTS)
LOGIC = ("$and", "$or")

_DEEPEST = 32
# SQLite takes 32,766 variables in one statement, and Chroma adds its own.
_MOST_VALUES = 10_000


def where(given: Mapping[str, Any] | None) -> Where | None:
    """The filter in Chroma's words; None where there is nothing to filter by.

    Raises:
        InvalidFilter: not a filter of this language; the message names what is known.
    """
    if given is None:
        return None
    translated = _both("$and", list(_conditions(given, 0)))
    if (values := _count(translated)) > _MOST_VALUES:
        raise InvalidFilter(
            _("expected a filter of at most {most:,} values, got {values:,}. Ask in parts").format(
                most=_MOST_VALUES, values=values
            )
        )
    return translated


def _conditions(given: object, depth: int) -> Iterator[Where]:
    if not isinstance(given, Mapping):
        raise InvalidFilter(_('expected a filter such as {{"language": "en"}}, got {given!r}').format(given=given))
    if depth > _DEEPEST:
        raise InvalidFilter(_("expected a filter nested at most {most} deep, got a deeper one").format(most=_DEEPEST))
    for key, condition in given.items():
        if not isinstance(key, str) or not key:
            raise InvalidFilter(_("expected the name of a metadata field, got {key!r}").format(key=key))
        if key in LOGIC:
            yield from _logic(key, condition, depth)
        elif key.startswith("$"):
            raise InvalidFilter(
                _("expected a metadata field or one of {known}, got {key!r}").format(known=", ".join(LOGIC), key=key)
            )
        elif key.startswith(("#", "chroma:")) or not encodes(key):
            raise InvalidFilter(
                _("expected the name of a metadata field, got {key!r}, which none can have").format(key=key)
            )
        elif isinstance(condition, Mapping):
            yield from _operators(key, condition)
        else:
            yield compared(key, "$eq", _value(key, condition))


def _logic(operator: str, parts: object, depth: int) -> Iterator[Where]:
    if not isinstance(parts, list | tuple) or not parts:
        raise InvalidFilter(
            _("expected a list of filters in {operator}, got {parts!r}").format(operator=operator, parts=parts)
        )
    filters = [_both("$and", list(_conditions(part, depth + 1))) for part in parts]
    # An empty filter holds always: it adds nothing to `and`, and makes `or` hold.
    if operator == "$or" and None in filters:
        return
    if (joined := _both(operator, [part for part in filters if part is not None])) is not None:
        yield joined


def _operators(key: str, condition: Mapping[Any, Any]) -> Iterator[Where]:
    if not condition:
        raise InvalidFilter(
            _("expected an operator for {key!r}, one of {known}; got none").format(key=key, known=", ".join(OPERATORS))
        )
    for operator, operand in condition.items():
        if operator in LISTS:
            yield _list(key, operator, operand)
        elif operator in RANGES:
            yield compared(key, operator, _number(key, operator, operand))
        elif operator in OPERATORS:
            yield compared(key, operator, _value(key, operand))
        else:
            raise InvalidFilter(
                _("expected an operator for {key!r}, one of {known}; got {operator!r}").format(
                    key=key, known=", ".join(OPERATORS), operator=operator
                )
            )


def _list(key: str, operator: str, operand: object) -> Where:
    if not isinstance(operand, list | tuple | set | frozenset) or not operand:
        raise InvalidFilter(
            _("expected a list of values for {operator} of {key!r}, got {operand!r}").format(
                operator=operator, key=key, operand=operand
            )
        )
    kinds: dict[tuple[type, bool], list[Value]] = {}
    for value in operand:
        checked = _value(key, value)
        kinds.setdefault((type(checked), is_fractional(checked)), []).append(checked)
    # Chroma takes values of one type only.
    lists = [listed(key, operator, values) for values in kinds.values()]
    joined = _both("$or" if operator == "$in" else "$and", lists)
    assert joined is not None
    return joined


def _number(key: str, operator: str, operand: object) -> Value:
    value = _value(key, operand)
    if isinstance(value, str | bool):
        raise InvalidFilter(
            _("expected a number for {operator} of {key!r}, got {operand!r}").format(
                operator=operator, key=key, operand=operand
            )
        )
    return value


def _value(key: str, value: object) -> Value:
    if (kept := storable(value)) is None:
        raise InvalidFilter(
            _("expected {storable} for {key!r}, got {value!r}").format(storable=_(STORABLE), key=key, value=value)
        )
    return kept


def _both(operator: str, parts: list[Where]) -> Where | None:
    """Chroma takes no `$and` or `$or` of fewer than two."""
    return {operator: parts} if len(parts) > 1 else parts[0] if parts else None


def _count(part: object) -> int:
    if isinstance(part, dict):
        return sum(_count(inner) for inner in part.values())
    if isinstance(part, list):
        return sum(_count(inner) for inner in part)
    return 1 if part is not None else 0
