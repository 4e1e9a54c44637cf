import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from workshop_lib.course.progress import Progress, Standing, State, Summary
from workshop_lib.home import HomeNotWritable

NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def progress(tmp_path: Path, said: list[str]) -> Progress:
    return Progress(tmp_path / "home", clock=lambda: NOON, say=said.append)


def test_nothing_is_read_where_nothing_is(progress: Progress) -> None:
    assert progress.entries() == []
    assert progress.standings() == {}
    assert progress.standing("0.1") == Standing()
    assert progress.summary() == Summary(0, 0, "")
    assert not progress.path.parent.exists()


def test_an_entry_has_the_clocks_time(progress: Progress) -> None:
    progress.record("incorrect", "0.1", "lines")
    assert progress.entries() == [("2030-01-02T12:00:00+00:00", "incorrect", "0.1", "lines")]
    assert progress.standing("0.1").at == "2030-01-02T12:00:00+00:00"


@pytest.mark.parametrize(
    ("kinds", "standing"),
    [
        ("not started", (State.NOT_STARTED, 0, 0)),
        ("incorrect", (State.TRIED, 1, 0)),
        ("error", (State.TRIED, 1, 0)),
        ("needs another", (State.TRIED, 1, 0)),
        ("hint hint", (State.NOT_STARTED, 0, 2)),
        ("incorrect hint passed", (State.PASSED, 2, 1)),
        ("passed incorrect", (State.PASSED, 2, 0)),
        ("library", (State.LIBRARY, 0, 0)),
        ("incorrect library", (State.LIBRARY, 1, 0)),
        ("library incorrect", (State.LIBRARY, 1, 0)),
        ("library passed", (State.PASSED, 1, 0)),
        ("passed library", (State.PASSED, 1, 0)),
        ("passed hint reset", (State.NOT_STARTED, 1, 0)),
        ("passed reset library", (State.LIBRARY, 1, 0)),
        ("passed reset incorrect", (State.TRIED, 2, 0)),
    ],
)
def test_how_an_exercise_stands(progress: Progress, kinds: str, standing: tuple[State, int, int]) -> None:
    for kind in kinds.replace("not started", "not-started").replace("needs another", "needs-another").split():
        progress.record(kind.replace("-", " "), "0.1")
    found = progress.standing("0.1")
    assert (found.state, found.attempts, found.hints) == standing


def test_standings_are_in_the_order_of_their_ids(progress: Progress) -> None:
    for exercise_id in ("10.1", "0.10", "0.9", "2.1", "0.1"):
        progress.record("passed", exercise_id)
    assert list(progress.standings()) == ["0.1", "0.9", "0.10", "2.1", "10.1"]


def test_a_summary_counts_what_passed_and_names_backends_once(progress: Progress) -> None:
    for kind, exercise_id, detail in [
        ("backend", "", "memory://, sqlite"),
        ("passed", "0.1", ""),
        ("incorrect", "0.2", ""),
        ("library", "0.3", ""),
        ("backend", "", "memory://, sqlite"),
        ("backend", "", ""),
    ]:
        progress.record(kind, exercise_id, detail)
    assert progress.summary() == Summary(1, 3, "memory://, sqlite")


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scrambled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xaa" * 4096
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [garbage, truncated, scrambled])
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_corrupt_file_is_moved_aside_and_said(
    progress: Progress, said: list[str], spoil: Callable[[Path], None], first: str
) -> None:
    for number in range(200):
        progress.record("incorrect", "0.1", f"a long detail, number {number}" * 3)
    spoil(progress.path)
    before = progress.path.read_bytes()
    if first == "read":
        assert progress.entries() == []
    progress.record("passed", "0.2")
    assert [entry[1:3] for entry in progress.entries()] == [("passed", "0.2")]
    [aside] = progress.path.parent.glob("progress.corrupt-*.db")
    assert aside.read_bytes() == before
    assert said == [
        f"{progress.path} was not a readable progress file. It is kept as {aside.name}; progress begins anew."
    ]


def test_corrupt_twice_in_a_second_keeps_both(progress: Progress, said: list[str]) -> None:
    for text in ("first", "second"):
        progress.path.parent.mkdir(exist_ok=True)
        progress.path.write_text(text * 300)
        progress.record("passed", "0.1")
    kept = {p.read_text()[:5] for p in progress.path.parent.glob("progress.corrupt-*.db")}
    assert kept == {"first", "secon"}
    assert len(said) == 2


def test_no_length_at_which_a_file_is_cut_breaks_it(progress: Progress) -> None:
    for number in range(50):
        progress.record("incorrect", "0.1", "x" * number)
    whole = progress.path.read_bytes()
    for length in (0, 1, 15, 16, 99, 100, 101, 511, 4095, 4096, 4097, len(whole) - 1):
        progress.path.write_bytes(whole[:length])
        progress.record("passed", "0.2")
        assert progress.entries()[-1][1:3] == ("passed", "0.2")


def test_a_sound_file_stays_though_another_notebook_saw_it_corrupt(progress: Progress, said: list[str]) -> None:
    progress.record("passed", "0.1")
    progress._move_aside()
    assert progress.standing("0.1").state is State.PASSED
    assert said == []


WRITES = """
import sys
from pathlib import Path
from workshop_lib.course.progress import Progress
progress = Progress(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(200):
    progress.record("incorrect", sys.argv[2], str(number))
"""


def at_once(home: Path) -> None:
    """Two notebooks that write 200 entries each at the same time."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITES, home, exercise_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for exercise_id in ("0.1", "0.2")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0]


@pytest.mark.slow
def test_two_notebooks_that_write_at_once_lose_nothing(progress: Progress) -> None:
    at_once(progress.path.parent)
    entries = progress.entries()
    assert len(entries) == 400
    for exercise_id in ("0.1", "0.2"):
        numbers = [int(detail) for _at, _kind, of, detail in entries if of == exercise_id]
        assert all(b == a + 1 for a, b in pairwise(numbers))
        assert len(numbers) == 200


@pytest.mark.slow
def test_two_notebooks_that_find_it_corrupt_at_once_move_it_once(progress: Progress) -> None:
    progress.path.parent.mkdir()
    garbage(progress.path)
    at_once(progress.path.parent)
    assert len(progress.entries()) == 400
    assert len(list(progress.path.parent.glob("progress.corrupt-*.db"))) == 1


def test_a_file_in_the_homes_place(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("mine")
    progress = Progress(home)
    assert progress.standings() == {}
    with pytest.raises(HomeNotWritable, match="home is a file"):
        progress.record("passed", "0.1")
    assert home.read_text() == "mine"


def test_a_folder_in_the_files_place(progress: Progress) -> None:
    progress.path.mkdir(parents=True)
    with pytest.raises(HomeNotWritable, match=r"progress\.db: unable to open database file"):
        progress.record("passed", "0.1")
    with pytest.raises(HomeNotWritable, match=r"progress\.db: unable to open database file"):
        progress.entries()


def test_an_empty_database_has_no_entries(progress: Progress) -> None:
    progress.path.parent.mkdir()
    sqlite3.connect(progress.path).close()
    progress.path.touch()
    assert progress.entries() == []


def test_a_corrupt_file_that_cant_be_moved(progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    progress.path.parent.mkdir()
    garbage(progress.path)

    def refuse(path: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(HomeNotWritable, match="is corrupt and can't be moved"):
        progress.record("passed", "0.1")
    assert progress.path.stat().st_size == 10_000


def test_it_is_said_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(tmp_path)
    garbage(progress.path)
    progress.record("passed", "0.1")
    assert "progress begins anew" in capsys.readouterr().err
    assert progress.standing("0.1").at.endswith("+00:00")


def test_another_programs_database_is_moved_aside(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "progress.db")) as db:
        db.execute("CREATE TABLE log (line TEXT)")
        db.execute("INSERT INTO log VALUES ('theirs')")
        db.commit()
    said: list[str] = []
    progress = Progress(tmp_path, say=said.append)
    progress.record("passed", "0.1")
    assert progress.standing("0.1").state is State.PASSED
    [aside] = tmp_path.glob("progress.corrupt-*.db")
    with contextlib.closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT line FROM log").fetchall() == [("theirs",)]
    assert aside.name in said[0]


def test_an_entry_about_no_exercise_is_passed_over(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.record("passed", "nonsense")
    progress.record("passed", "0.1")
    assert list(progress.standings()) == ["0.1"]
