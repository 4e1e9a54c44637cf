import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workshop_lib.course.run.task import Task

MakeNotebook = Callable[..., Path]


def markdown(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source: str, *, tags: tuple[str, ...] = (), cell_id: str | None = None) -> dict[str, Any]:
    cell = {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source, "outputs": []}
    return {**cell, "execution_count": None, "id": cell_id}


@pytest.fixture
def make_notebook(tmp_path: Path) -> MakeNotebook:
    """Writes notebooks/NAME.ipynb: a text that begins with # is markdown, "parameters: …" the cell of that tag."""

    def make(name: str, *cells: str, ids: dict[int, str] | None = None) -> Path:
        made = []
        for index, text in enumerate(cells):
            if text.startswith("#"):
                cell = markdown(text)
            elif text.startswith("parameters: "):
                cell = code(text.removeprefix("parameters: "), tags=("parameters",))
            else:
                cell = code(text)
            cell["id"] = (ids or {}).get(index, f"cell-{index}")
            made.append(cell)
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        content = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return make


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., Task]:
    def make(source: Path, **fields: Any) -> Task:
        folder = tmp_path / "run"
        (folder / "notebooks").mkdir(parents=True, exist_ok=True)
        name = source.stem
        return Task(name, source, folder / "notebooks" / f"{name}.ipynb", folder / f"{name}.jsonl", **fields)

    return make


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where throwaway homes are made, so that a test sees which are left."""
    folder = tmp_path_factory.mktemp("homes")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder
