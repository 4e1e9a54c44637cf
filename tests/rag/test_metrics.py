import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY, CollectorRegistry

from workshop_lib.rag.errors import EmptyDocument, EmptyQuery
from workshop_lib.rag.metrics import metrics_in

from .serving import serve


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def value(registry: CollectorRegistry) -> Callable[..., float | None]:
    return lambda name, **labels: registry.get_sample_value(name, labels)


def test_documents_are_counted_when_they_are_written(tmp_path, registry, value):
    with serve(tmp_path, registry=registry) as service:
        assert value("documents_indexed_total") == 0
        service.index_documents([("One.", {}, "1"), ("Two.", {}, "2")])
        service.index_document("One.", document_id="1")
        assert value("documents_indexed_total") == 2
        service.index_document("One, changed.", document_id="1")
        with pytest.raises(EmptyDocument):
            service.index_documents(["Three.", ""])
        assert value("documents_indexed_total") == 4


def test_questions_are_counted_and_each_stage_is_timed(tmp_path, registry, value):
    async def stream(service):
        return [part async for part in service.query_stream("one?")]

    with serve(tmp_path, registry=registry) as service:
        service.index_document("One.")
        service.query("one?")
        service.answer("one?")
        asyncio.run(stream(service))
        with pytest.raises(EmptyQuery):
            service.query(" ")
    assert value("rag_queries_total") == 4
    counts = {stage: value("rag_query_duration_seconds_count", stage=stage) for stage in ("embed", "search", "answer")}
    assert counts == {"embed": 3, "search": 3, "answer": 2}
    assert value("rag_query_duration_seconds_sum", stage="embed") > 0


def test_services_that_report_to_one_registry_share_its_metrics(tmp_path, registry, value):
    with serve(tmp_path, registry=registry) as one, serve(tmp_path, collection_name="two", registry=registry) as two:
        one.query("one?")
        two.query("two?")
    assert value("rag_queries_total") == 2


def test_the_process_s_own_registry_is_the_default():
    assert metrics_in() is metrics_in(REGISTRY) is not metrics_in(CollectorRegistry())
    assert REGISTRY.get_sample_value("rag_queries_total") is not None
