"""What the service tells Prometheus, under the seed's names.

rag_queries_total                        questions and searches that were asked, refused ones included
rag_query_duration_seconds{stage=…}      embed: the question; search: the index; answer: choosing sentences
documents_indexed_total                  documents written; one that was there just so is not
"""

import threading
from typing import Literal
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

Stage = Literal["embed", "search", "answer"]

# A search takes a few milliseconds, the first question loads a model.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class RagMetrics:
    """The metrics in one registry. Use `metrics_in`: a registry takes a name once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queries = Counter("rag_queries_total", "Questions and searches asked", registry=registry)
        self.duration = Histogram(
            "rag_query_duration_seconds", "Seconds a stage took", ["stage"], buckets=_BUCKETS, registry=registry
        )
        self.indexed = Counter("documents_indexed_total", "Documents written to the index", registry=registry)


_made: WeakKeyDictionary[CollectorRegistry, RagMetrics] = WeakKeyDictionary()
_making = threading.Lock()


def metrics_in(registry: CollectorRegistry | None = None) -> RagMetrics:
    """The metrics of a registry, made when first asked for: all services that report to it share them.

    Args:
        registry: default: the process's, which `prometheus_client` serves.
    """
    registry = registry or REGISTRY
    with _making:
        if registry not in _made:
            _made[registry] = RagMetrics(registry)
        return _made[registry]
