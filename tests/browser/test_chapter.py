"""A student opens the chapter and runs all of it, before any exercise is done."""

import base64
from pathlib import Path

from playwright.sync_api import expect

from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.progress import Progress, State

from .notebook import Notebook, contrast
from .server import Server


def test_the_chapter_runs_to_its_end_as_it_is_published(lab: Server, notebook: Notebook, pictures: Path) -> None:
    chapter = catalogue().chapter("00")
    expect(notebook.diagrams).to_have_count(2)
    for diagram in notebook.diagrams.all():
        assert diagram.evaluate("image => image.complete && image.naturalWidth > 0")
    notebook.close_file_browser()
    notebook.page.screenshot(path=pictures / "chapter.png")

    notebook.run_all()
    for exercise in chapter.exercises:
        expect(notebook.card(f"{exercise.id} {exercise.title} — Not started")).to_be_visible()
    expect(notebook.errors).to_have_count(0)
    expect(notebook.questions).to_have_count(0)
    standings = Progress(lab.home).standings()
    assert {standings[e.id].state for e in chapter.exercises} == {State.NOT_STARTED}

    expect(notebook.plots).to_have_count(1)
    assert notebook.plots.evaluate("image => image.complete && image.naturalWidth > 0")
    _, _, png = (notebook.plots.get_attribute("src") or "").partition("base64,")
    (pictures / "plot.png").write_bytes(base64.b64decode(png))

    for theme in ("Dark", "Light"):
        notebook.change_theme(theme)
        assert min(contrast(card) for card in notebook.outputs(".workshop-card").all()) >= 4.5
