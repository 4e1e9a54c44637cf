"""What a student sees of an error in a notebook."""

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from workshop_lib.datasets.errors import UnknownDataset, UnknownDocument
from workshop_lib.errors import PlainError
from workshop_lib.evaluation.errors import InvalidCutoff
from workshop_lib.events.errors import BusClosed, UnroutableError
from workshop_lib.rag.errors import EmptyQuery, IndexInUse


@pytest.mark.parametrize(
    "error",
    [
        UnknownDataset("document", ["documents"]),
        UnknownDocument("en/index", ["en/tutorial/body"]),
        UnroutableError("data.ingested", []),
        BusClosed(),
        InvalidCutoff("expected k of 1 or more, got 0"),
        EmptyQuery(),
        IndexInUse(Path("chroma"), "7"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_a_package_is_one_line(error: PlainError, capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell()
    shell.user_ns["error"] = error
    shell.run_cell("raise error")
    assert capsys.readouterr().out.strip() == f"{type(error).__name__}: {error}"
