"""Real processes: they say, are killed, and don't outlive whoever started them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from workshop_lib.course.processes import SideProcess, SideProcessEnded
from workshop_lib.events import DataIngestedEvent, open_bus
from workshop_lib.parts import answer_path
from workshop_lib.platform.tally import totals

LONG = 60.0
TALLY = "workshop_lib.course.processes.tally"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def told(home: Path) -> dict[str, str]:
    """What a tally is told, with three pages waiting for it."""
    told = {"bus": "sqlite:///bus.db?lease=1", "store": "sqlite:///events.db", "exchange": "test"}
    with open_bus(told["bus"], "test") as bus:
        bus.subscribe("test.tally", ["data.ingested"], print)
        for number in range(3):
            bus.publish(
                DataIngestedEvent.for_document(
                    document_id=f"en/{number}", filename="a.md", content="a b", size=3, source_service="test"
                )
            )
    return told | {"ledger": str(home / "ledger.db")}


def test_killed_after_the_work_the_page_comes_again_and_counts_once(told: dict[str, str], home: Path) -> None:
    with SideProcess(TALLY, **told, hang_at=2) as first:
        hung = first.wait_for("hangs").what
        first.kill()
        assert not first.running
    with SideProcess(TALLY, **told) as second:
        second.wait_for("knew")
        second.wait_for("wrote")
        assert second.stop() == 0
    assert [line.what for line in second.said("knew")] == [hung]
    assert second.said("ended")
    assert first.started < first.ended <= second.ended
    assert totals(home / "ledger.db") == {"no section": (3, 6)}


def test_acknowledged_before_the_work_it_is_lost(told: dict[str, str], home: Path) -> None:
    with SideProcess(TALLY, **told, auto_ack=True, once=False, hang_at=1, hang="before") as first:
        first.wait_for("hangs")
        first.kill()
    with SideProcess(TALLY, **told, auto_ack=True, once=False) as second:
        second.wait_for("wrote", 2)
        second.wait_until_quiet(2.0)
        second.stop()
    assert totals(home / "ledger.db") == {"no section": (2, 4)}


def test_it_runs_the_students_saved_answers(told: dict[str, str], home: Path) -> None:
    path = answer_path("2.6", home)
    path.parent.mkdir()
    path.write_text("def handle_once(connection, consumer, event_id, work):\n    return False\n")
    with SideProcess(TALLY, **told) as process:
        process.wait_for("knew", 3)
        process.stop()
    assert totals(home / "ledger.db") == {}


def test_what_it_said_before_it_ended_is_told(told: dict[str, str]) -> None:
    with (
        SideProcess(TALLY, **told | {"bus": "nothing://"}) as process,
        pytest.raises(SideProcessEnded, match=r"expected the process to say 'ready'(.|\n)*UnknownScheme"),
    ):
        process.wait_for("ready")


def test_it_ends_with_a_parent_that_is_killed(told: dict[str, str]) -> None:
    code = (
        "import sys, json, time\n"
        "from workshop_lib.course.processes import SideProcess\n"
        f"process = SideProcess({TALLY!r}, **json.loads(sys.argv[1]))\n"
        "process.wait_for('ready')\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, json.dumps(told)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        child = psutil.Process(pid)
        os.kill(parent.pid, signal.SIGKILL)
    finally:
        parent.kill()
        parent.wait()
    until = time.monotonic() + LONG
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it outlives its parent"
        time.sleep(0.05)
