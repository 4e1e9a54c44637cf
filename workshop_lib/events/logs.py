"""Logs in which one piece of work can be found: each line carries the correlation id of the event that is handled."""

import logging
import time
from typing import TextIO

from workshop_lib.events.tracing import current_handling

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(correlation_id)s] %(message)s"
NOBODY = "-"


class CorrelationFilter(logging.Filter):
    """Gives each record `correlation_id`, `event_id` and `queue`; outside a handler each is ``-``.

    The correlation id of an event that has none is its own id, since that is what the events it leads to get. What
    a record brings itself (``extra=``) it keeps. Put it on a handler: a logger's filters don't see its children's.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True."""
        work = current_handling()
        about = work.event.metadata if work is not None else None
        found = {
            "correlation_id": (about.correlation_id or about.event_id) if about is not None else NOBODY,
            "event_id": about.event_id if about is not None else NOBODY,
            "queue": work.queue_name if work is not None else NOBODY,
        }
        for name, value in found.items():
            if not hasattr(record, name):
                setattr(record, name, str(value))
        return True


def log_to(stream: TextIO | None = None, level: int | str = logging.INFO) -> logging.Handler:
    """For the process's own start: send what is logged at `level` or above to `stream` (default: standard error),
    with UTC times and correlation ids. Returns the handler, which the root logger has now."""
    handler = logging.StreamHandler(stream)
    formatter = logging.Formatter(FORMAT)
    formatter.converter = time.gmtime
    formatter.default_time_format, formatter.default_msec_format = "%Y-%m-%dT%H:%M:%S", "%s.%03dZ"
    handler.setFormatter(formatter)
    handler.addFilter(CorrelationFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    return handler
