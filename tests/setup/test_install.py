"""The set-up as a user runs it: real environments, real pip, no network but for one wheelhouse."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bootstrap.pip import Runner
from bootstrap.problems import Problem
from bootstrap.setup import Setup

pytestmark = pytest.mark.slow


def test_installs_once_and_again_only_when_the_folder_has_moved(checkout, wheelhouse, offline) -> None:
    offline = {**offline, "WHEELHOUSE": str(wheelhouse)}
    status, output = checkout.run("install", **offline)
    assert status == 0, output
    assert "no extras into .venv, from" in output
    assert "ready after" in output
    assert checkout.workshop_works()

    written = checkout.log.read_text()
    status, output = checkout.run("install", **offline)
    assert (status, output) == (0, ""), "a second call has nothing to say"
    assert checkout.log.read_text() == written, "and did not call pip"

    moved = checkout.root.with_name("moved here")
    was, checkout.root = checkout.root, checkout.root.rename(moved)
    status, output = checkout.run("install", **offline)
    assert status == 0, output
    assert f"building .venv anew: this folder was at {was} when it was made" in output
    assert checkout.workshop_works()


def test_no_network_is_one_line_and_what_was_there_still_counts(checkout, wheelhouse, offline) -> None:
    status, output = checkout.run("install", **offline)
    assert status == 1
    last = output.splitlines()[-1]
    assert last.startswith("set-up: no package index can be reached. Connect and run the same command again")
    assert "WHEELHOUSE=DIR" in last
    assert str(checkout.log) in last

    status, output = checkout.run("install", **offline, WHEELHOUSE=str(wheelhouse))
    assert status == 0, output
    assert "anew" not in output, "the environment itself was whole"

    # More is asked, and can't be had: the bare install that there is stays usable.
    status, output = checkout.run("install", "events", **offline)
    assert status == 1
    assert checkout.run("install", **offline) == (0, "")
    assert checkout.workshop_works()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_set_up_is_begun_anew(checkout, wheelhouse, offline, until, sent) -> None:
    environ = {**offline, "WHEELHOUSE": str(wheelhouse)}
    process = checkout.start("install", **environ)
    until(lambda: checkout.log.exists() and "Installing collected packages" in checkout.log.read_text())
    os.killpg(process.pid, sent)
    output = process.communicate(timeout=60)[0]
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert output.endswith("set-up: interrupted. Run the same command again: what was downloaded is kept\n")
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)

    status, output = checkout.run("install", **environ)
    assert status == 0, output
    assert "building .venv anew: the last set-up was interrupted" in output
    assert checkout.workshop_works()


def test_two_at_once_take_turns_and_the_second_finds_it_done(checkout, wheelhouse, offline) -> None:
    environ = {**offline, "WHEELHOUSE": str(wheelhouse)}
    checkout.log.parent.mkdir()
    with (checkout.log.parent / "setup.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        both = [checkout.start("install", **environ) for _ in range(2)]
        for process in both:
            assert process.stdout is not None
            assert "another set-up is at work" in process.stdout.readline()
    outputs = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted("ready after" in output for output in outputs) == [False, True]
    assert checkout.workshop_works()


def test_an_environment_made_by_hand_is_filled_not_thrown_away(checkout, wheelhouse, offline) -> None:
    subprocess.run([sys.executable, "-m", "venv", checkout.venv], check=True)
    keepsake = checkout.venv / "keepsake"
    keepsake.touch()
    status, output = checkout.run("install", **offline, WHEELHOUSE=str(wheelhouse))
    assert status == 0, output
    assert keepsake.exists()
    assert checkout.workshop_works()


def test_an_environment_without_pip_is_left_alone(checkout, offline) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout.venv], check=True)
    status, output = checkout.run("install", **offline)
    assert status == 1
    assert ".venv has no pip" in output
    assert (checkout.venv / "bin" / "python").exists()


def test_a_wheelhouse_that_lacks_a_package_names_it(checkout, wheelhouse, offline, tmp_path) -> None:
    thinned = tmp_path / "thinned"
    thinned.mkdir()
    for file in wheelhouse.iterdir():
        if not file.name.startswith("typer-"):
            (thinned / file.name).symlink_to(file)
    status, output = checkout.run("install", **offline, WHEELHOUSE=str(thinned))
    assert status == 1
    assert f"the wheelhouse {thinned} lacks typer" in output.splitlines()[-1]


def test_a_disk_that_fills_up_is_one_line(checkout, wheelhouse) -> None:
    checkout.venv.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", str(checkout.venv)]
    try:
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small disk can't be mounted here: that takes root on Linux, outside a container")
    try:
        setup = Setup(checkout.root, {"WHEELHOUSE": str(wheelhouse)}, say=lambda line: None, free=lambda folder: 10**12)
        with pytest.raises(Problem, match=r"^the disk is full\. Free some space"):
            setup.install([])
    finally:
        subprocess.run(["umount", str(checkout.venv)], check=True)


def test_a_long_step_says_that_it_lives(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("bootstrap.pip._BEAT", 0.05)
    said: list[str] = []
    log = tmp_path / "log"
    log.touch()
    released = tmp_path / "released"

    def hear(line: str) -> None:
        said.append(line.split("  ")[-1])
        if len(said) == 2:
            released.touch()

    script = f"""
echo Collecting numpy; echo "Processing /work shop/torch-2.13.0-cp311.whl"
until [ -e "{released}" ]; do :; done
"""
    with log.open() as lock:
        Runner(tmp_path, tmp_path / "venv", log, lock.fileno(), hear).run(["sh", "-c", script])
    assert said[-1] == "collecting: 2 packages so far"


def test_pip_sees_only_its_own_environment(checkout, wheelhouse, offline) -> None:
    # As Debian's ROS or an IDE leave it: pip would take what lies there for installed, and skip it.
    elsewhere = Path(subprocess.check_output([sys.executable, "-c", "import typer; print(typer.__file__)"], text=True))
    environ = {"PYTHONPATH": str(elsewhere.parents[1]), "PIP_USER": "1", "WHEELHOUSE": str(wheelhouse)}
    status, output = checkout.run("install", **{**offline, **environ})
    assert status == 0, output
    assert checkout.workshop_works()
