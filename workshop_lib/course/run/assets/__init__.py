"""Puts the report's style sheets, and the scripts that a page needs, beside the report: once a run."""

import base64
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

_HERE = Path(__file__).parent
_FONT_SOURCES = re.compile(r"src:url\((fonts/[\w-]+\.woff2)\) format\(\"woff2\"\)[^;}]*")


class Assets:
    """The folder `assets/` of one report."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        for name in ("report.css", "report.js"):
            self._copy(_HERE / name)

    def put_theme(self, sheets: Mapping[str, str]) -> None:
        """Write theme-light.css and theme-dark.css."""
        for name, sheet in sheets.items():
            (self._folder / f"theme-{name}.css").write_text(sheet, encoding="utf-8")

    def put_for(self, html: str) -> None:
        """Copy what this page links."""
        if "assets/katex.min.js" in html:
            self._copy(_HERE / "katex" / "katex.min.js")
            self._copy(_HERE / "katex" / "auto-render.min.js")
            self._put_katex_sheet()
        if "assets/mermaid.tiny.js" in html:
            self._copy(_HERE / "mermaid" / "mermaid.tiny.js")

    def _copy(self, source: Path) -> None:
        if not (self._folder / source.name).exists():
            shutil.copyfile(source, self._folder / source.name)

    def _put_katex_sheet(self) -> None:
        target = self._folder / "katex.css"
        if not target.exists():
            sheet = (_HERE / "katex" / "katex.min.css").read_text(encoding="utf-8")
            target.write_text(_FONT_SOURCES.sub(_inlined, sheet), encoding="utf-8")


def _inlined(match: re.Match[str]) -> str:
    # Firefox takes each file:// page for an origin of its own and refuses it fonts from files.
    font = base64.b64encode((_HERE / "katex" / match[1]).read_bytes()).decode()
    return f'src:url(data:font/woff2;base64,{font}) format("woff2")'
