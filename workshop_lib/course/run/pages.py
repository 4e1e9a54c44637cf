"""Turns executed notebooks into pages that load nothing from a network.

nbconvert's own templates fetch MathJax, mermaid and require. Ours link the copies that lie beside the report, and a
content security policy holds the rest back, whatever a cell's output asks for.
"""

import base64
import logging
import mimetypes
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

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


_LOCAL_IMAGE = re.compile(r"""(<img\b[^>]*?\bsrc=")([^":#?]+)(")""")


def write_page(task: Task) -> None:
    """Write `task.page` from `task.executed`, if the notebook has run at all.

    The page links `assets/` and `index.html` in the folder above; see `put_assets`.
    """
    if task.executed.is_file():
        html, _resources = exporter().from_filename(str(task.executed), resources={"policy": POLICY})
        task.page.write_text(with_images(html, task.source.parent), encoding="utf-8")


def exporter() -> "HTMLExporter":
    """nbconvert's HTML exporter on our template."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    # Only an exporter's configuration reaches the transformer that picks what is shown.
    config = Config({"NbConvertBase": {"display_data_priority": _DISPLAY_PRIORITY}})
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        log=_quiet(),
        extra_template_basedirs=[str(TEMPLATES)],
        template_name="report",
        exclude_anchor_links=True,
    )


def _quiet() -> logging.Logger:
    # nbconvert warns of each picture without alternative text, in the middle of the live screen.
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.ERROR)
    return logger


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
