import os
from pathlib import Path

import pytest

from workshop_lib.rag.files import Files

LIMIT = 1000


def read(*paths: Path, **options):
    files = Files(paths, limit=LIMIT, **options)
    return list(files), files


def test_markdown_becomes_text_with_its_headings_and_title(tmp_path: Path):
    path = tmp_path / "a.md"
    path.write_text("---\nx: 1\n---\n# Coffee\n\nIt is *hot*.\n")
    (document,), _files = read(path, language="en")
    assert document.text == "Coffee\n\nIt is hot."
    assert document.document_id == str(path)
    assert document.metadata == {"title": "Coffee", "source": str(path), "language": "en"}
    assert [heading.text for heading in document.headings] == ["Coffee"]


def test_text_stays_as_it_is_and_is_titled_by_its_name(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("# no heading *here*\n")
    (document,), _files = read(path)
    assert (document.text, document.metadata["title"], document.headings) == ("# no heading *here*\n", "notes", ())


def test_a_folder_gives_its_texts_in_order_but_nothing_hidden(tmp_path: Path):
    for name in ("b.md", "a.TXT", "sub/c.markdown", "sub/.d.md", ".git/e.md", "image.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    os.mkfifo(tmp_path / "pipe.md")
    documents, files = read(tmp_path, tmp_path / "b.md")
    names = [Path(document.document_id).relative_to(tmp_path).as_posix() for document in documents]
    assert names == ["a.TXT", "b.md", "sub/c.markdown"]
    assert len(files) == 3
    assert files.skipped == []


def test_a_file_that_is_named_itself_may_end_as_it_likes(tmp_path: Path):
    (tmp_path / "README").write_text("text")
    assert len(read(tmp_path / "README")[0]) == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "whitespace"),
        ("front.md", b"---\nx: 1\n---\n", "whitespace"),
        ("image.txt", b"\x89PNG\x00\x00", "binary"),
        ("latin.txt", "café".encode("latin-1"), "UTF-8"),
        ("huge.txt", b"a" * (LIMIT + 1), "1,000 bytes"),
        (os.fsdecode(b"\xff.txt"), b"text", "document id"),
    ],
)
def test_a_bad_file_is_named_with_its_reason_and_the_others_go_on(tmp_path: Path, name: str, content: bytes, reason):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.md").write_text("text")
    documents, files = read(tmp_path)
    assert [Path(document.document_id).name for document in documents] == ["good.md"]
    ((path, told),) = files.skipped
    assert path.name == name
    assert reason in told
    assert str(tmp_path) not in told


def test_what_is_no_file_is_named(tmp_path: Path):
    (tmp_path / "nothing").mkdir()
    os.mkfifo(tmp_path / "pipe")
    _documents, files = read(tmp_path / "nowhere", tmp_path / "nothing", tmp_path / "pipe")
    assert [(path.name, bool(reason)) for path, reason in files.skipped] == [
        ("nowhere", True),
        ("nothing", True),
        ("pipe", True),
    ]


def test_a_file_that_goes_away_meanwhile_is_named(tmp_path: Path):
    (tmp_path / "a.md").write_text("text")
    files = Files([tmp_path], limit=LIMIT)
    (tmp_path / "a.md").unlink()
    assert list(files) == []
    assert "No such file" in files.skipped[0].reason
