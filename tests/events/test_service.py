import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.events.samples import event
from tests.events.serving import QUEUE
from workshop_lib.events import BaseEvent, BrokerUnavailable, EventBus, InvalidSubscription, open_bus
from workshop_lib.events.errors import CannotServe
from workshop_lib.events.logs import CorrelationFilter
from workshop_lib.events.probes import Probes
from workshop_lib.events.service import Service
from workshop_lib.events.tracing import Handling, handling

ROOT = Path(__file__).parents[2]
LONG = 60.0


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=LONG) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < deadline, f"waited {LONG:.0f} s"
        time.sleep(0.01)


@dataclass
class Serving:
    """A service's process and the bus that it consumes."""

    process: subprocess.Popen[str]
    folder: Path
    bus: EventBus
    port: int

    def written(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().split() if file.exists() else []

    def ask(self, path: str) -> tuple[int, dict[str, object]]:
        status, text = ask(self.port, path)
        return status, json.loads(text)

    def go_on(self) -> None:
        (self.folder / "go on").touch()

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[str, int], Serving]]:
    """Start a service of some manner behind so many events."""
    url = f"sqlite:///{tmp_path}/events.db"
    started: list[subprocess.Popen[str]] = []
    with open_bus(url) as bus, (tmp_path / "log").open("w") as log:

        def start(manner: str, events: int) -> Serving:
            bus.subscribe(QUEUE, ["#"], print)
            bus.publish_many(event(correlation_id=uuid4(), number=number) for number in range(events))
            command = [sys.executable, "-m", "tests.events.serving", url, str(tmp_path), manner]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
            started.append(process)
            assert process.stdout is not None
            return Serving(process, tmp_path, bus, int(process.stdout.readline()))

        try:
            yield start
        finally:
            for process in started:
                process.kill()
                process.communicate()


def test_sigterm_under_load_ends_what_was_begun_and_leaves_the_rest(serving) -> None:
    service = serving("quick", 1000)
    until(lambda: len(service.written("ended")) > 20)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(LONG) == 0
    begun, ended = service.written("begun"), service.written("ended")
    assert sorted(begun) == sorted(ended)
    assert len(set(ended)) == len(ended) < 1000
    counts = service.bus.counts(QUEUE)
    assert (counts.ready, counts.dead) == (1000 - len(ended), 0)


def test_metrics_show_what_was_handled(serving) -> None:
    service = serving("quick", 7)
    until(lambda: f'events_handled_total{{queue="{QUEUE}"}} 7.0' in ask(service.port, "/metrics")[1])
    text = ask(service.port, "/metrics")[1]
    assert f'events_handler_seconds_count{{queue="{QUEUE}"}} 7.0' in text
    assert f'events_in_flight{{queue="{QUEUE}"}} 0.0' in text
    assert "# EOF" in ask(service.port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")[1]


def test_health_answers_while_handlers_are_slow_and_while_they_are_drained(serving) -> None:
    service = serving("slow", 5)
    until(lambda: len(service.written("begun")) == 3)
    status, about = service.ask("/health")
    assert (status, about["status"], about["handling"]) == (200, "alive", 3)
    assert service.ask("/ready") == (200, {"service": "worker", "status": "consuming"})
    service.process.send_signal(signal.SIGTERM)
    until(lambda: service.ask("/ready")[0] == 503)
    assert service.ask("/ready")[1]["status"] == "draining"
    assert service.ask("/health")[0] == 200
    service.go_on()
    assert service.process.wait(LONG) == 0
    assert len(service.written("ended")) == 3
    assert service.bus.counts(QUEUE).ready == 2


def test_a_handler_that_runs_for_too_long_is_unhealthy(serving) -> None:
    service = serving("stuck", 1)
    until(lambda: service.ask("/health")[0] == 503)
    assert service.ask("/health")[1]["status"] == "stuck"
    service.go_on()
    until(lambda: service.ask("/health")[0] == 200)


def test_a_drain_has_a_limit_and_what_did_not_end_comes_again(serving) -> None:
    service = serving("endless", 1)
    until(lambda: len(service.written("begun")) == 1)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(LONG) == 1
    assert "did not end in time" in service.log()
    until(lambda: service.bus.counts(QUEUE).ready == 1)


def test_a_second_signal_ends_it_at_once(serving) -> None:
    service = serving("slow", 1)
    until(lambda: len(service.written("begun")) == 1)
    service.process.send_signal(signal.SIGTERM)
    until(lambda: service.ask("/ready")[0] == 503)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(LONG) == -signal.SIGTERM


def test_log_lines_of_a_handler_carry_the_correlation_id(serving) -> None:
    service = serving("fails", 1)
    until(lambda: service.bus.counts(QUEUE).dead == 1)
    correlation = service.bus.dead_letters(QUEUE)[0].headers["correlation_id"]
    line = next(line for line in service.log().splitlines() if line.endswith("begun"))
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z INFO work \[{correlation}\] begun", line)
    assert f"[-] worker answers on http://127.0.0.1:{service.port}" in service.log()


def record(**extra: str) -> logging.LogRecord:
    made = logging.makeLogRecord(extra)
    assert CorrelationFilter().filter(made)
    return made


def test_a_record_says_what_is_handled() -> None:
    alone = event()
    with handling(Handling(alone, "queue", 1, 0, None)):
        made = record()
        own = record(correlation_id="mine")
    assert (made.correlation_id, made.queue) == (str(alone.metadata.event_id), "queue")
    assert (own.correlation_id, own.event_id) == ("mine", str(alone.metadata.event_id))
    assert record().correlation_id == record().event_id == "-"


@contextmanager
def running(service: Service) -> Iterator[int]:
    """Its port; `run` returned True when the block ends."""
    ports: list[int] = []
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(service.run(ports.append)))
    thread.start()
    until(lambda: bool(ports))
    try:
        yield ports[0]
    finally:
        service.stop()
        thread.join(LONG)
    assert results == [True]


def test_what_is_asked_for_elsewhere_is_not_found() -> None:
    service = Service("any", open_bus("memory://"))
    service.subscribe(QUEUE, ["#"], print)
    with running(service) as port:
        status, text = ask(port, "/")
        assert status == 404
        assert "/health, /ready, /metrics" in text
        assert ask(port, "/health?verbose")[0] == 200
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"HEAD /health HTTP/1.0\r\n\r\n")
            answer = client.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.0 200")
        assert answer.endswith(b"\r\n\r\n")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_a_handler_may_stop_its_service() -> None:
    name = uuid4()
    seen: list[BaseEvent] = []
    service = Service("any", open_bus(f"memory://{name}"))

    def handle(received: BaseEvent) -> None:
        seen.append(received)
        service.stop()

    service.subscribe(QUEUE, ["#"], handle)
    with open_bus(f"memory://{name}") as bus:
        assert service.run(lambda _port: bus.publish(event())) is True
    assert len(seen) == 1


def test_a_taken_port_is_told() -> None:
    with Probes({}) as other, pytest.raises(CannotServe, match=rf"127\.0\.0\.1:{other.port}"):
        Service("any", open_bus("memory://"), port=other.port).run()
    with pytest.raises(CannotServe):
        Probes({}, port=70_000)


async def coroutine(received: BaseEvent) -> None: ...


def test_what_the_bus_refuses_is_refused() -> None:
    service = Service("any", open_bus("memory://"))
    service.subscribe(QUEUE, ["#"], coroutine)
    with pytest.raises(InvalidSubscription, match="plain function"):
        service.run()
    with pytest.raises(InvalidSubscription, match="found none"):
        Service("any", open_bus("memory://")).run()


class Failing(EventBus):
    """Ends as where a backend fails for good."""

    def start_consuming(self, block: bool = True) -> None:
        raise BrokerUnavailable("gone for good")


def test_a_bus_that_fails_for_good_ends_the_service() -> None:
    with pytest.raises(BrokerUnavailable, match="gone for good"):
        Service("any", Failing("memory://")).run()


def test_a_signal_before_it_consumes_ends_it_too() -> None:
    service = Service("any", open_bus("memory://"))
    service.subscribe(QUEUE, ["#"], print)
    service.stop()
    assert service.run() is True
