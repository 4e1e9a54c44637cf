"""Consumers in processes of their own, for tests to kill. Run as a module: ROLE URL QUEUE STORE WORK [COUNT]."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from workshop_lib.events import BaseEvent, SQLiteEventStore, open_bus

LONG = 60.0
ROOT = Path(__file__).parents[2]


class Process:
    """One such process, and what it said, line by line. Ended with the block, and only it."""

    def __init__(self, role: str, url: str, *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.events.processes", role, url, *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def wait_for(self, beginning: str) -> None:
        with self._news:
            there = self._news.wait_for(
                lambda: any(line.startswith(beginning) for line in self._lines) or not self._reader.is_alive(), LONG
            )
            said = any(line.startswith(beginning) for line in self._lines)
            assert there, f"waited {LONG:.0f} s for {beginning!r}, heard {self._lines[-3:]}"
            assert said, f"it ended before it said {beginning!r}, code {self._process.poll()}"

    def said(self, word: str) -> list[str]:
        with self._news:
            return [line.removeprefix(f"{word} ") for line in self._lines if line.startswith(f"{word} ")]

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def ended(self) -> int:
        code = self._process.wait(LONG)
        self._reader.join()
        return code

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


class _Said(SQLiteEventStore):
    """Says what is delivered, and what was handled once that is committed."""

    pause = False

    @contextmanager
    def handling(self, consumer: str, event_id: UUID | str) -> Iterator[bool]:
        say("delivered", event_id)
        with super().handling(consumer, event_id) as new:
            yield new
        say("worked", event_id)
        if self.pause:
            threading.Event().wait()
        if new:
            say("handled", event_id)


def say(*words: object) -> None:
    # In one write: several threads may speak at once.
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main(role: str, url: str, queue: str, effects: str, work: str, count: str = "0") -> None:
    with _Said(effects) as store, open_bus(url) as bus:
        store.pause = role == "pause-before-ack"

        def callback(received: BaseEvent) -> None:
            if role == "exit-hard":
                os._exit(3)
            if role == "consume-slowly":
                time.sleep(0.005)
            store.store_event(
                BaseEvent.new(
                    received.payload,
                    event_type="test.effect",
                    source_service="consumer",
                    cause=received,
                    correlation_id=UUID(work),
                )
            )

        bus.subscribe(queue, ["#"], callback, idempotent=store)

        def publish() -> None:
            for number in range(int(count)):
                published = BaseEvent.new({"number": number}, event_type="test.event", source_service="publisher")
                bus.publish(published)
                say("published", published.metadata.event_id)
            say("all published")

        say("consuming")
        publisher = threading.Thread(target=publish)
        publisher.start()
        # On the main thread, and before the first delivery: from then on SIGTERM means drain.
        bus.start_consuming()
        publisher.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
