"""What needs no broker: offsets, waits, records."""

from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import AuthenticationFailedError
from hypothesis import given
from hypothesis import strategies as st

from workshop_lib.events import BusError, WrongCredentials
from workshop_lib.events.transport import Outgoing
from workshop_lib.events.transports.kafka.address import Address
from workshop_lib.events.transports.kafka.records import STEPS, Message, Topics, ladder
from workshop_lib.events.transports.kafka.registry import Queue
from workshop_lib.events.transports.kafka.window import Window

HERE = TopicPartition("ml_events", 0)


def test_only_what_is_settled_from_the_front_on_is_safe() -> None:
    window = Window(HERE, 10)
    for offset in (10, 12, 13, 17):
        window.take(offset)
    window.read = 20
    assert (window.safe, window.span) == (10, 10)
    window.settle(12)
    assert window.safe == 10
    assert window.before_settled() == {10}
    window.settle(10)
    assert window.safe == 13
    window.settle(17)
    assert window.before_settled() == {13}
    window.settle(13)
    assert (window.safe, window.span, window.before_settled()) == (20, 0, frozenset())


@given(st.permutations(range(8)))
def test_whatever_order_they_are_settled_in(order: list[int]) -> None:
    window = Window(HERE, 0)
    for offset in range(8):
        window.take(offset)
    window.read = 8
    left = set(range(8))
    for offset in order:
        window.settle(offset)
        left.discard(offset)
        assert window.safe == min(left, default=8)


@given(st.floats(0, 1e6))
def test_a_wait_is_rounded_up_and_never_cut(delay: float) -> None:
    step, left = ladder(delay)
    assert step in STEPS
    assert step + left >= delay
    assert left == 0 or step == STEPS[-1]


@pytest.mark.parametrize(("delay", "step"), [(0, 0), (0.001, 1), (1, 1), (1.1, 5), (3600, 3600)])
def test_the_step_of_a_wait(delay: float, step: int) -> None:
    assert ladder(delay) == (step, 0)


def test_a_message_is_read_as_it_was_written() -> None:
    outgoing = Outgoing("a.key", b"\x00\xff", {"correlation_id": "c", "name": "Ñandú", "x-attempt": "7"}, priority=2)
    message = Message.of(outgoing)
    record = SimpleNamespace(value=message.body, key=message.key, headers=message.fields())
    assert Message.read(record) == message
    assert (message.key, message.attempt, message.headers) == (b"c", 1, {"correlation_id": "c", "name": "Ñandú"})


@pytest.mark.parametrize(
    ("value", "headers"),
    [(b"{}", []), (b"{}", [("other", b"1")]), (None, [("x-key", b"a")]), (b"{}", [("x-key", None)])],
)
def test_what_another_program_wrote_is_no_message(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    assert Message.read(SimpleNamespace(value=value, key=None, headers=headers)) is None


def test_numbers_that_are_none_are_the_defaults() -> None:
    headers = [("x-key", b"a"), ("x-attempt", b"many"), ("x-priority", b"\xff")]
    message = Message.read(SimpleNamespace(value=b"", key=None, headers=headers))
    assert message is not None
    assert (message.attempt, message.priority, message.key) == (1, 1, b"")


def test_a_pattern_holds_from_its_offset_on() -> None:
    queue = Queue("one", False, {})
    queue.bind("a.*", {HERE: 5})
    queue.bind("#", {HERE: 9})
    queue.bind("a.*", {HERE: 7})
    assert [queue.takes("a.b", HERE, offset) for offset in (4, 5, 9)] == [False, True, True]
    assert [queue.takes("c", HERE, offset) for offset in (5, 8, 9)] == [False, False, True]
    # A partition that was added later is heard from its beginning.
    assert queue.takes("c", TopicPartition("ml_events", 3), 0)


def test_topics_of_an_exchange() -> None:
    topics = Topics("ml_events")
    assert [topics.step(name) for name in topics.worked] == [None, *STEPS]


def test_a_url_with_everything() -> None:
    address = Address.parse("kafka://me:p%40ss@one:9093,two?lease=6&partitions=12&replication=3&timeout=9")
    assert address.servers == "one:9093,two:9092"
    assert (address.lease, address.partitions, address.replication, address.timeout) == (6, 12, 3, 9)
    client = address.client()
    assert (client["security_protocol"], client["sasl_plain_password"]) == ("SASL_PLAINTEXT", "p@ss")
    assert "p@ss" not in repr(address)


def test_a_refused_user_is_told_without_the_password() -> None:
    error = Address.parse("kafka://me:secret@one").error(AuthenticationFailedError("secret"))
    assert isinstance(error, WrongCredentials)
    assert "'me'" in str(error)
    assert "secret" not in str(error)
    assert len(str(error).splitlines()) == 1


def test_a_ca_that_is_not_there() -> None:
    with pytest.raises(BusError, match="CA certificates, got /none/such"):
        Address.parse("kafkas://one?ca=/none/such").client()
