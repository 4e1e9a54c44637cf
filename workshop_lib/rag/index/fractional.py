"""Conditions on numbers such that Chroma finds what they say.

Before it compares with whole numbers, Chroma 1.5.9 cuts off what an operand has behind its point: `{"n": 0.5}` finds
0, and `{"n": {"$lt": 0.5}}` doesn't. A second condition, with a whole operand, takes out what is wrong or brings in
what is missing. It changes nothing where comparing is exact, as in `predicates`.
"""

import math
from collections.abc import Sequence
from typing import Any


def compared(key: str, operator: str, operand: Any) -> dict[str, Any]:
    """The condition `key operator operand`, for an operator that takes one value."""
    plain: dict[str, Any] = {key: {operator: operand}}
    if not is_fractional(operand):
        return plain
    below, above = math.floor(operand), math.ceil(operand)
    match operator:
        case "$eq":
            return {"$and": [plain, {key: {"$ne": math.trunc(operand)}}]}
        case "$ne":
            return {"$or": [plain, {key: {"$eq": math.trunc(operand)}}]}
        case "$gt":
            return {"$or": [plain, {key: {"$gte": above}}]}
        case "$gte":
            return {"$and": [plain, {key: {"$gt": below}}]}
        case "$lt":
            return {"$or": [plain, {key: {"$lte": below}}]}
        case _:
            return {"$and": [plain, {key: {"$lt": above}}]}


def listed(key: str, operator: str, operands: Sequence[Any]) -> dict[str, Any]:
    """The condition `key operator operands`, for `$in` and `$nin`, where all operands or none `is_fractional`."""
    plain: dict[str, Any] = {key: {operator: list(operands)}}
    if not is_fractional(operands[0]):
        return plain
    cut = sorted({math.trunc(operand) for operand in operands})
    if operator == "$in":
        return {"$and": [plain, {key: {"$nin": cut}}]}
    return {"$or": [plain, {key: {"$in": cut}}]}


def is_fractional(operand: object) -> bool:
    """Whether it has digits behind the point."""
    return isinstance(operand, float) and not operand.is_integer()
