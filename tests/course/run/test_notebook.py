import json
from pathlib import Path

import pytest

from workshop_lib.course.run.errors import NoNotebooks, UnknownNotebook
from workshop_lib.course.run.notebook import find_notebooks, headings, read_notebook


def test_a_cell_stands_under_the_nearest_heading_above_it():
    cells = [
        {"cell_type": "code", "source": "1"},
        {"cell_type": "markdown", "source": ["# Welcome\n", "## `backoff`, *slowly* ##\n", "text"]},
        {"cell_type": "code", "source": "2"},
        {"cell_type": "markdown", "source": "```python\n# a comment\n```\nno heading"},
        {"cell_type": "code", "source": "3"},
    ]
    assert headings(cells) == ["", "backoff, slowly", "backoff, slowly", "backoff, slowly", "backoff, slowly"]


def test_parameters_are_the_names_that_the_tagged_cell_assigns(make_notebook):
    path = make_notebook("00_a", "other = 1", "parameters: fast: bool = True\nurl, n = 'x', 3")
    assert read_notebook(path).parameters == {"fast", "url", "n"}


def test_a_tagged_cell_with_a_syntax_error_names_none(make_notebook):
    assert read_notebook(make_notebook("00_a", "parameters: fast = (")).parameters == frozenset()


def test_exercises_are_counted_by_their_check_cells(make_notebook):
    path = make_notebook("00_a", "1", "2", "3", ids={0: "answer-0-1", 1: "check-0-1", 2: "check-0-2"})
    assert read_notebook(path).exercises == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"cells": [\n  ,]}', "line 2, column 3"),
        (b'{"cells": "\xff"}', "byte 11"),
        (b"[1, 2]", "no list of cells"),
        (b'{"cells": [1]}', "no list of cells"),
    ],
)
def test_an_unreadable_notebook_says_file_and_place(tmp_path: Path, content: bytes, said: str):
    path = tmp_path / "05_broken.ipynb"
    path.write_bytes(content)
    error = read_notebook(path).error
    assert said in error
    assert "05_broken.ipynb" in error


def test_a_missing_notebook_is_a_notebook_with_an_error(tmp_path: Path):
    assert "No such file" in read_notebook(tmp_path / "gone.ipynb").error


@pytest.mark.parametrize("chosen", ["2", "02", "02_bus", "02_bus.ipynb"])
def test_a_chapter_is_chosen_by_number_or_name(make_notebook, chosen: str):
    folder = make_notebook("02_bus", "1").parent
    make_notebook("10_other", "1")
    assert [n.name for n in find_notebooks(folder, [chosen])] == ["02_bus"]


def test_an_unknown_chapter_names_the_known(make_notebook):
    folder = make_notebook("02_bus", "1").parent
    with pytest.raises(UnknownNotebook, match=r"'7'.*02_bus"):
        find_notebooks(folder, ["7"])


def test_a_file_is_a_folder_of_one(make_notebook):
    path = make_notebook("02_bus", "1")
    assert [n.path for n in find_notebooks(path)] == [path]


def test_a_folder_without_notebooks_is_refused(tmp_path: Path):
    with pytest.raises(NoNotebooks, match=str(tmp_path)):
        find_notebooks(tmp_path)


def test_a_cell_without_metadata_is_read(tmp_path: Path):
    path = tmp_path / "00_a.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "raw", "metadata": None}]}))
    assert read_notebook(path).error == ""
