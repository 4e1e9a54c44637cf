"""The report of a real run of the course, opened from the disk without a network."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from workshop_lib.course.exercises.catalogue import catalogue

WORKSHOP = Path(sys.executable).parent / "workshop"


@pytest.mark.slow
def test_the_course_ran_and_its_report_opens_offline(
    chromium: Browser, tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "my home"
    monkeypatch.setenv("WORKSHOP_HOME", str(home))
    subprocess.run([WORKSHOP, "run", "00", "--jobs", "1"], check=True, capture_output=True)
    exercises = catalogue().chapter("00").exercises
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": 1000, "height": 760}, offline=True)
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()

    page.goto((home / "runs" / "latest" / "index.html").as_uri())
    expect(page.get_by_text(f"{len(exercises)}/{len(exercises)}")).to_be_visible()
    page.get_by_role("link", name="00_welcome").click()

    for exercise in exercises:
        expect(page.get_by_text(f"{exercise.id} {exercise.title} — Passed")).to_be_visible()
    expect(page.locator("svg[id^='mermaid']")).to_have_count(2)
    plot = page.locator("img[src^='data:image/png']")
    expect(plot).to_have_count(1)
    assert plot.evaluate("image => image.complete && image.naturalWidth > 0")
    plot.scroll_into_view_if_needed()
    page.screenshot(path=pictures / "report.png")
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
