import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from workshop_lib.datasets import Change, DatasetChanged, Documents, Entry, catalogue, changes


@pytest.fixture
def entry(tmp_path: Path) -> Entry:
    published = catalogue()["documents"]
    return replace(published, path=shutil.copytree(published.path, tmp_path / "the documents"))


def test_what_is_published_is_unchanged(entry: Entry) -> None:
    assert changes(entry) == changes(catalogue()["documents"]) == ()
    assert len(Documents(entry)) == 154


def test_a_changed_file_is_named_with_both_hashes(entry: Entry) -> None:
    file = entry.path / "es" / "async.md"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(DatasetChanged) as raised:
        Documents(entry)
    (change,) = raised.value.changes
    assert change.file == "es/async.md"
    assert str(file) in str(raised.value)
    assert f"expected {change.expected}, got {change.got}" in str(raised.value)
    assert "pip install --force-reinstall" in str(raised.value)


def test_in_a_checkout_git_restores(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "workshop_lib").mkdir()
    for file in ("workshop_lib/__init__.py", "pyproject.toml", ".git"):
        (tmp_path / file).touch()
    (entry.path / "LICENSE").unlink()
    with pytest.raises(DatasetChanged, match=f"git -C {tmp_path} checkout -- '{entry.path}'"):
        Documents(entry)


def test_a_missing_file(entry: Entry) -> None:
    (entry.path / "en" / "index.md").unlink()
    (change,) = changes(entry)
    assert (change.file, change.got) == ("en/index.md", "no file")


def test_an_extra_file_is_to_be_deleted(entry: Entry) -> None:
    (entry.path / "en" / "mine.md").write_text("# Mine")
    with pytest.raises(DatasetChanged, match=r"Delete what was added: rm '.*mine\.md'$") as raised:
        Documents(entry)
    assert [change.is_extra for change in raised.value.changes] == [True]


def test_what_a_file_manager_leaves_is_ignored(entry: Entry) -> None:
    (entry.path / "en" / ".DS_Store").touch()
    assert changes(entry) == ()


def test_a_folder_in_place_of_a_file(entry: Entry) -> None:
    (entry.path / "LICENSE").unlink()
    (entry.path / "LICENSE").mkdir()
    (change,) = changes(entry)
    assert (change.file, change.got) == ("LICENSE", "unreadable (is a directory)")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"files": {}}'])
def test_a_changed_manifest_is_the_only_change(entry: Entry, content: bytes) -> None:
    (entry.path / "manifest.json").write_bytes(content)
    assert [change.file for change in changes(entry)] == ["manifest.json"]
    with pytest.raises(DatasetChanged, match=r"manifest\.json: expected"):
        Documents(entry)


def test_no_folder_at_all(entry: Entry) -> None:
    gone = replace(entry, path=entry.path / "gone")
    assert changes(gone) == (Change("manifest.json", entry.content_hash, "no file"),)


def test_the_message_names_a_few_and_counts_the_rest(entry: Entry) -> None:
    shutil.rmtree(entry.path / "es")
    with pytest.raises(DatasetChanged, match="and 13 more") as raised:
        Documents(entry)
    assert len(raised.value.changes) == 18
