import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import workshop_lib

PACKAGE = Path(workshop_lib.__file__).parent


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A copy of the package, so that its data can be changed."""
    return shutil.copytree(PACKAGE, tmp_path / "workshop_lib", ignore=shutil.ignore_patterns("__pycache__"))


def data(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from workshop_lib.cli.data import app; app()", *arguments],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_list_gives_licence_and_source() -> None:
    result = data(PACKAGE, "list")
    assert result.returncode == 0
    assert "documents" in result.stdout
    assert "MIT" in result.stdout
    assert "fastapi 0.109.2" in result.stdout


def test_verify_is_content_with_what_is_published(installed: Path) -> None:
    result = data(installed, "verify")
    expected = "documents: as published\nquestions: as published\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, expected, "")


def test_verify_names_each_changed_file_and_exits_1(installed: Path) -> None:
    documents = installed / "datasets" / "data" / "documents"
    (documents / "en" / "index.md").write_text("mine")
    (documents / "es" / "index.md").unlink()
    (documents / "es" / "[new].md").touch()
    result = data(installed, "verify")
    assert result.returncode == 1
    for file in ("en/index.md", "es/index.md", "es/[new].md"):
        assert f"{documents / file}: expected" in result.stdout
    assert "Delete what was added" in result.stdout
    assert "Reinstall it" in result.stdout
