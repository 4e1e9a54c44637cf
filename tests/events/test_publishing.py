import pytest

from workshop_lib.events import InvalidTopic, NotConfirmed, UnroutableError
from workshop_lib.events.publishing import is_mandatory, outgoing, publish_confirmed
from workshop_lib.events.transport import QueueSpec
from workshop_lib.events.transports import make_transport


@pytest.mark.parametrize(
    ("event_type", "key", "mandatory"),
    [
        ("data.ingested", "data.ingested", True),
        ("", "training.requested", True),
        ("training.started", "training.started", False),
        ("training.started", "data.copy", True),
        ("data.ingested", "elsewhere", True),
        ("", "data.ingested.es", True),
        ("", "es.training.requested", True),
        ("", "database.full", False),
        ("", "requested", False),
    ],
)
def test_by_type_or_by_key(event_type: str, key: str, mandatory: bool) -> None:
    assert is_mandatory(event_type, key) is mandatory
    assert outgoing(key, b"{}", event_type=event_type).mandatory is mandatory


@pytest.mark.parametrize("key", ["", "data..ingested", "data.*"])
def test_each_wrong_key_is_refused_each_time(key: str) -> None:
    for _ in range(2):
        with pytest.raises(InvalidTopic):
            is_mandatory("data.ingested", key)


def test_one_message_is_confirmed_or_raises() -> None:
    transport = make_transport("memory://", "test")
    transport.connect()
    with pytest.raises(UnroutableError):
        publish_confirmed(transport, "data.ingested", b"{}")
    assert publish_confirmed(transport, "training.started", b"{}") is True
    transport.declare(QueueSpec("one", ("#",)))
    assert publish_confirmed(transport, "data.ingested", b"{}") is True
    assert transport.counts("one").ready == 1


def test_what_may_have_arrived_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = make_transport("memory://", "test")
    transport.connect()

    def unknown(messages: object) -> None:
        raise NotConfirmed(1, (), {})

    monkeypatch.setattr(transport, "publish", unknown)
    with pytest.raises(NotConfirmed):
        publish_confirmed(transport, "training.started", b"{}")
