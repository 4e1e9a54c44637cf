from typing import Any

import pytest

from workshop_lib.rag.errors import InvalidFilter
from workshop_lib.rag.index.filters import where


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, None),
        ({}, None),
        ({"a": 1}, {"a": {"$eq": 1}}),
        ({"a": 1, "b": "x"}, {"$and": [{"a": {"$eq": 1}}, {"b": {"$eq": "x"}}]}),
        ({"a": {"$gt": 1, "$lt": 5}}, {"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 5}}]}),
        ({"a": {"$in": (1, 2)}}, {"a": {"$in": [1, 2]}}),
        ({"a": {"$in": [1, "x"]}}, {"$or": [{"a": {"$in": [1]}}, {"a": {"$in": ["x"]}}]}),
        ({"a": {"$nin": [1, "x"]}}, {"$and": [{"a": {"$nin": [1]}}, {"a": {"$nin": ["x"]}}]}),
        ({"$and": [{"a": 1}]}, {"a": {"$eq": 1}}),
        ({"$and": [{"a": 1}, {}]}, {"a": {"$eq": 1}}),
        ({"$or": [{"a": 1}, {}]}, None),
        ({"$or": [{"a": 1, "b": 2}, {"c": 3}]},
         {"$or": [{"$and": [{"a": {"$eq": 1}}, {"b": {"$eq": 2}}]}, {"c": {"$eq": 3}}]}),
    ],
)  # fmt: skip
def test_it_is_put_in_chroma_s_words(given: Any, sent: Any) -> None:
    assert where(given) == sent


def nested(depth: int) -> dict[str, Any]:
    return {"a": 1} if not depth else {"$and": [nested(depth - 1)]}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("language = 'en'", "expected a filter such as"),
        ([], "expected a filter such as"),
        ({1: 2}, "metadata field, got 1"),
        ({"": 2}, "metadata field, got ''"),
        ({"\ud800": 2}, "none can have"),
        ({"#id": 2}, "none can have"),
        ({"chroma:document": "x"}, "none can have"),
        ({"$not": {"a": 1}}, r"one of \$and, \$or, got '\$not'"),
        ({"$gt": 1}, r"one of \$and, \$or, got '\$gt'"),
        ({"$or": {"a": 1}}, r"a list of filters in \$or"),
        ({"$and": []}, r"a list of filters in \$and"),
        ({"$or": ["a"]}, "expected a filter such as"),
        ({"a": {}}, r"an operator for 'a', one of \$eq.*; got none"),
        ({"a": {"$contains": 1}}, r"one of \$eq.*got '\$contains'"),
        ({"a": {"b": 1}}, "got 'b'"),
        ({"a": {"$in": []}}, r"a list of values for \$in of 'a', got \[\]"),
        ({"a": {"$in": "en"}}, r"a list of values for \$in"),
        ({"a": {"$in": [[1]]}}, r"for 'a', got \[1\]"),
        ({"a": {"$gt": "x"}}, r"a number for \$gt of 'a', got 'x'"),
        ({"a": {"$lte": True}}, r"a number for \$lte of 'a', got True"),
        ({"a": None}, "for 'a', got None"),
        ({"a": [1, 2]}, "for 'a', got"),
        ({"a": float("nan")}, "a finite number"),
        ({"a": 2**63}, "64 bits"),
        ({"a": "\ud800"}, "expected text"),
        ({"a": {"$in": [*range(10_001)]}}, "at most 10,000 values, got 10,001"),
        (nested(33), "nested at most 32 deep"),
    ],
)
def test_what_is_no_filter_is_refused(given: Any, why: str) -> None:
    with pytest.raises(InvalidFilter, match=why):
        where(given)


def test_the_deepest_and_the_longest_are_taken() -> None:
    assert where(nested(32)) == {"a": {"$eq": 1}}
    assert where({"a": {"$in": [*range(10_000)]}}) is not None
