import io
from pathlib import Path

from rich.console import Console

from workshop_lib.course.run.events import EventLog, read_events
from workshop_lib.course.run.result import Failure, Finish, Kind
from workshop_lib.course.run.screen import LiveScreen, PlainScreen, screen_for
from workshop_lib.course.run.state import Standing
from workshop_lib.course.run.tail import Tail


def test_each_event_is_told_once(tmp_path: Path):
    log, tail = EventLog(tmp_path / "a.jsonl"), Tail(tmp_path / "a.jsonl")
    assert list(tail.poll()) == []
    log.write("started", home="/h")
    assert [e["event"] for e in tail.poll()] == ["started"]
    assert list(tail.poll()) == []


def test_half_a_line_waits_for_its_rest(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    tail = Tail(path)
    path.write_bytes(b'{"event": "cell", "head')
    assert list(tail.poll()) == []
    with path.open("ab") as file:
        file.write('ing": "Überblick"}\n'.encode())
    assert list(tail.poll()) == [{"event": "cell", "heading": "Überblick"}]


def test_a_line_that_a_killed_worker_left_is_passed_over(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"event": "cel\n[1]\n{"event": "finished"}\n{"event')
    assert list(Tail(path).poll()) == [{"event": "finished"}]
    assert list(read_events(path)) == [{"event": "finished"}]
    assert list(read_events(tmp_path / "gone")) == []


def standing_at_a_cell() -> Standing:
    standing = Standing("02_bus", clock=iter([10.0, 14.0, 14.0, 14.0]).__next__)
    standing.apply({"event": "started", "host": "h", "home": "/tmp/x"})
    standing.apply({"event": "cell", "cell": 3, "cells": 9, "heading": "Retry [with] jitter"})
    standing.apply({"event": "of a later edition"})
    return standing


def test_a_log_gets_a_line_for_each_new_heading():
    out = io.StringIO()
    screen = screen_for(Console(file=out, width=120))
    assert isinstance(screen, PlainScreen)
    standing = standing_at_a_cell()
    with screen:
        screen.show([Standing("03_waits"), standing])
        screen.show([standing])
        standing.finish = Finish(5.0, failure=Failure(Kind.CELL, "ValueError: no\nmore"))
        screen.show([standing])
    assert out.getvalue().splitlines() == [
        "02_bus  4.0 s  cell 3 of 9  Retry [with] jitter",
        "02_bus  5.0 s  failed  ValueError: no",
    ]


def test_a_terminal_gets_a_line_a_notebook():
    out = io.StringIO()
    screen = screen_for(Console(file=out, width=120, force_terminal=True))
    assert isinstance(screen, LiveScreen)
    done = Standing("01_docker", finish=Finish(2.0))
    with screen:
        screen.show([standing_at_a_cell(), done, Standing("03_waits")])
    for text in ("cell 3 of 9", "Retry [with] jitter", "finished", "waiting"):
        assert text in out.getvalue()
