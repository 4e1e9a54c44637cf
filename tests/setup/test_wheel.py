"""`pip install .` for an engineer who wants the library and not the course."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "tensorflow", "keras", "mlflow", "chromadb", "langchain", "jupyterlab", "ipykernel", "numpy", "pika"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(wheelhouse, tmp_path_factory) -> Path:
    built = tmp_path_factory.mktemp("built")
    source = ["--no-index", "--find-links", str(wheelhouse), "--no-deps"]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", *source, "-w", str(built)]
    subprocess.run([*pip, str(wheelhouse.parent)], check=True)
    return next(built.glob("mlops_workshop-*.whl"))


def test_the_wheel_holds_every_file_of_the_package_that_git_keeps(wheel) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    listed = subprocess.check_output(["git", "ls-files", "-z", "workshop_lib"], cwd=ROOT, text=True).split("\0")
    assert {name for name in listed if name and (ROOT / name).exists()} <= inside
    assert "workshop_lib/py.typed" in inside
    assert any(name.startswith("workshop_lib/datasets/data/") for name in inside)
    assert any(name.endswith("/licenses/LICENSE") for name in inside)


def test_an_empty_environment_gets_a_typed_importable_library_and_nothing_heavy(wheel, wheelhouse, tmp_path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    source = ["--no-index", "--find-links", str(wheelhouse)]
    # A PYTHONPATH to the checkout would make it what is imported.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([python, "-m", "pip", "install", "--quiet", *source, wheel], check=True, env=environ)

    code = """
import json, pathlib, sys
import workshop_lib, workshop_lib.datasets
import importlib.metadata as metadata
print(json.dumps({
    "typed": (pathlib.Path(workshop_lib.__file__).parent / "py.typed").is_file(),
    "documents": len(list(workshop_lib.datasets.load("documents"))),
    "packages": sorted(d.name.lower() for d in metadata.distributions()),
}))
"""
    told = json.loads(subprocess.check_output([python, "-c", code], cwd=tmp_path, env=environ, text=True))
    assert told["typed"]
    assert told["documents"] > 100
    assert HEAVY.isdisjoint(told["packages"])
    assert len(told["packages"]) < 25

    shown = subprocess.check_output([python.with_name("workshop"), "--help"], cwd=tmp_path, env=environ, text=True)
    assert "doctor" in shown
    doctor = [python.with_name("workshop"), "doctor", "--json"]
    found = subprocess.run(doctor, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    (notebooks,) = [one for one in json.loads(found.stdout)["findings"] if one["subject"] == "packages [notebooks]"]
    assert found.returncode == 1
    assert notebooks["fix"] == 'pip install "PATH-OF-CHECKOUT[notebooks]"'
