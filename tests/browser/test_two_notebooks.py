"""Two notebooks open at once, on one progress file."""

import shutil
from collections.abc import Callable

from playwright.sync_api import expect

from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.progress import Progress, State

from .notebook import Notebook
from .server import Server


def test_both_record_on_one_progress_file(lab: Server, new_notebook: Callable[[], Notebook]) -> None:
    shutil.copy(lab.project.work / "00_welcome.ipynb", lab.project.work / "again.ipynb")
    one = new_notebook().open(lab.entrance)
    two = new_notebook().open(lab.page_of("again.ipynb"))
    for notebook in (one, two):
        notebook.run('event_bus_url = ""')
        notebook.run('begin("00"')

    one.rewrite("# TODO 0.1", "def count_words(text): return len(text.split())")
    two.rewrite("# TODO 0.2", "def announce(document): return None")
    for notebook, name in ((one, "count_words"), (two, "announce")):
        notebook.run(f"def {name}")
    # Both wait for their kernels at the same time.
    for notebook, exercise_id in ((one, "0.1"), (two, "0.2")):
        notebook.start(f'check("{exercise_id}"')
    for notebook, exercise_id, label in ((one, "0.1", "Passed"), (two, "0.2", "Not yet")):
        title = catalogue().exercise(exercise_id).title
        expect(notebook.card(f"{exercise_id} {title} — {label}")).to_be_visible()
        expect(notebook.errors).to_have_count(0)

    standings = Progress(lab.home).standings()
    assert {i: s.state for i, s in standings.items()} == {"0.1": State.PASSED, "0.2": State.TRIED}
