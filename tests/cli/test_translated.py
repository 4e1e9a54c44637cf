"""What the commands say is translated, down to the help and the errors; ids, paths, numbers and commands are not."""

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

import workshop_lib
from tests.events.samples import event
from workshop_lib.cli.services.redis import REDIS
from workshop_lib.cli.services.running import Services
from workshop_lib.course import notebooks
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.events import open_bus

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(workshop_lib.__file__).parent
MAIN = "from workshop_lib.cli import main; main()"
# `workshop lab` up to where the process would become JupyterLab.
LAB = f"import os; os.execve = lambda *arguments: None; {MAIN}"
LACKING = f"from workshop_lib.course import extras; extras.missing = lambda extra: ['nbformat']; {MAIN}"

pytestmark = pytest.mark.usefixtures("pseudo")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for folder in ("solutions", "notebooks", "instructor"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "workshop_lib" / "course" / "exercises" / "ch00").mkdir(parents=True)
    (root / "workshop_lib" / "__init__.py").touch()
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def said(folder: Path, *arguments: str, code: int = 0, program: str = MAIN, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *arguments], cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "300", **environment},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def untranslated(text: str) -> set[str]:
    """The words that stand in no wrapped message, less paths, ids, hashes and numbers."""
    while (shorter := re.sub("⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return {
        word for word in re.findall(r"\S+", text) if re.search("[A-Za-z]{2}", word) and not re.search(r"[/._0-9]", word)
    }


HELP = """
import json
from typer.main import get_command
from workshop_lib.cli import app

def walk(command, path):
    yield path, "", command.help
    for param in command.params:
        if "--help" not in param.opts:
            yield path, param.name, param.help
    for name, inner in getattr(command, "commands", {}).items():
        panel = getattr(inner, "rich_help_panel", None)
        yield from walk(inner, f"{path} {name}")
        if isinstance(panel, str):
            yield f"{path} {name}", "its panel", panel

print(json.dumps(list(walk(get_command(app), "workshop"))))
"""


def test_every_help_text_is_translated(tmp_path: Path) -> None:
    texts = json.loads(said(tmp_path, program=HELP))
    assert {path for path, _name, _text in texts} > {"workshop", "workshop lab", "workshop data list", "workshop run"}
    assert [where for where in texts if not re.fullmatch("⟦[^⟦⟧]+⟧", where[2] or "")] == []


def test_help_is_shown_translated(tmp_path: Path) -> None:
    # The rest is Typer's and Click's own, which have catalogues of their own.
    names = {"lab", "run", "progress", "reset", "update", "doctor", "data", "events", "rag", "services", "build"}
    typers = {"Usage:", "workshop", "COMMAND", "Options", "Commands"}
    clicks = {"--help", "<bool>", "-h", "Show", "this", "message", "and", "exit."}
    assert untranslated(said(tmp_path, "--help")) <= {
        *names,
        *typers,
        *clicks,
        "catch-up",
        "new-exercise",
        "[OPTIONS]",
        "[ARGS]...",
    }


def publish_new_edition(checkout: Path) -> None:
    published = checkout / "notebooks" / "00_welcome.ipynb"
    notebook = notebooks.read(published)
    notebook.cells[0].source += "\n\nNew."
    notebook.metadata["workshop"]["edition"] = notebooks.fingerprint(notebook.cells)
    notebooks.write(published, notebooks.dumps(notebook))


def edit(copy: Path) -> None:
    notebook = notebooks.read(copy)
    next(c for c in notebook.cells if c.id == "answer-0-1").source += "\n# mine"
    notebooks.write(copy, notebooks.dumps(notebook))


def test_lab_and_update(checkout: Path) -> None:
    copy = checkout / "work" / "00_welcome.ipynb"
    shown = [said(checkout, "lab", program=LAB), said(checkout, "update")]
    publish_new_edition(checkout)
    shown += [said(checkout, "lab", program=LAB), said(checkout, "update")]
    edit(copy)
    publish_new_edition(checkout)
    shown.append(said(checkout, "update"))
    copy.write_text("{")
    shown.append(said(checkout, "update"))
    expected = ("copied", "up to date", "There is a new edition", "replaced by", "To merge", "To compare")
    assert all(f"⟦{text}" in one for text, one in zip(expected, shown, strict=True))
    assert untranslated("\n".join(shown)) == set()


def test_reset_catch_up_and_progress(checkout: Path) -> None:
    said(checkout, "update")
    edit(checkout / "work" / "00_welcome.ipynb")
    shown = [said(checkout, *arguments) for arguments in (("reset", "0.1"), ("catch-up", "02"), ("progress",))]
    assert "⟦Your old answer" in shown[0]
    assert untranslated("\n".join(shown)) == set()


def test_build_and_new_exercise(checkout: Path) -> None:
    shown = [said(checkout, "build", "--check"), said(checkout, "build")]
    (checkout / "notebooks" / "00_welcome.ipynb").write_text("{}")
    shown.append(said(checkout, "build"))
    shown.append(
        said(
            checkout,
            "new-exercise",
            f"0.{len(catalogue().chapter('00').exercises) + 1}",
            "twice",
            "--reference",
            "operator:add",
        )
    )
    assert "⟦wrote" in shown[2]
    assert untranslated("\n".join(shown)) == set()


def test_data(tmp_path: Path) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "workshop_lib", ignore=shutil.ignore_patterns("__pycache__"))
    documents = package / "datasets" / "data" / "documents"
    fine = said(tmp_path, "data", "verify", PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    (documents / "en" / "index.md").unlink()
    (documents / "mine.md").touch()
    changed = said(tmp_path, "data", "verify", code=1, PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    assert "⟦no file⟧" in changed
    assert untranslated(fine + changed) == {"documents:", "questions:"}
    table = said(tmp_path, "data", "list").splitlines()
    assert untranslated(table[1]) == set()


def test_rag(tmp_path: Path) -> None:
    places = {"WORKSHOP_HOME": str(tmp_path / "home"), "WORKSHOP_CACHE": str(tmp_path / "cache")}
    (tmp_path / "good.txt").write_text("1.")
    index = ("rag", "index", "good.txt", "nowhere", "--collection", "mine", "--embedder", "use")
    shown = [
        said(tmp_path, "rag", "stats", code=1, **places),
        said(tmp_path, *index, code=1, **places),
        said(tmp_path, *index, "--chunk-size", "9", code=1, **places).partition("workshop: ")[0],
        said(tmp_path, *index, "--chunk-size", "9", "--fresh", code=1, **places),
        said(tmp_path, "rag", "index", "--language", "es", "--embedder", "use", **places),
        said(tmp_path, "rag", "stats", **places),
        said(tmp_path, "rag", "eval", "--language", "es", **places),
        said(tmp_path, "rag", "ask", "?", "--filter", "nonsense", code=1, **places),
        said(tmp_path, "rag", "ask", "?", "--filter", "year=1", **places),
        said(tmp_path, "rag", "ask", " ", code=1, **places),
        said(tmp_path, "rag", "ask", "?", "--filter", "$or=1", code=1, **places),
        said(tmp_path, "rag", "ask", "?", "--top-k", "0", code=1, **places),
        said(tmp_path, "rag", "index", "--chunk-size", "0", code=1, **places),
        said(tmp_path, "rag", "index", "--embedder", "nonsense", code=1, **places),
        said(tmp_path, "rag", "stats", "--url", "ftp://nowhere", code=1, **places),
    ]
    assert "⟦nothing is indexed yet" in shown[0]
    assert "⟦expected a question, got nothing" in shown[-6]
    # Of the collection, the model, the distance, the language.
    assert untranslated("\n".join(shown)) == {"workshop:", "documents", "use", "cosine", "es"}


def test_events(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/events.db"
    schemas = str(tmp_path / "schemas.json")
    with open_bus(url) as bus:
        empty = said(tmp_path, "events", "dead-letters", "list", EVENT_BUS_URL=url)
        bus.subscribe("1", ["#"], lambda event: event.payload["no"], max_attempts=1)
        for _number in range(3):
            bus.publish(event("test.event"))
        bus.drain()
        letter, *_others = bus.dead_letters("1")
        commands: list[tuple[str, ...]] = [
            ("list",),
            ("list", "1"),
            ("show", "1", letter.id),
            ("replay", "1", letter.id),
            ("drop", "1", "--all", "--yes"),
            ("list", "1"),
        ]
        shown = [
            said(tmp_path, "events", "dead-letters", *command, EVENT_BUS_URL=url).partition("\n{")[0]
            for command in commands
        ]
        # A mistake in each command.
        shown += [
            said(tmp_path, "events", *command, code=1, EVENT_BUS_URL=url)
            for command in (
                ("tail", "a..b"),
                ("tail", "--url", "memory://"),
                ("dead-letters", "list", "nowhere"),
                ("dead-letters", "show", "1", "99"),
                ("dead-letters", "replay", "1"),
                ("dead-letters", "drop", "1", "99"),
                ("schema", "--out", schemas, "--check"),
                ("schema", "--out", str(tmp_path / "no" / "such.json")),
            )
        ]
        with ThreadPoolExecutor(1) as pool:
            tail = pool.submit(said, tmp_path, "events", "tail", "--count", "1", EVENT_BUS_URL=url)
            while not tail.done():
                bus.publish(event("test.event"))
                wait([tail], 0.05)
        shown.append(tail.result())
    shown += [said(tmp_path, "events", "schema", "--out", schemas, *more) for more in ((), ("--check",))]
    assert "⟦There is no queue yet" in empty
    assert "⟦and " not in shown[0]
    # The exception's own words and the headers' names.
    theirs = {"KeyError:", "'no'", "in", "<lambda>", "timestamp", "traceparent", "test", "workshop:"}
    assert untranslated("\n".join([empty, *shown])) == theirs


@pytest.mark.skipif(not REDIS.installed(), reason="no redis-server here: apt-get install redis-server")
def test_services(tmp_path: Path) -> None:
    home = {"WORKSHOP_HOME": str(tmp_path)}
    try:
        shown = [
            said(tmp_path, "services", *command.split(), **home)
            for command in ("status", "up redis --no-docker", "up redis --no-docker", "status", "down", "down")
        ]
    finally:
        Services(tmp_path / "services", print).down(REDIS)
    shown.append(said(tmp_path, "services", "up", "kafka", code=1, **home))
    assert "⟦{title}: runs already" not in shown[1]
    assert "runs already" in shown[2]
    assert untranslated("\n".join(shown)) == {"export", "workshop:"}


def test_doctor(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shown = subprocess.run(
        [sys.executable, "-P", "-c", MAIN, "doctor"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": str(tmp_path / "bin")},
    ).stdout  # fmt: skip
    # A fix may be a command alone.
    assert untranslated(re.sub("-> (make|pip) .*", "", shown)) == set()


MISTAKES = [
    ("reset", "0.99"),
    ("catch-up", "nonsense"),
    ("new-exercise", "0.3", "twice", "--reference", "operator:add"),
    ("run", "77"),
    ("run", "-p", "k"),
    ("run", "--notebooks", "instructor"),
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake(checkout: Path, arguments: tuple[str, ...]) -> None:
    shown = said(checkout, *arguments, code=1)
    assert shown.startswith("workshop: ⟦")
    assert untranslated(shown) == {"workshop:"}


def test_what_is_in_the_way(checkout: Path, tmp_path: Path) -> None:
    said(checkout, "update")
    blocked = tmp_path / "home"
    blocked.touch()
    shown = [said(checkout, "catch-up", "02", code=1, WORKSHOP_HOME=str(blocked))]
    (checkout / "work" / "00_welcome.ipynb").write_text("{")
    shown.append(said(checkout, "reset", "0.1", code=1))
    (checkout / "notebooks" / "00_welcome.ipynb").write_text("{")
    shown.append(said(checkout, "build", "--check", code=1))
    shown.append(said(checkout, "update", code=1))
    shown.append(said(checkout, "lab", code=1, program=LACKING))
    assert "⟦To restore it: git -C" in shown[3]
    assert untranslated("\n".join(shown)) == {"workshop:"}


@pytest.mark.slow
def test_run(checkout: Path) -> None:
    folder = checkout / "own"
    folder.mkdir()
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None, "source": "1 / 0"}
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    text = json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    (folder / "00_bad.ipynb").write_text(text)
    shown = said(checkout, "run", "--notebooks", "own", code=1)
    assert "⟦Open: " in shown
    # The exception's own words.
    assert untranslated(shown) == {"ZeroDivisionError:", "division", "by", "zero"}
