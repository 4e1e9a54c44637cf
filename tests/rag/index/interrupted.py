"""Run as a program: index a shelf and stop for ever at a chosen step, so that it can be killed there.

    python -m tests.rag.index.interrupted URL COLLECTION STEP

It says `here` when it has arrived, and `done N` after each batch.
"""

import sys
from collections.abc import Callable
from typing import Any

import chromadb

from workshop_lib.rag.index import Entry, writer
from workshop_lib.rag.index.manifest import Manifest

from .making import DIMENSION, Place, entry

BATCH = 300
# Upserts of a batch into a folder: what is coming, the chunks, what is current.
WRITES = 3
OLD, LARGE = 15, 400

# 2,000 chunks: a document over the size of a batch, others of twenty chunks each.
OLD_SHELF = [entry(f"page {number}", 0, size=10) for number in range(OLD)]


def shelf() -> list[Entry]:
    pages = [entry(f"page {number}", 1, size=20) for number in range(80)]
    return [*pages[:40], entry("large", 1, size=LARGE), *pages[40:]]


def small_batches() -> None:
    writer._FLOATS = BATCH * DIMENSION


def stop_at(step: str) -> None:
    """Arrange to stop in the first batch, or between the two calls for the document that is larger than a batch."""
    owner, name, when, call = {
        "announced": (writer.Writer, "_write", "before", 1),
        # All of three batches, and the first of two calls with the large document's chunks.
        "half written": (chromadb.Collection, "upsert", "after", 3 * WRITES + 2),
        "written": (Manifest, "commit", "before", 1),
        "committed": (Manifest, "commit", "after", 1),
        "swept": (writer.Writer, "_sweep", "after", 1),
    }[step]
    original: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def stopping(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and when == "before":
            _wait()
        result = original(*arguments, **named)
        if calls == call and when == "after":
            _wait()
        return result

    setattr(owner, name, stopping)


def _wait() -> None:
    print("here", flush=True)
    sys.stdin.read()


def main(url: str, collection: str, step: str) -> None:
    small_batches()
    with Place(url, collection).open() as index:
        if step != "running":
            stop_at(step)
        index.replace_many(shelf(), lambda done: print("done", done, flush=True))
        _wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
