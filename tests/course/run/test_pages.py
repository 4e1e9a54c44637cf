import base64
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from workshop_lib.course.run import assets
from workshop_lib.course.run.assets import put_assets
from workshop_lib.course.run.pages import with_images, write_page
from workshop_lib.course.run.report import duration, write_index
from workshop_lib.course.run.result import Failure, Finish, Kind, NotebookResult, RunResult, Score

CHROMIUM = Path("/usr/bin/chromium")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WELCOME = """# Welcome

Inline $E = mc^2$, in a block

$$\\sum_{i=1}^n i = \\frac{n(n+1)}{2}$$

and `not $here$`. <b>Bold *and* all</b>

```mermaid
flowchart LR
  A[publish] --> B[(store)]
```
"""
HOSTILE = (
    '<img src="http://example.invalid/a.png"><script src="https://example.invalid/x.js"></script>'
    '<link rel="stylesheet" href="https://example.invalid/x.css"><style>@import "http://example.invalid/y.css";</style>'
    '<iframe src="https://example.invalid/"></iframe><div id="card" style="color: var(--jp-success-color1)">card</div>'
)
RESOURCES = {
    ("script", "src"),
    ("img", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
}


def output(**data: str) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("_", "/"): v for k, v in data.items()}}


@pytest.fixture
def report(make_notebook, make_task, tmp_path) -> Path:
    """A report over two notebooks, one of them failed; nothing has really run."""
    welcome = make_task(make_notebook("00_welcome", WELCOME, "show()", "calm()"))
    bad = make_task(make_notebook("01_bad", "# Bad", "1 / 0"))
    for task in (welcome, bad):
        content = json.loads(task.source.read_text())
        if task is welcome:
            content["cells"][1]["outputs"] = [output(image_png=PIXEL), output(text_latex="$\\alpha^2$")]
            widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "a bar at 100 %"}
            content["cells"][2]["outputs"] = [{**output(), "data": widget}]
        task.executed.write_text(json.dumps(content))
        write_page(task)
    failure = Failure(Kind.CELL, "ZeroDivisionError: <division> by zero", 1, 1, "Bad", "cell-1")
    results = (
        NotebookResult(
            "00_welcome", welcome.source, Finish(4.25, Score(2, 3, "memory")), {}, welcome.executed, welcome.page
        ),
        NotebookResult("01_bad", bad.source, Finish(1.0, failure=failure), {"k": 2}, bad.executed, bad.page),
    )
    folder = welcome.executed.parent.parent
    put_assets(folder / "assets", (welcome.page, bad.page))
    write_index(RunResult(folder, results, 65.0, 2), datetime(2026, 11, 21, tzinfo=UTC))
    return folder


class Resources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if (tag, name) in RESOURCES]


def loaded_by(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        parser = Resources()
        parser.feed(text)
        yield from parser.found
    if path.suffix in (".html", ".css"):
        yield from re.findall(r"url\([\"']?([^)\"']+)", text)
        yield from re.findall(r"@import[^;]+", text)


def test_nothing_that_a_report_loads_lies_on_a_network(report: Path):
    files = [*report.rglob("*.html"), *report.glob("assets/*.css")]
    assert len(files) == 3 + 5
    for file in files:
        for resource in loaded_by(file):
            assert resource.startswith("data:") or (file.parent / resource).is_file(), (file.name, resource)


def test_the_index_tells_what_a_reader_asks_first(report: Path):
    page = (report / "index.html").read_text(encoding="utf-8")
    for text in (
        "1 of 2 notebooks failed",
        "2/3",
        "memory",
        "k=2",
        "1 min 05 s",
        "&lt;division&gt;",
        'href="notebooks/01_bad.html#cell-id=cell-1"',
    ):
        assert text in page


def test_a_page_holds_plots_and_what_widgets_say_in_text(report: Path):
    page = (report / "notebooks" / "00_welcome.html").read_text(encoding="utf-8")
    assert f"data:image/png;base64,{PIXEL}" in page
    assert "a bar at 100 %" in page
    assert "<b>Bold <em>and</em> all</b>" in page


def test_scripts_that_no_page_needs_stay_out(report: Path, tmp_path: Path):
    put_assets(tmp_path / "assets", [report / "notebooks" / "01_bad.html"])
    assert not list((tmp_path / "assets").glob("*mermaid*")) + list((tmp_path / "assets").glob("katex*"))
    assert "katex" not in (report / "notebooks" / "01_bad.html").read_text(encoding="utf-8")


def test_pictures_beside_the_notebook_are_written_into_the_page(tmp_path: Path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "a b.png").write_bytes(base64.b64decode(PIXEL))
    (tmp_path / "outside.png").write_bytes(b"secret")
    html = '<img alt="x" src="a%20b.png"><img src="../outside.png"><img src="gone.png">'
    assert with_images(html, folder) == html.replace("a%20b.png", f"data:image/png;base64,{PIXEL}")


def test_carried_files_are_those_that_the_note_names():
    folder = Path(assets.__file__).parent
    note = (folder / "VERSIONS.md").read_text(encoding="utf-8")
    digests = re.findall(r"^([0-9a-f]{64})  (\S+)$", note, re.MULTILINE)
    assert len(digests) >= 4
    for digest, name in digests:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert max(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 3_000_000
    for package in ("katex", "mermaid", "jupyterlab"):
        assert (folder / package / "LICENSE").is_file()


@pytest.mark.parametrize(("seconds", "said"), [(4.21, "4.2 s"), (59.9, "59.9 s"), (185, "3 min 05 s")])
def test_durations_are_said_as_a_reader_says_them(seconds: float, said: str):
    assert duration(seconds) == said


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium: apt-get install chromium")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_browser_without_a_network_shows_all_of_it(report: Path, theme: str):
    from playwright.sync_api import sync_playwright

    page_file = report / "notebooks" / "00_welcome.html"
    page_file.write_text(
        page_file.read_text(encoding="utf-8").replace("</main>", HOSTILE + "</main>"), encoding="utf-8"
    )
    quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=quiet)
        page = browser.new_context(color_scheme=theme).new_page()
        asked, failed, errors = [], {}, []
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((report / "index.html").as_uri())
        page.get_by_role("link", name="00_welcome").click()
        page.wait_for_selector("pre.mermaid svg")
        assert page.locator(".katex").count() == 3
        assert page.locator("code", has_text="$here$").count() == 1
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")
        assert page.evaluate("document.body.dataset.jpThemeLight") == str(theme == "light").lower()
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(255, 255, 255)" if theme == "light" else "rgb(17, 17, 17)")
        assert page.evaluate("getComputedStyle(document.getElementById('card')).color") in (
            "rgb(56, 142, 60)",
            "rgb(76, 175, 80)",
        )
        browser.close()
    network = [url for url in asked if not url.startswith(("file:", "data:"))]
    # What a cell's output asks for is refused by the page's own policy, before it leaves the browser.
    assert {failed.get(url) for url in network} <= {"csp"}
    assert errors == []
