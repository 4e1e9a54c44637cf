import socket
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from workshop_lib.course.doctor import CHECKS, Finding, Mark, Model, Ran, ThisMachine, can_run, checks, diagnose
from workshop_lib.datasets import Change, Entry

PINS = "pika==1.3.2\ncontourpy==1 ; python_full_version < '3.12'\ncontourpy==2 ; python_full_version >= '3.12'\n"


def entry(path: Path) -> Entry:
    return Entry("documents", path, "MIT", "somewhere", "ab" * 32)


@dataclass(frozen=True)
class Laptop:
    """A machine that has all it needs; a test changes what it is about."""

    version_: tuple[int, int, int] = (3, 12, 1)
    lacking: dict[str, list[str]] = field(default_factory=dict)
    packages: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    read_only: bool = False
    disk: int = 100 * 10**9
    memory_: int | None = 16 * 10**9
    listening: tuple[int, ...] = ()
    programs: dict[str, Ran] = field(default_factory=dict)
    changed: tuple[Change, ...] = ()
    models_: dict[str, Model] = field(default_factory=lambda: {"small-model==1": Model.SOUND})

    def python(self) -> tuple[int, int, int]:
        return self.version_

    def missing(self, extra: str) -> list[str]:
        return self.lacking.get(extra, [])

    def contents(self, extra: str) -> list[str]:
        return self.packages.get(extra, ["one", "two"])

    def version(self, distribution: str) -> str | None:
        return self.versions.get(distribution)

    def constraints(self) -> str:
        return PINS

    def home(self) -> Path:
        return Path("/home/ada/course/.workshop")

    def not_writable(self, folder: Path) -> str:
        return "a file is in the way" if self.read_only else ""

    def free_disk(self, folder: Path) -> int:
        return self.disk

    def memory(self) -> int | None:
        return self.memory_

    def taken(self, port: int) -> bool:
        return port in self.listening

    def run(self, *command: str) -> Ran | None:
        return self.programs.get(command[0])

    def datasets(self) -> dict[str, tuple[Entry, tuple[Change, ...]]]:
        return {"documents": (entry(Path("/nowhere")), self.changed)}

    def models(self) -> dict[str, Model]:
        return self.models_


def only(check, machine: Laptop) -> Finding:
    (finding,) = check(machine)
    return finding


def test_a_good_machine_runs_the_course_and_every_warning_has_a_fix() -> None:
    findings = diagnose(Laptop())
    assert can_run(findings)
    assert {finding.subject for finding in findings if finding.mark is Mark.WARN} == {"Docker"}
    assert all(finding.fix for finding in findings if finding.mark is not Mark.OK)


def test_every_finding_is_one_line() -> None:
    for finding in diagnose(Laptop(disk=0, memory_=None, read_only=True, listening=(8888,))):
        assert "\n" not in finding.found + finding.fix


@pytest.mark.parametrize(
    ("version", "mark"),
    [((3, 10, 13), Mark.FAIL), ((3, 11, 0), Mark.OK), ((3, 13, 9), Mark.OK), ((3, 14, 0), Mark.FAIL)],
)
def test_python_is_one_that_the_course_supports(version, mark) -> None:
    assert only(checks.python, Laptop(version_=version)).mark is mark


def test_what_opens_notebooks_is_needed_and_the_rest_can_wait() -> None:
    without = Laptop(lacking={"notebooks": ["jupyterlab"], "training": ["torch", "mlflow"]})
    found = {finding.subject: finding for finding in checks.packages(without)}
    assert found["packages [notebooks]"].mark is Mark.FAIL
    assert "jupyterlab" in found["packages [notebooks]"].found
    assert found["packages [training]"].mark is Mark.WARN
    assert found["packages [training]"].fix
    assert found["packages [api]"].mark is Mark.OK


@pytest.mark.parametrize(
    ("name", "version", "mark"),
    [
        ("pika", "1.3.2", Mark.OK),
        ("Pika", "1.3.2+local", Mark.OK),
        ("pika", "1.2.0", Mark.WARN),
        ("contourpy", "1", Mark.OK),
        ("contourpy", "2", Mark.OK),
        ("unpinned", "7", Mark.OK),
    ],
)
def test_a_version_other_than_the_pinned_one_is_said(name, version, mark) -> None:
    machine = Laptop(packages={"events": [name]}, versions={name: version})
    found = {finding.subject: finding for finding in checks.packages(machine)}["packages [events]"]
    assert found.mark is mark
    assert (name in found.found) == (mark is Mark.WARN)


def test_a_state_folder_that_takes_no_files_stops_the_course() -> None:
    finding = only(checks.home, Laptop(read_only=True))
    assert finding.mark is Mark.FAIL
    assert "WORKSHOP_HOME" in finding.fix


@pytest.mark.parametrize(("free", "mark"), [(10**8, Mark.FAIL), (10**9, Mark.WARN), (9 * 10**9, Mark.OK)])
def test_disk_warns_before_it_is_full(free, mark) -> None:
    assert only(checks.disk, Laptop(disk=free)).mark is mark


@pytest.mark.parametrize(
    ("free", "mark"), [(10**8, Mark.FAIL), (3 * 10**9, Mark.WARN), (9 * 10**9, Mark.OK), (None, Mark.WARN)]
)
def test_memory(free, mark) -> None:
    assert only(checks.memory, Laptop(memory_=free)).mark is mark


def test_ports_in_use_are_named_with_what_the_course_has_there() -> None:
    finding = only(checks.ports, Laptop(listening=(5672, 8888)))
    assert finding.mark is Mark.WARN
    assert finding.found == "in use: 5672 (RabbitMQ), 8888 (JupyterLab)"


@pytest.mark.parametrize(
    ("ran", "mark", "found"),
    [
        (None, Mark.WARN, "not found"),
        (Ran(1, "Cannot connect to the Docker daemon"), Mark.WARN, "no engine"),
        (Ran(0, ""), Mark.WARN, "no engine"),
        (Ran(0, "WARNING: something\n27.3.1"), Mark.OK, "27.3.1"),
    ],
)
def test_docker_is_an_engine_that_answers(ran, mark, found) -> None:
    finding = only(checks.docker, Laptop(programs={"docker": ran} if ran else {}))
    assert finding.mark is mark
    assert found in finding.found


@pytest.mark.parametrize(
    ("ran", "mark", "found"),
    [
        (None, Mark.OK, "CPU"),
        (Ran(9, "couldn't communicate with the NVIDIA driver"), Mark.WARN, "driver"),
        (Ran(0, "NVIDIA A, 81920 MiB\nNVIDIA B, 81920 MiB"), Mark.OK, "NVIDIA A, 81920 MiB; NVIDIA B, 81920 MiB"),
    ],
)
def test_gpu_is_what_nvidia_smi_says(ran, mark, found) -> None:
    finding = only(checks.gpu, Laptop(programs={"nvidia-smi": ran} if ran else {}))
    assert finding.mark is mark
    assert found in finding.found


def test_a_changed_data_file_is_named_with_how_to_restore_it() -> None:
    finding = only(checks.data, Laptop(changed=(Change("en/index.md", "aa", "bb"),)))
    assert finding.mark is Mark.FAIL
    assert "en/index.md" in finding.found
    assert "estore" in finding.fix or "einstall" in finding.fix


@pytest.mark.parametrize(
    ("models", "mark", "found", "fix"),
    [
        ({"a==1": Model.SOUND, "b==1": Model.SOUND}, Mark.OK, "as published: a==1, b==1", ""),
        ({"a==1": Model.SOUND, "b==1": Model.MISSING}, Mark.WARN, "not installed: b==1", "make lab"),
        ({"a==1": Model.MISSING, "b==1": Model.CHANGED}, Mark.FAIL, "changed: b==1", "--no-deps b==1"),
        ({}, Mark.WARN, "not installed: [rag]", "make lab"),
    ],
)
def test_a_missing_model_can_wait_and_a_changed_one_cannot(models, mark, found, fix, monkeypatch) -> None:
    monkeypatch.setattr("workshop_lib.course.extras.command", lambda extra: "make lab")
    finding = only(checks.models, Laptop(models_=models))
    assert (finding.mark, finding.found) == (mark, found)
    assert finding.fix.endswith(fix)


def test_a_model_is_read_for_what_it_is(monkeypatch) -> None:
    from workshop_lib.rag import embedders

    sound = embedders.PACKAGED["minilm-int8"][0]
    wrong = replace(sound, distribution="wrong==1", files={"model.onnx": "ab"})
    none = replace(sound, distribution="none==1", package="no_such_package")
    monkeypatch.setattr(embedders, "PACKAGED", {"one": (sound, wrong), "two": (sound, none)})
    assert ThisMachine().models() == {
        sound.distribution: Model.SOUND,
        "wrong==1": Model.CHANGED,
        "none==1": Model.MISSING,
    }


def test_without_the_packages_that_read_models_there_are_none(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "workshop_lib.rag.embedders", None)
    assert ThisMachine().models() == {}


def test_one_failure_is_enough() -> None:
    assert not can_run(diagnose(replace(Laptop(), version_=(3, 9, 0))))


def test_this_machine_answers_every_check(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    machine = ThisMachine()
    assert len(diagnose(machine)) >= len(CHECKS)
    assert machine.python() == sys.version_info[:3]
    assert machine.home() == tmp_path / "home"
    assert machine.free_disk(tmp_path / "not" / "there") > 0
    assert (machine.memory() or 0) > 0
    assert machine.datasets()["documents"][1] == ()


def test_memory_is_told_without_psutil_too(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert (ThisMachine().memory() or 0) > 0


def test_a_home_under_a_file_is_not_writable(tmp_path) -> None:
    (tmp_path / "file").touch()
    assert ThisMachine().not_writable(tmp_path / "file" / "home")
    assert ThisMachine().not_writable(tmp_path / "home") == ""


def test_a_port_is_taken_while_something_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ThisMachine().taken(port)
    assert not ThisMachine().taken(port)


def script(folder: Path, text: str, mode: int = 0o755) -> None:
    (folder / "probe").write_text(text)
    (folder / "probe").chmod(mode)


def test_a_program_is_run_for_its_status_and_output(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ThisMachine().run("probe") is None
    script(tmp_path, "#!/bin/sh\necho one; echo two >&2; exit 3\n")
    assert ThisMachine().run("probe") == Ran(3, "one\ntwo")


def test_a_program_that_hangs_is_given_up(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("workshop_lib.course.doctor.machine._PATIENCE", 0.1)
    script(tmp_path, "#!/bin/sh\nexec /bin/sleep 60\n")
    ran = ThisMachine().run("probe")
    assert ran is not None
    assert ran.status == 124


def test_a_program_that_cannot_start_is_a_failed_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    script(tmp_path, "#!/no/such/interpreter\n")
    ran = ThisMachine().run("probe")
    assert ran is not None
    assert ran.status == 126
