"""The commands as a user runs them, on a bus in a file."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.events.samples import event
from workshop_lib.cli import main
from workshop_lib.cli.events.schema import FILES, Format, document
from workshop_lib.events import BaseEvent, DeadLetter, EventBus, open_bus

Command = Callable[..., str]
MAIN = "from workshop_lib.cli import main; main()"
ROOT = Path(__file__).resolve().parents[2]
LONG = 60.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/events.db"


@pytest.fixture
def bus(url: str) -> Iterator[EventBus]:
    with open_bus(url) as bus:
        yield bus


@contextmanager
def started(url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-P", "-c", MAIN, "events", *arguments]
    environ = {**os.environ, "EVENT_BUS_URL": url, "COLUMNS": "120"}
    with subprocess.Popen(
        command, env=environ, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture
def workshop(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """What a command says on its output; or, where it ends with another code, among its errors."""
    monkeypatch.setenv("EVENT_BUS_URL", url)
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["workshop", "events", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert (end.value.code or 0) == code, said.out + said.err
        return said.err if code else said.out

    return run


def refuse(received: BaseEvent) -> None:
    number = received.payload["number"]
    raise ValueError(f"too long: [red]{number}[/red]" if number else "no\x1b[31mthing")


def kill(bus: EventBus, *numbers: int) -> tuple[DeadLetter, ...]:
    """Events that die in the queue `training`."""
    bus.subscribe("training", ["test.#"], refuse, max_attempts=1)
    for number in numbers:
        bus.publish(event("test.event", number=number))
    bus.drain()
    return bus.dead_letters("training")


def test_the_committed_documents_are_current() -> None:
    for kind in Format:
        assert (ROOT / FILES[kind]).read_text() == document(kind), f"workshop events schema --format {kind} --check"


def test_the_schema_is_written_and_checked(workshop: Command, tmp_path: Path) -> None:
    file = tmp_path / "schemas.json"
    told = json.loads(workshop("schema"))
    assert told["asyncapi"] == "3.0.0"
    assert "current: " in workshop("schema", "--check")
    workshop("schema", "--format", "json", "--out", str(file))
    assert "data.ingested" in json.loads(file.read_text())
    workshop("schema", "--format", "json", "--out", str(file), "--check")
    file.write_text("{}")
    error = workshop("schema", "--format", "json", "--out", str(file), "--check", code=1)
    assert f"--format json --out {file}" in error
    assert "directory" in workshop("schema", "--out", str(tmp_path / "no" / "such.json"), code=1)


def test_the_overview_counts_and_gives_reasons(bus: EventBus, workshop: Command) -> None:
    assert "no queue yet" in workshop("dead-letters", "list")
    kill(bus, 0, 1, 1)
    bus.publish(event("test.event", number=2))
    bus.subscribe("idle", ["other"], refuse)
    shown = workshop("dead-letters", "list")
    assert "2  ValueError: too long: [red]1[/red]" in shown
    assert "\x1b[31m" not in shown
    rows = json.loads(workshop("dead-letters", "list", "--json"))
    assert [(row["queue"], row["ready"], row["dead"]) for row in rows] == [("idle", 0, 0), ("training", 1, 3)]
    assert list(rows[1]["reasons"].values()) == [2, 1]


def test_letters_are_listed_with_ids_that_can_be_pasted(bus: EventBus, workshop: Command) -> None:
    letters = kill(bus, 1, 2, 3)
    shown = workshop("dead-letters", "list", "training", "--limit", "2")
    assert [letter.id for letter in letters if f" {letter.id} " in shown] == [letters[0].id, letters[1].id]
    assert "2 of 3" in shown
    bus.drop("training", letters[0].id)
    told = json.loads(workshop("dead-letters", "list", "training", "--json"))
    assert [one["id"] for one in told] == [letters[1].id, letters[2].id]
    error = workshop("dead-letters", "list", "trainning", code=1)
    assert error.startswith("workshop: ")
    assert "one of: training" in error


def test_a_letter_is_shown_with_where_it_failed_and_what_it_said(bus: EventBus, workshop: Command) -> None:
    letters = kill(bus, 0, 7)
    shown = workshop("dead-letters", "show", "training", letters[1].id)
    for text in ("ValueError: too long: [red]7[/red]", "in refuse", '"number": 7', "event_id", "test.event"):
        assert text in shown
    assert "\x1b[31m" not in workshop("dead-letters", "show", "training", letters[0].id)
    told = json.loads(workshop("dead-letters", "show", "training", letters[1].id, "--json"))
    assert told["event"]["payload"] == {"number": 7}
    assert told["headers"]["source_service"] == "test"
    assert "dead-letters list training" in workshop("dead-letters", "show", "training", "999", code=1)


def test_chosen_letters_are_replayed_and_dropped(bus: EventBus, workshop: Command) -> None:
    first, second, third, fourth = kill(bus, 1, 2, 3, 4)
    assert workshop("dead-letters", "replay", "training", first.id, third.id) == "put back into training: 2\n"
    assert workshop("dead-letters", "drop", "training", second.id) == "dropped from training: 1\n"
    counts = bus.counts("training")
    assert (counts.ready, counts.dead) == (2, 1)
    error = workshop("dead-letters", "replay", "training", fourth.id, "999", code=1)
    assert "'999'" in error
    for action in ("replay", "drop"):
        assert "--all" in workshop("dead-letters", action, "training", code=1)
        assert "--all" in workshop("dead-letters", action, "training", fourth.id, "--all", code=1)
    assert bus.counts("training").dead == 1


def test_all_letters_are_replayed_once_though_they_die_again(
    bus: EventBus, workshop: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workshop_lib.cli.events.dead_letters._AT_ONCE", 2)
    kill(bus, *range(5))
    bus.start_consuming(block=False)
    assert workshop("dead-letters", "replay", "training", "--all") == "put back into training: 5\n"
    bus.drain()
    assert bus.counts("training").dead == 5


def test_all_are_dropped_when_the_question_is_answered(
    bus: EventBus, workshop: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(bus, 1, 2)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    workshop("dead-letters", "drop", "training", "--all", code=1)
    assert bus.counts("training").dead == 2
    assert workshop("dead-letters", "drop", "training", "--all", "--yes") == "dropped from training: 2\n"
    assert bus.counts("training").dead == 0


def looking_on(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    assert "Ctrl-C" in process.stderr.readline()


def test_tail_shows_what_matches_until_ctrl_c_and_takes_nothing(bus: EventBus, url: str) -> None:
    bus.subscribe("mine", ["#"], refuse)
    with started(url, "tail", "test.*", "model.trained", "--json") as process:
        looking_on(process)
        bus.publish(event("other.event", number=1))
        bus.publish(event("test.event", number=2))
        bus.publish(event("test.event", number=3), routing_key="training.completed")
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG) == 0
        assert process.stdout.read() == ""
    assert [one["event"]["payload"] for one in seen] == [{"number": 2}, {"number": 3}]
    assert [one["routing_key"] for one in seen] == ["test.event", "training.completed"]
    assert seen[0]["headers"]["event_type"] == "test.event"
    assert bus.counts("mine").ready == 3
    assert bus.queues() == ("mine",)


def test_tail_shows_lines_and_ends_after_so_many(bus: EventBus, url: str) -> None:
    with started(url, "tail", "--count", "2") as process:
        looking_on(process)
        bus.publish(event("test.event", text="[red]a\x1b[31m"))
        bus.publish(event("test.event", text="b" * 1000))
        out, _err = process.communicate(timeout=LONG)
    assert process.returncode == 0
    first, second = out.splitlines()
    assert "test.event  test  –  " in first
    assert "[red]a" in first
    assert "\x1b" not in first
    assert second.endswith("bb …")


def test_tail_ends_when_nobody_reads_on(bus: EventBus, url: str) -> None:
    with started(url, "tail") as process:
        looking_on(process)
        assert process.stdout is not None
        process.stdout.close()
        bus.publish(event("test.event", number=1))
        assert process.wait(LONG) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_bus_of_one_process_is_refused_in_one_line(workshop: Command) -> None:
    for arguments in (("tail",), ("dead-letters", "list")):
        error = workshop(*arguments, "--url", "memory://", code=1)
        assert error.startswith("workshop: expected a bus that processes share")
        assert error.count("\n") == 1


def test_another_bus_is_named_by_its_url(
    bus: EventBus, url: str, workshop: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(bus, 1)
    monkeypatch.setenv("EVENT_BUS_URL", "memory://")
    assert "training" in workshop("dead-letters", "list", "--url", url)
    assert "redis://" in workshop("tail", "--url", "nats://here", code=1)
    assert "pattern" in workshop("tail", "a..b", code=1)


def test_an_exchange_hears_its_own(bus: EventBus, url: str) -> None:
    with started(url, "tail", "--exchange", "another", "--count", "1") as process, open_bus(url, "another") as other:
        looking_on(process)
        bus.publish(event("test.event", number=1))
        other.publish(event("test.event", number=2))
        assert '{"number": 2}' in process.communicate(timeout=LONG)[0]
