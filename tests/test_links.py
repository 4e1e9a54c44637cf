"""What the pages for people on GitHub point at is in the repository."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
_TARGET = re.compile(r"\]\(\s*<?([^)>\s]+)|(?:src|srcset|href)=\"([^\"]+)\"")


def targets(page: Path) -> list[str]:
    found = ("".join(pair) for pair in _TARGET.findall(page.read_text(encoding="utf-8")))
    return [target.partition("#")[0] for target in found if not re.match(r"[a-z]+:|#", target)]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_link_and_image_is_in_git(name: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = {Path(path) for path in listed.split("\0") if path}
    tracked |= {folder for path in tracked for folder in path.parents}
    assert [target for target in targets(ROOT / name) if Path(target) not in tracked] == []


def test_a_link_is_found_in_either_form(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text('![a](docs/a.png) [b](b.md#c) <img src="d.svg"> [e](https://example.org) [f](#g)')
    assert targets(page) == ["docs/a.png", "b.md", "d.svg"]
