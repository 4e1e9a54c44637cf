"""Turns executed notebooks into pages that load nothing from a network.

nbconvert's own templates fetch MathJax, mermaid and require. Ours link the copies that lie beside the report, and a
content security policy holds the rest back, whatever a cell's output asks for.
"""

import base64
import mimetypes
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from workshop_lib.course.run.assets import Assets
from workshop_lib.course.run.task import Task

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

TEMPLATES = Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
    "img-src 'self' file: data:; font-src 'self' file: data:; media-src data:"
)
# Widgets and scripts would need code from a network; what else such an output holds is shown instead.
_DISPLAY_PRIORITY = [
    "text/vnd.mermaid",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/html",
    "text/markdown",
    "text/latex",
    "text/plain",
]


_THEMES = {"light": "theme-light", "dark": "theme-dark"}
_PALETTE = re.compile(r"--md-[\w-]+: ?[^;{}]+;")
_LOCAL_IMAGE = re.compile(r"""(<img\b[^>]*?\bsrc=")([^":#?]+)(")""")


class Pages:
    """Converts notebooks on one thread of its own while others still run; leaving waits for the last."""

    def __init__(self, folder: Path) -> None:
        self._assets = Assets(folder / "assets")
        self._exporter: HTMLExporter | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pages")

    def __enter__(self) -> Self:
        # The import takes a second, in which the first kernels start.
        self._jobs = [self._thread.submit(self._load)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for job in self._jobs:
                job.result()

    def add(self, task: Task) -> None:
        """Write `task.page` soon, if the notebook has run at all."""
        self._jobs.append(self._thread.submit(self._convert, task))

    def _load(self) -> None:
        self._exporter = exporter()
        self._assets.put_theme(theme_sheets(self._exporter))

    def _convert(self, task: Task) -> None:
        if not task.executed.is_file():
            return
        assert self._exporter is not None
        html, _resources = self._exporter.from_filename(str(task.executed), resources={"policy": POLICY})
        self._assets.put_for(html)
        task.page.write_text(with_images(html, task.source.parent), encoding="utf-8")


def exporter() -> "HTMLExporter":
    """nbconvert's HTML exporter on our template."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    # Only an exporter's configuration reaches the transformer that picks what is shown.
    config = Config({"NbConvertBase": {"display_data_priority": _DISPLAY_PRIORITY}})
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="report",
        exclude_anchor_links=True,
    )


def theme_sheets(made: "HTMLExporter") -> dict[str, str]:
    """JupyterLab's colours as nbconvert carries them, "light" and "dark": the cards that cells show use them."""
    loader, environment = made.environment.loader, made.environment
    sheets = {name: loader.get_source(environment, f"static/{name}.css")[0] for name in ("index", *_THEMES.values())}
    # The themes name their colours by a palette which stands in the sheet of everything else.
    palette = "".join(sorted(set(_PALETTE.findall(sheets["index"]))))
    return {name: f":root {{{palette}}}\n{sheets[theme]}" for name, theme in _THEMES.items()}


def with_images(html: str, folder: Path) -> str:
    """`html` with the pictures that lie in `folder` written into it: the report lies elsewhere.

    nbconvert's own `embed_images` closes every tag of inline HTML at once.
    """

    def embedded(match: re.Match[str]) -> str:
        file = (folder / unquote(match[2])).resolve()
        kind = mimetypes.guess_type(file.name)[0] or ""
        if not (kind.startswith("image/") and file.is_relative_to(folder.resolve()) and file.is_file()):
            return match[0]
        return f"{match[1]}data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}{match[3]}"

    return _LOCAL_IMAGE.sub(embedded, html)
