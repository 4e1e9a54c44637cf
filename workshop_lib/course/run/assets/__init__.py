"""Puts the style sheets and scripts that a report's pages link into its folder: once a run."""

import base64
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

_HERE = Path(__file__).parent
_ALWAYS = (
    "report.css",
    "report.js",
    "jupyterlab/palette.css",
    "jupyterlab/theme-light.css",
    "jupyterlab/theme-dark.css",
)
_MATHEMATICS = ("katex/katex.min.js", "katex/auto-render.min.js")
_DIAGRAMS = ("mermaid/mermaid.tiny.js",)
_FONT_SOURCES = re.compile(r"src:url\((fonts/[\w-]+\.woff2)\) format\(\"woff2\"\)[^;}]*")


def put_assets(folder: Path, pages: Iterable[Path]) -> None:
    """Make `folder` and copy there what these pages link; scripts that none of them needs stay out."""
    folder.mkdir(exist_ok=True)
    texts = [page.read_text(encoding="utf-8") for page in pages]
    names = [*_ALWAYS]
    if _linked("katex.css", texts):
        names += _MATHEMATICS
        sheet = (_HERE / "katex" / "katex.min.css").read_text(encoding="utf-8")
        (folder / "katex.css").write_text(_FONT_SOURCES.sub(_inlined, sheet), encoding="utf-8")
    if _linked("mermaid.tiny.js", texts):
        names += _DIAGRAMS
    for name in names:
        shutil.copyfile(_HERE / name, folder / Path(name).name)


def _linked(name: str, texts: Iterable[str]) -> bool:
    return any(f'"../assets/{name}"' in text for text in texts)


def _inlined(match: re.Match[str]) -> str:
    # Firefox takes each file:// page for an origin of its own and refuses it fonts from files.
    font = base64.b64encode((_HERE / "katex" / match[1]).read_bytes()).decode()
    return f'src:url(data:font/woff2;base64,{font}) format("woff2")'
