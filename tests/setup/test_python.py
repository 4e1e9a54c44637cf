"""Which Python a set-up takes, and what it says where there is none."""

import os
from pathlib import Path

import pytest


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return folder / name


@pytest.fixture
def bare(tmp_path) -> Path:
    """A PATH that has what the script calls, and no Python."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("sh", "dirname", "env"):
        (folder / name).symlink_to(next(p / name for p in map(Path, ("/usr/bin", "/bin")) if (p / name).exists()))
    return folder


@pytest.mark.parametrize("version", ["2.7.18", "3.10.13", "3.14.0"])
def test_an_unsupported_python_is_one_clear_line(checkout, bare, version) -> None:
    program(bare, "python3", f"echo {version}")
    status, output = checkout.run("install", PATH=str(bare))
    assert status == 1
    (line,) = output.splitlines()
    assert f"needs Python 3.11, 3.12 or 3.13; found: python3 is {version}. Install one" in line
    assert "in the same command: PYTHON=" in line


def test_no_python_at_all(checkout, bare) -> None:
    status, output = checkout.run("install", PATH=str(bare))
    assert status == 1
    assert "found: no Python at all" in output


def test_the_users_python_is_taken_or_refused_but_never_replaced(checkout, tmp_path) -> None:
    old = program(tmp_path / "an old one", "python", "echo 3.9.2")
    status, output = checkout.run("install", PYTHON=str(old))
    assert (status, output.count("\n")) == (1, 1)
    assert f"{old} is 3.9.2" in output
    status, output = checkout.run("install", PYTHON=str(tmp_path / "absent"))
    assert status == 1
    assert "absent does not run" in output


def test_a_newer_one_on_the_path_is_found_behind_an_old_python3(checkout, bare) -> None:
    program(bare, "python3", "echo 3.10.13")
    program(bare, "python3.12", 'case "$1" in -c) echo 3.12.1 ;; *) echo "ran: $*" ;; esac')
    assert checkout.run("install", "lite", PATH=str(bare)) == (0, "ran: -P -m bootstrap install lite\n")


def test_a_shim_that_does_not_run_is_passed_over(checkout, bare) -> None:
    program(bare, "python3", "echo 'command not found' >&2; exit 127")
    program(bare, "python3.13", 'case "$1" in -c) echo 3.13.0 ;; *) echo taken ;; esac')
    assert checkout.run("install", PATH=str(bare)) == (0, "taken\n")


def test_the_python_of_an_existing_environment_comes_first(checkout, bare) -> None:
    program(bare, "python3", 'case "$1" in -c) echo 3.12.1 ;; *) echo other ;; esac')
    (checkout.venv / "bin").mkdir(parents=True)
    program(checkout.venv / "bin", "python", 'case "$1" in -c) echo 3.11.9 ;; *) echo own ;; esac')
    assert checkout.run("install", PATH=str(bare)) == (0, "own\n")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_its_venv_module_names_the_package_to_install(checkout, tmp_path, module) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{module}.py").write_text("raise ImportError('packaged apart')\n")
    real = tmp_path / "bin" / "python3"
    wrapper = program(tmp_path / "debian", "python3", f'PYTHONPATH="{hidden}:$PYTHONPATH" exec "{real}" "$@"')
    status, output = checkout.run("install", PATH=f"{wrapper.parent}{os.pathsep}{checkout.environ['PATH']}")
    assert status == 1
    (line,) = output.splitlines()
    assert "without its venv module" in line
    assert "sudo apt install python3." in line
    assert not checkout.venv.exists()


def test_wrong_arguments_get_the_usage(checkout) -> None:
    status, output = checkout.run("uninstall")
    assert (status, output) == (2, "usage: scripts/setup.sh install|wheelhouse [EXTRA,EXTRA]\n")
    status, output = checkout.run("install", "no-such-extra")
    assert status == 1
    assert "no extra named 'no-such-extra'" in output


def test_a_file_where_the_state_folder_goes_is_one_line(checkout) -> None:
    (checkout.root / ".workshop").touch()
    status, output = checkout.run("install")
    assert status == 1
    assert len(output.splitlines()) == 1
    assert ".workshop" in output
