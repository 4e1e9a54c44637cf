import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workshop_lib.datasets import catalogue

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "rebuild_documents.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rebuild_documents", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_the_manifest_is_what_the_script_would_write(script: ModuleType) -> None:
    folder = catalogue()["documents"].path
    files = {name: (folder / name).read_bytes() for name in script.present(folder) if name != "manifest.json"}
    assert script.manifest(files) == (folder / "manifest.json").read_bytes()


@pytest.mark.parametrize(
    ("member", "published"),
    [
        ("fastapi-0.109.2/docs/en/docs/tutorial/body.md", "en/tutorial/body.md"),
        ("fastapi-0.109.2/LICENSE", "LICENSE"),
        ("fastapi-0.109.2/docs/fr/docs/index.md", None),
        ("fastapi-0.109.2/docs/en/docs/img/logo.svg", None),
        ("fastapi-0.109.2/docs/missing-translation.md", None),
        ("fastapi-0.109.2/docs/en/docs/../../../evil.md", None),
        ("/etc/passwd.md", None),
        ("docs", None),
    ],
)
def test_only_the_guide_s_pages_are_taken(script: ModuleType, member: str, published: str | None) -> None:
    assert script.published_as(member) == published


def test_another_tarball_is_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "fastapi-0.109.2.tar.gz"
    tarball.write_bytes(b"not it")
    result = run(str(tarball), "--check")
    assert result.returncode == 1
    assert "expected SHA-256 f3817eac" in result.stderr


def test_no_tarball(tmp_path: Path) -> None:
    result = run(str(tmp_path / "none.tar.gz"), "--check")
    assert result.returncode == 1
    assert "No such file" in result.stderr


def test_help() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "byte for byte" in result.stdout
