from typing import Any

import pytest
from pydantic import ValidationError

from tests.events.samples import event
from workshop_lib.events import DataIngestedEvent, DatasetPayload, DocumentPayload, EventType, encode, parse_event
from workshop_lib.events.payloads import COURSE_EVENTS

# As the course's seed writes them.
PAYLOADS: dict[str, dict[str, Any]] = {
    "data.ingested": {
        "dataset_id": "d1",
        "dataset_path": "/data/train.csv",
        "num_samples": 1000,
        "features": ["a", "b"],
        "dataset_type": "train",
    },
    "data.validated": {"dataset_id": "d1", "passed": True, "hyperparameters": {"num_epochs": 10}},
    "document.classified": {
        "document_id": "a",
        "classification": {"label": "technical", "score": 0.9, "top_k": [{"label": "technical", "score": 0.9}]},
        "content": "A",
    },
    "document.indexed": {"document_id": "a", "chunks": 3, "collection": "documents"},
    "training.requested": {"dataset_id": "d1", "framework": "pytorch", "hyperparameters": {"learning_rate": 0.001}},
    "training.started": {
        "experiment_id": "e1",
        "run_id": "r1",
        "model_type": "pytorch",
        "dataset_id": "d1",
        "hyperparameters": {},
    },
    "training.completed": {
        "experiment_id": "e1",
        "run_id": "r1",
        "model_path": "/models/e1",
        "metrics": {"final_val_loss": 0.25},
        "duration_seconds": 12.5,
        "artifacts": {"mlflow_run_id": "r1"},
    },
    "training.failed": {"experiment_id": "e1", "run_id": "r1", "error": "out of memory"},
    "model.validated": {
        "model_id": "m1",
        "run_id": "r1",
        "validation_metrics": {"accuracy": 0.9},
        "passed": True,
        "threshold_criteria": {"accuracy": 0.8},
    },
    "model.registered": {"model_id": "m1", "model_version": "1.0.0", "run_id": "r1"},
    "model.deployed": {
        "model_id": "m1",
        "model_version": "1.0.0",
        "deployment_env": "staging",
        "endpoint_url": "http://127.0.0.1:8000",
        "replicas": 1,
    },
    "prediction.requested": {
        "request_id": "q1",
        "model_id": "m1",
        "model_version": "1.0.0",
        "input_data": {"x": [1, 2]},
        "priority": "high",
    },
    "prediction.completed": {
        "request_id": "q1",
        "prediction": [0.1, 0.9],
        "confidence": 0.9,
        "latency_ms": 12.5,
        "model_version": "1.0.0",
    },
    "drift.detected": {
        "drift_type": "data_drift",
        "metric_name": "psi",
        "current_value": 0.3,
        "baseline_value": 0.0,
        "threshold": 0.2,
        "severity": "high",
    },
    "retraining.requested": {"model_id": "m1", "reasons": ["drift"]},
}
DOCUMENT = {"document_id": "a", "filename": "a.md", "content": "A", "size": 1, "category": None}


def test_every_type_of_the_course_has_a_class() -> None:
    assert {str(one.event_type) for one in COURSE_EVENTS} == set(EventType) == set(PAYLOADS)


@pytest.mark.parametrize("event_class", COURSE_EVENTS, ids=lambda one: str(one.event_type))
def test_the_seeds_payloads_come_back_typed(event_class: Any) -> None:
    payload = PAYLOADS[event_class.event_type]
    built = event_class.new(payload, source_service="test")
    plain = event(event_class.event_type, **payload)
    for sent in (built, plain):
        back = parse_event(encode(sent))
        assert type(back) is event_class
        assert back.metadata == sent.metadata
        assert payload.items() <= back.payload.model_dump(mode="json").items()
        assert back.payload.get("no such field", 1) == 1
    assert built.payload == event_class.Payload(**payload)


@pytest.mark.parametrize("event_class", COURSE_EVENTS, ids=lambda one: str(one.event_type))
def test_a_field_too_many_or_too_few_is_refused(event_class: Any) -> None:
    payload = PAYLOADS[event_class.event_type]
    with pytest.raises(ValidationError):
        event_class.new({**payload, "surprise": 1}, source_service="test")
    for name, field in event_class.Payload.model_fields.items():
        if field.is_required():
            with pytest.raises(ValidationError, match=name):
                event_class.new({k: v for k, v in payload.items() if k != name}, source_service="test")


@pytest.mark.parametrize(
    ("event_type", "field"),
    [
        ("data.ingested", "dataset_type"),
        ("training.requested", "framework"),
        ("training.started", "model_type"),
        ("model.deployed", "deployment_env"),
        ("prediction.requested", "priority"),
        ("drift.detected", "drift_type"),
        ("drift.detected", "severity"),
    ],
)
def test_enumerated_fields_are_closed(event_type: str, field: str) -> None:
    [event_class] = [one for one in COURSE_EVENTS if one.event_type == event_type]
    with pytest.raises(ValidationError, match=field):
        event_class.new({**PAYLOADS[event_type], field: "another"}, source_service="test")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_can_not_say_is_refused(value: float) -> None:
    [event_class] = [one for one in COURSE_EVENTS if one.event_type == "training.completed"]
    with pytest.raises(ValidationError):
        event_class.new({**PAYLOADS["training.completed"], "metrics": {"loss": value}}, source_service="test")


def test_data_ingested_is_about_a_data_set_or_a_document() -> None:
    assert type(DataIngestedEvent.new(PAYLOADS["data.ingested"], source_service="t").payload) is DatasetPayload
    assert type(DataIngestedEvent.new(DOCUMENT, source_service="t").payload) is DocumentPayload
    built = DataIngestedEvent.new(DocumentPayload.model_validate(DOCUMENT), source_service="t")
    assert type(built.payload) is DocumentPayload
    for neither in ({**DOCUMENT, "dataset_id": "d1"}, {"test": "data"}, {}, [], None):
        with pytest.raises(ValidationError):
            DataIngestedEvent.new(neither, source_service="t")


def test_another_type_of_payload_is_told_by_its_fields() -> None:
    wrong = event("data.ingested", **PAYLOADS["drift.detected"])
    with pytest.raises(Exception, match=r"payload\.document_id: Field required"):
        encode(wrong)


def test_a_payload_is_read_as_an_object_and_as_a_dict() -> None:
    payload = DocumentPayload.model_validate(DOCUMENT)
    assert payload.document_id == payload["document_id"] == payload.get("document_id") == "a"
    assert payload.get("dataset_id") is None
    with pytest.raises(KeyError):
        payload["get"]


def test_an_event_follows_its_cause() -> None:
    first = event()
    second = DataIngestedEvent.new(DOCUMENT, source_service="t", cause=first)
    third = DataIngestedEvent.new(DOCUMENT, source_service="t", cause=second)
    assert second.metadata.correlation_id == third.metadata.correlation_id == first.metadata.event_id
    assert (second.metadata.causation_id, third.metadata.causation_id) == (
        first.metadata.event_id,
        second.metadata.event_id,
    )


@pytest.mark.parametrize(
    ("other", "name"), [("model.trained", "training.completed"), ("prediction.made", "prediction.completed")]
)
def test_the_seeds_other_names(other: str, name: str) -> None:
    assert EventType(other) is EventType(name)
    received = parse_event(encode(event(other, **PAYLOADS[name])))
    assert received.metadata.event_type is EventType(name)
    text = encode(event(name, **PAYLOADS[name])).replace(f'"{name}"', f'"{other}"')
    assert type(parse_event(text)) is type(received)


def test_a_type_of_ones_own_is_no_member_and_has_its_value() -> None:
    mine = EventType("test.event")
    assert (mine, mine.value, str(mine)) == ("test.event",) * 3
    assert mine not in list(EventType)
    assert {mine: 1}["test.event"] == 1
    assert EventType("test.event") == mine
    assert parse_event(encode(event("test.event", any=[1, None]))).payload == {"any": [1, None]}
