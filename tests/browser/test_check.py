"""A student does exercise 0.1: as it is, wrongly, rightly."""

from pathlib import Path

from playwright.sync_api import expect

from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.progress import Progress, State

from .notebook import Notebook, contrast
from .server import Server

ANSWER, CHECK = "# TODO 0.1", 'check("0.1"'


def test_a_todo_from_stub_to_passed(lab: Server, notebook: Notebook, pictures: Path) -> None:
    exercise = catalogue().exercise("0.1")
    progress = Progress(lab.home)
    notebook.close_file_browser()
    for text in ('event_bus_url = ""', 'begin("00"', 'load("documents")', 'shelf["es/async"]', "length = len("):
        notebook.run(text)

    def tried(label: str) -> str:
        """Run answer and check, look at the card in both themes; returns what it says."""
        notebook.run(ANSWER)
        output = notebook.run(CHECK)
        card = notebook.card(f"0.1 {exercise.title} — {label}")
        expect(card).to_be_visible()
        expect(notebook.errors).to_have_count(0)
        for theme in ("Dark", "Light"):
            notebook.change_theme(theme)
            assert contrast(card) >= 4.5
            name = f"check {label} {theme}.png".lower().replace(" ", "-")
            notebook.picture(pictures / name, notebook.cell(ANSWER), card)
        return output.inner_text()

    tried("Not started")
    assert progress.standing("0.1").state is State.NOT_STARTED

    notebook.replace_line(ANSWER, 'raise NotImplementedError("TODO 0.1")', "return len(text)")
    assert exercise.hint_for("characters") in tried("Not yet")
    assert progress.standing("0.1").state is State.TRIED

    # Typeset as a formula, it would not read so.
    notebook.replace_line(ANSWER, "return len(text)", 'return "$and or $or"')
    assert "'$and or $or'" in tried("Not yet")

    notebook.replace_line(ANSWER, 'return "$and or $or"', "return len(text.split())")
    tried("Passed")
    assert progress.standing("0.1").state is State.PASSED
    assert "return len(text.split())" in (lab.home / "answers/ex_0_1.py").read_text(encoding="utf-8")
