import os
from pathlib import Path

import pytest

from workshop_lib.course.errors import NotebookUnreadable
from workshop_lib.course.notebooks import dumps, edition, fingerprint, is_untouched, read, write
from workshop_lib.course.published import project

PUBLISHED = project().notebooks / "00_welcome.ipynb"


def test_a_published_notebook_is_untouched() -> None:
    notebook = read(PUBLISHED)
    assert is_untouched(notebook)
    assert edition(notebook) == fingerprint(notebook.cells)
    assert dumps(notebook) == PUBLISHED.read_text(encoding="utf-8")


def test_running_it_leaves_it_untouched_and_editing_doesnt() -> None:
    notebook = read(PUBLISHED)
    notebook.cells[1].execution_count = 3
    notebook.cells[1].metadata["collapsed"] = True
    assert is_untouched(notebook)
    notebook.cells[1].source += " "
    assert not is_untouched(notebook)


def test_one_that_was_never_published_has_no_edition() -> None:
    notebook = read(PUBLISHED)
    del notebook.metadata["workshop"]
    assert edition(notebook) == ""
    assert not is_untouched(notebook)


def test_invalid_json_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "00.ipynb"
    path.write_text('{\n "cells": [,]\n}')
    with pytest.raises(NotebookUnreadable, match=r"00\.ipynb, line 2, column 12: expected JSON, but: Expecting value"):
        read(path)
    assert path.read_text() == '{\n "cells": [,]\n}'


@pytest.mark.parametrize("text", ["[]", "3", "null", '"text"', "{}", '{"cells": 3}', '{"nbformat": 99}'])
def test_json_that_is_no_notebook(tmp_path: Path, text: str) -> None:
    path = tmp_path / "00.ipynb"
    path.write_text(text)
    with pytest.raises(NotebookUnreadable, match="is not a notebook"):
        read(path)


def test_what_cant_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotebookUnreadable, match="No such file"):
        read(tmp_path / "gone.ipynb")
    with pytest.raises(NotebookUnreadable, match="expected a notebook, but"):
        read(tmp_path)
    path = tmp_path / "00.ipynb"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(NotebookUnreadable, match="codec can't decode"):
        read(path)


def test_writing_replaces_in_one_step_and_keeps_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "00.ipynb"
    write(path, "niño\n")
    assert path.read_bytes() == "niño\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    write(path, "again\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["00.ipynb"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "00.ipynb"
    write(path, "old\n")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path, "new\n")
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["00.ipynb"]
