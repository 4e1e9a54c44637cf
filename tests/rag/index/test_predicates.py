"""A filter holds in memory where Chroma says that it holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workshop_lib.rag.index import ChromaIndex, Entry, search
from workshop_lib.rag.index.filters import where
from workshop_lib.rag.index.predicates import fields, predicate
from workshop_lib.rag.results import Value

from .making import DIMENSION, Place, entry

VALUES: list[Value] = [
    *(0, 1, -1, 2**53 + 1, 2**63 - 1, 0.0, 1.0, 0.5, -0.5, 1.5, -0.0, 1e300),
    *(True, False, "", "1", "en", "ñ"),
]
# 1e300 is to Chroma the largest whole number that 64 bits hold.
ASKED = [value for value in VALUES if value != 1e300]
NUMBERS = [value for value in ASKED if not isinstance(value, str | bool)]
SHELF: list[Mapping[str, Value]] = [
    {},
    *({"a": value} for value in VALUES),
    *({"a": value, "b": other} for value, other in zip(VALUES, VALUES[3:] + VALUES[:3], strict=True)),
]

values = st.sampled_from(ASKED)
conditions = st.one_of(
    values,
    st.fixed_dictionaries({}, optional={"$eq": values, "$ne": values}).filter(bool),
    st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.sampled_from(NUMBERS), min_size=1),
    st.dictionaries(st.sampled_from(["$in", "$nin"]), st.lists(values, min_size=1, max_size=4), min_size=1),
)
fields_of_a_filter = st.dictionaries(st.sampled_from(["a", "b", "c"]), conditions, min_size=1)
filters = st.recursive(
    fields_of_a_filter,
    lambda inner: st.dictionaries(
        st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=1, max_size=3), min_size=1
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaIndex]:
    with Place(str(tmp_path_factory.mktemp("index")), "documents").open() as made:
        for number, metadata in enumerate(SHELF):
            one = entry(f"{number:02}", size=1)
            made.replace_many([Entry(one.document_id, one.chunks, one.vectors, metadata)])
        yield made


@settings(max_examples=150, deadline=None)
@given(given_filter=filters)
def test_it_holds_where_chroma_finds(index: ChromaIndex, given_filter: Mapping[str, Any]) -> None:
    wanted, store = where(given_filter), index._store
    assert wanted is not None
    anywhere = np.ones(DIMENSION, dtype=np.float32)
    found = search.nearest(store.collection, store.manifest, anywhere, len(SHELF), wanted)
    holds = predicate(wanted)
    expected = {f"{number:02}" for number, metadata in enumerate(SHELF) if holds(metadata)}
    assert {result.document_id for result in found} == expected


def test_the_fields_it_asks_for() -> None:
    wanted = where({"a": 1, "$or": [{"b": {"$gt": 1}}, {"$and": [{"c": "x"}, {"a": {"$nin": [1, "x"]}}]}]})
    assert wanted is not None
    assert fields(wanted) == {"a", "b", "c"}
