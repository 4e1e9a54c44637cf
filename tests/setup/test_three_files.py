"""pyproject.toml, constraints.txt and environment.yml say one thing."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if line[0] != "#"]
SUPPORTED = ("3.11", "3.12", "3.13")
CUDA = re.compile(r"nvidia-|cuda-|triton")

DIRECT = [
    pytest.param(Requirement(text), id=f"{extra or 'core'}: {text}")
    for extra, texts in {"": PYPROJECT["dependencies"], **PYPROJECT["optional-dependencies"]}.items()
    for text in texts
    if not text.startswith("mlops-workshop[")
]


def pinned(name: str) -> list[Requirement]:
    return [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(name)]


def version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version


@pytest.mark.parametrize("requirement", DIRECT)
def test_each_direct_dependency_is_pinned_within_its_range(requirement) -> None:
    pins = pinned(requirement.name)
    assert pins, f"constraints.txt lacks {requirement.name}: run scripts/compile_constraints.sh"
    assert all(requirement.specifier.contains(version(pin)) for pin in pins)


def test_every_constraint_is_one_exact_public_version() -> None:
    for pin in PINS:
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert Version(version(pin)).local is None, f"{pin} installs on one kind of machine only"


def test_no_constraint_is_for_cuda() -> None:
    assert [str(pin) for pin in PINS if CUDA.match(pin.name)] == []


def installed_with(extras: set[str]) -> dict[str, metadata.Distribution]:
    """Every distribution that this package with `extras` needs on this machine, itself not counted."""
    reached: dict[str, set[str]] = {}
    waiting = [("mlops-workshop", extras)]
    while waiting:
        name, asked = waiting.pop()
        if name in reached and asked <= reached[name]:
            continue
        reached.setdefault(name, set()).update(asked)
        for text in metadata.requires(name) or []:
            requirement = Requirement(text)
            wanted = reached[name] or {""}
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in wanted):
                waiting.append((canonicalize_name(requirement.name), requirement.extras))
    return {name: metadata.distribution(name) for name in reached if name != "mlops-workshop" and not CUDA.match(name)}


def test_everything_installed_for_course_and_tests_is_pinned_at_its_version() -> None:
    found = installed_with({"course", "dev"})
    assert len(found) > 200
    differing = {}
    for name, distribution in found.items():
        here = [version(pin) for pin in pinned(name) if pin.marker is None or pin.marker.evaluate()]
        public = str(Version(distribution.version).public)
        if here != [public]:
            differing[name] = (public, here)
    assert differing == {}, "installed and pinned differ: make test sets up what constraints.txt says"


def test_what_writes_the_notebooks_is_pinned_exactly() -> None:
    assert all(len(pinned(name)) == 1 for name in ("jupytext", "nbformat", "ruff"))


def test_conda_gets_a_supported_python_and_the_same_packages() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, by_pip = environment["dependencies"]
    assert environment["name"] == PYPROJECT["name"]
    assert SpecifierSet(PYPROJECT["requires-python"]).contains(python.removeprefix("python=") + ".0")
    assert pip == "pip"
    assert by_pip == {"pip": ["-c constraints.txt", "-e .[course]"]}


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    from workshop_lib.course.doctor.checks import SUPPORTED as in_doctor

    supported = SpecifierSet(PYPROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(20) if supported.contains(f"3.{minor}.5")]
    assert tuple(minors) == SUPPORTED
    listed = [text.rpartition(" ")[2] for text in PYPROJECT["classifiers"] if re.search(r":: 3\.\d+$", text)]
    assert listed == minors
    assert [f"{major}.{minor}" for major, minor in in_doctor] == [minors[0], minors[-1]]
    assert " | ".join(f"{minor}.*" for minor in minors) + ")" in (ROOT / "scripts" / "setup.sh").read_text()
