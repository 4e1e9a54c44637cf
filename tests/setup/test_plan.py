"""The decisions of a set-up, without one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from bootstrap import machine, plan, wheelhouse
from bootstrap.plan import Action, Found, Stamp, decide, merged
from bootstrap.problems import Problem, explain

STAMP = Stamp("edition 1", "3.11", "/home/ada/work shop", ("lite", "notebooks"))
THERE = Found(exists=True, python="3.11", interrupted=False, stamp=STAMP)


@pytest.mark.parametrize(
    ("wanted", "found", "action"),
    [
        (STAMP, THERE, Action.NOTHING),
        (replace(STAMP, extras=("notebooks",)), THERE, Action.NOTHING),
        (replace(STAMP, extras=()), THERE, Action.NOTHING),
        (replace(STAMP, extras=("lite", "notebooks", "training")), THERE, Action.INSTALL),
        (replace(STAMP, fingerprint="edition 2"), THERE, Action.INSTALL),
        (STAMP, Found(exists=False, python="", interrupted=False, stamp=None), Action.INSTALL),
        (STAMP, replace(THERE, stamp=None), Action.INSTALL),
        (STAMP, replace(THERE, interrupted=True), Action.REBUILD),
        (STAMP, replace(THERE, python=""), Action.REBUILD),
        (STAMP, replace(THERE, python="3.12"), Action.REBUILD),
        (replace(STAMP, location="/elsewhere"), THERE, Action.REBUILD),
    ],
)
def test_what_is_there_decides(wanted, found, action) -> None:
    assert decide(wanted, found)[0] is action


def test_a_rebuild_always_says_why() -> None:
    for found in (replace(THERE, interrupted=True), replace(THERE, python=""), replace(THERE, python="3.13")):
        assert decide(STAMP, found)[1]


TORCH = replace(STAMP, extras=("training",), torch_index="https://cpu.example/simple")


@pytest.mark.parametrize(
    ("given", "action"),
    [(TORCH.torch_index, Action.NOTHING), ("", Action.NOTHING), ("https://cuda.example/simple", Action.REBUILD)],
)
def test_another_torch_index_rebuilds_and_a_forgotten_one_does_not(given, action) -> None:
    found = replace(THERE, stamp=TORCH)
    assert decide(replace(TORCH, torch_index=given), found)[0] is action
    assert merged(replace(TORCH, torch_index=given), TORCH).torch_index == given or TORCH.torch_index


def test_adding_an_extra_keeps_those_there_are() -> None:
    assert merged(replace(STAMP, extras=("dev",)), STAMP).extras == ("dev", "lite", "notebooks")
    assert merged(STAMP, None) is STAMP


def test_a_stamp_is_read_as_written_and_by_its_owner_alone(tmp_path) -> None:
    TORCH.write(tmp_path / "stamp")
    assert Stamp.read(tmp_path / "stamp") == TORCH
    assert (tmp_path / "stamp").stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == ["stamp"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"fingerprint": 1}', '{"extras": 3}', "\x00"])
def test_a_broken_stamp_counts_as_none(tmp_path, text) -> None:
    (tmp_path / "stamp").write_text(text)
    assert Stamp.read(tmp_path / "stamp") is None
    assert Stamp.read(tmp_path / "absent") is None


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    (tmp_path / "pyproject.toml").write_text(
        """
[build-system]
requires = ["hatchling>=1.27"]
[project]
dependencies = ["rich"]
[project.optional-dependencies]
one = ["a"]
two = ["b"]
both = ["mlops-workshop[one, two]"]
all = ["mlops-workshop[both]", "c"]
[tool.ruff]
line-length = 120
"""
    )
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new))


def test_extras_are_expanded_through_each_other(project) -> None:
    assert plan.expand(project, ["all"]) == ("all", "both", "one", "two")
    assert plan.expand(project, []) == ()
    with pytest.raises(KeyError):
        plan.expand(project, ["three"])


def test_the_fingerprint_follows_what_pip_reads_and_nothing_else(project) -> None:
    before = plan.fingerprint(project)
    edit(project / "pyproject.toml", "line-length = 120", "line-length = 100")
    assert plan.fingerprint(project) == before
    edit(project / "pyproject.toml", '["a"]', '["a>1"]')
    changed = plan.fingerprint(project)
    assert changed != before
    edit(project / "constraints.txt", "2.13.0", "2.13.1")
    assert plan.fingerprint(project) != changed


def test_torch_comes_at_the_version_of_the_constraints(project) -> None:
    assert plan.torch_requirement(project) == "torch==2.13.0"
    assert plan.build_requirements(project) == ["hatchling>=1.27", "editables"]


def test_disk_is_measured_against_what_is_still_to_come() -> None:
    course = ("course", "lite", "notebooks", "rag", "training")
    assert 7 < machine.need(course) < 9
    assert 1 < machine.need(("lite", "notebooks")) < 2
    assert machine.need(course, ("lite", "notebooks")) < machine.need(course)
    assert machine.need(course, course) == 0
    assert machine.need(course, cuda=True) > machine.need(course) + 3
    assert machine.need(("lite",), cuda=True) == machine.need(("lite",))


def test_too_little_disk_is_said_before_anything_starts(tmp_path) -> None:
    machine.check_disk(tmp_path, 8.0, lambda folder: 9 * 10**9)
    with pytest.raises(Problem, match=r"needs about 8\.0 GB of free disk, and .* has 7\.0 GB.*LITE=1"):
        machine.check_disk(tmp_path, 8.0, lambda folder: 7 * 10**9)
    assert machine.free(tmp_path) > 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("WARNING: Retrying … NameResolutionError\nERROR: No matching distribution found for rich", "no package index"),
        ("ProxyError('Cannot connect to proxy.', NewConnectionError())", "HTTPS_PROXY does not answer"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] …'))", "PIP_CERT"),
        ("ERROR: Failed building wheel for x\nERROR: second", "pip stopped: Failed building wheel for x"),
        ("      ERROR: in a build step\n      [end of output]", "pip stopped: in a build step"),
        ("Killed", "gave no reason"),
    ],
)
def test_pips_log_becomes_one_line(text, says) -> None:
    line = explain(text, None)
    assert says in line
    assert "\n" not in line


def test_a_wheelhouse_is_blamed_for_what_it_lacks_not_the_network() -> None:
    text = "ERROR: No matching distribution found for typer>=0.15"
    assert "the wheelhouse /w lacks typer>=0.15" in explain(text, Path("/w"))
    text = "ERROR: Cannot install x because of conflicts.\n    The user requested (constraint) typer==0.29.2"
    assert "the wheelhouse /w lacks typer==0.29.2" in explain(text, Path("/w"))
    assert "is not enough" in explain("ERROR: something", Path("/w"))


def filled(folder: Path, **changes: object) -> wheelhouse.Description:
    wanted = wheelhouse.describe("edition 1", ("lite",))
    wheelhouse.open_for_writing(folder)
    wheelhouse.close(folder, {**wanted, **changes})  # type: ignore[typeddict-item]
    return wanted


def test_a_complete_wheelhouse_is_found_by_itself_or_by_name(tmp_path) -> None:
    wanted = filled(tmp_path / "wheelhouse")
    assert wheelhouse.choose(tmp_path, "", wanted) == ((tmp_path / "wheelhouse"), "")
    assert wheelhouse.choose(tmp_path, "wheelhouse", wanted)[0] == tmp_path / "wheelhouse"
    assert wheelhouse.choose(tmp_path / "elsewhere", "", wanted) == (None, "")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"python": "3.9"}, "is for Python 3.9"),
        ({"platform": "win32"}, "on win32"),
        ({"fingerprint": "edition 0"}, "another edition"),
        ({"extras": []}, "lacks the extras lite"),
        ({"extras": None}, "incomplete"),
    ],
)
def test_a_wheelhouse_that_will_not_do_is_passed_over_or_refused_where_it_was_named(tmp_path, changes, says) -> None:
    wanted = filled(tmp_path / "wheelhouse", **changes)
    folder, why = wheelhouse.choose(tmp_path, "", wanted)
    assert folder is None
    assert says in why
    with pytest.raises(Problem, match=says):
        wheelhouse.choose(tmp_path, "wheelhouse", wanted)


def test_one_that_was_being_filled_is_not_complete(tmp_path) -> None:
    wanted = filled(tmp_path / "wheelhouse")
    wheelhouse.open_for_writing(tmp_path / "wheelhouse")
    with pytest.raises(Problem, match="incomplete"):
        wheelhouse.choose(tmp_path, str(tmp_path / "wheelhouse"), wanted)
    with pytest.raises(Problem, match="is no folder"):
        wheelhouse.choose(tmp_path, f"absent{os.sep}", wanted)
