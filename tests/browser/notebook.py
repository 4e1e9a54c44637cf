"""What a student does in one open notebook, and what they then see."""

import re
from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page, expect

# Text on the nearest opaque background behind it, as WCAG 2 computes it; the lowest ratio of the element's texts.
_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
_DONE = re.compile(r"\[\d+\]:")


class Notebook:
    """Cells are found by what stands in them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def open(self, url: str) -> "Notebook":
        """Open the page, and wait until the kernel is idle."""
        self.page.goto(url)
        expect(self._panel).to_be_visible()
        expect(self.page.locator("#jp-main-statusbar").get_by_text("| Idle")).to_be_visible()
        return self

    def cell(self, text: str) -> Locator:
        """The code cell in which `text` stands."""
        return self._panel.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=text))

    def start(self, text: str) -> None:
        """Click into the cell and type Shift+Enter."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run(self, text: str) -> Locator:
        """Start the cell and wait for its end; returns its output."""
        cell = self.cell(text)
        prompt = cell.locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        self.start(text)
        expect(prompt).not_to_have_text(before)
        expect(prompt).to_have_text(_DONE)
        return cell.locator(".jp-OutputArea")

    def rewrite(self, text: str, source: str) -> None:
        """Click into the cell, select all of it, and type `source` in its place."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(source)

    def replace_line(self, text: str, old: str, new: str) -> None:
        """Click on the line `old` of the cell, select it, and type `new` in its place."""
        self.cell(text).locator(".cm-line", has_text=old).click()
        for key in ("Home", "Shift+End"):
            self.page.keyboard.press(key)
        self.page.keyboard.type(new)
        expect(self.cell(text).locator(".cm-line", has_text=new)).to_be_visible()

    def choose(self, *items: str) -> None:
        """Choose in the menu: each item opens the next."""
        # By their labels: JupyterLab gives an item that opens a submenu no role.
        labels = self.page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel")
        for item in items:
            labels.filter(has_text=re.compile(f"^{item}$")).click()

    def change_theme(self, theme: str) -> None:
        """Choose the theme "Light" or "Dark"."""
        self.choose("Settings", "Theme", f"JupyterLab {theme}")
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-name", f"JupyterLab {theme}")
        # The new style sheets are loading as long as the moons circle.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def close_file_browser(self) -> None:
        """Leave the room to the chapter."""
        self.choose("View", "Appearance", "Show Left Sidebar")
        expect(self.page.locator("#jp-left-stack")).to_be_hidden()

    def run_all(self) -> None:
        """Choose Run, Run All Cells, and wait for the last one."""
        self.choose("Run", "Run All Cells")
        last = self._panel.locator(".jp-CodeCell").last
        expect(last.locator(".jp-InputArea-prompt")).to_have_text(_DONE)

    def outputs(self, kind: str) -> Locator:
        """Everything in the outputs that `kind`, a CSS selector, selects."""
        return self._panel.locator(f".jp-OutputArea {kind}")

    def card(self, heading: str) -> Locator:
        """The card with this heading, as a screen reader finds it."""
        return self._panel.get_by_role("status", name=heading, exact=True)

    @property
    def errors(self) -> Locator:
        """Tracebacks, and whatever was written to stderr."""
        return self.outputs(':is([data-mime-type$="jupyter.error"], [data-mime-type$="jupyter.stderr"])')

    @property
    def diagrams(self) -> Locator:
        """The drawn mermaid diagrams; one that can't be drawn stays text."""
        return self._panel.locator(".jp-RenderedMermaid img")

    @property
    def plots(self) -> Locator:
        """The images that cells have shown."""
        return self.outputs('img[src^="data:image/png"]')

    @property
    def questions(self) -> Locator:
        """Dialogs and notifications, which stand between a student and the chapter."""
        return self.page.locator(".jp-Dialog, .Toastify__toast")

    def picture(self, file: Path, first: Locator, last: Locator) -> Path:
        """A picture of everything from the top of `first` to the bottom of `last`, as wide as `first`."""
        first.evaluate("cell => cell.scrollIntoView({block: 'start'})")
        last.scroll_into_view_if_needed()
        top, bottom = _box(first), _box(last)
        height = bottom["y"] + bottom["height"] + 8 - top["y"]
        self.page.screenshot(path=file, clip={**top, "height": height}, caret="hide")
        return file


def contrast(element: Locator) -> float:
    """The lowest contrast of a text in `element` against what stands behind it, from 1 to 21."""
    return float(element.evaluate(_CONTRAST))


def _box(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None, f"not visible: {element}"
    return box
