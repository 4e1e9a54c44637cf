from hypothesis import given
from hypothesis import strategies as st

from tests.events.test_topics import KEYS, PATTERNS
from workshop_lib.events import matches
from workshop_lib.events.routing import Bindings


@given(st.lists(st.tuples(st.sampled_from("abc"), PATTERNS), max_size=8), KEYS)
def test_a_key_reaches_each_queue_with_a_pattern_for_it_once(pairs: list[tuple[str, str]], key: str) -> None:
    found = Bindings(pairs).queues(key)
    assert len(found) == len(set(found))
    assert set(found) == {queue for queue, pattern in pairs if matches(pattern, key)}


def test_what_is_bound_or_removed_later_counts() -> None:
    bindings = Bindings()
    assert bindings.queues("a.b") == ()
    bindings.bind("one", ["a.*"])
    bindings.bind("two", ["#"])
    assert bindings.queues("a.b") == ("one", "two")
    bindings.remove("one")
    bindings.remove("none such")
    assert bindings.queues("a.b") == ("two",)


def test_it_does_not_remember_every_key_for_ever() -> None:
    bindings = Bindings([("one", "#")])
    for number in range(10_050):
        assert bindings.queues(f"a.{number}") == ("one",)
    assert len(bindings._routes) <= 10_000
