"""What the targets run, told by make itself."""

import subprocess

import pytest


def make(checkout, *arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.check_output(command, cwd=checkout.root, env=checkout.environ, text=True)


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["course"], ["setup.sh install course", ".venv/bin/workshop run"]),
        (["course", "ARGS=--jobs 1"], ["setup.sh install course", ".venv/bin/workshop run --jobs 1"]),
        (["lab"], ["setup.sh install course", ".venv/bin/workshop lab"]),
        (["lab", "LITE=1"], ["setup.sh install lite", ".venv/bin/workshop lab"]),
        (["build"], ["setup.sh install lite", ".venv/bin/workshop build"]),
        (["services"], ["setup.sh install lite", ".venv/bin/workshop services up"]),
        (["services", "ARGS=redis"], ["setup.sh install lite", ".venv/bin/workshop services up redis"]),
        (["services-down"], ["setup.sh install lite", ".venv/bin/workshop services down"]),
        (["wheelhouse", "LITE=1"], ["setup.sh wheelhouse lite"]),
        (["test", "ARGS=-k drift"], ["setup.sh install course,dev", "pytest -k drift"]),
    ],
)
def test_a_target_sets_up_then_runs(checkout, arguments, commands) -> None:
    lines = make(checkout, "-n", *arguments).splitlines()
    assert len(lines) == len(commands)
    assert all(line.rstrip().endswith(command) for line, command in zip(lines, commands, strict=True))


def test_the_whole_suite_passes_the_gates_first_and_measures_coverage(checkout) -> None:
    lines = make(checkout, "-n", "test")
    gates = ["ruff check", "ruff format --check", "mypy", "lint-imports", "workshop build --check", "pytest --cov"]
    places = [lines.index(gate) for gate in gates]
    assert places == sorted(places)


def test_make_alone_lists_every_target_and_variable(checkout) -> None:
    listed = make(checkout)
    for name in ("course", "lab", "test", "lint", "bench", "build", "services", "services-down", "wheelhouse"):
        assert f"make {name} " in listed
    for name in ("LITE=1", "PYTHON=", "TORCH_INDEX_URL=", "WHEELHOUSE=", "ARGS="):
        assert name in listed
