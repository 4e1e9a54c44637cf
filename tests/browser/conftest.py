"""JupyterLab and Chromium, for tests that do what a student does.

WORKSHOP_SCREENSHOTS=FOLDER keeps the pictures of `scripts/screenshots.py` there; without it they go with the tests'
temporary files.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from .notebook import Notebook
from .server import Server

_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")


# Not for the whole session: while Playwright's client is open this thread has a running event loop, in which
# other tests' asyncio.run fails.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as server:
        yield server
        assert server.connections() <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


@pytest.fixture
def new_notebook(chromium: Browser) -> Iterator[Callable[[], Notebook]]:
    """Opens a tab of its own; at the end, no request of any tab may have gone anywhere but to this machine."""
    asked: list[str] = []
    context = chromium.new_context(viewport={"width": 1000, "height": 900}, device_scale_factor=1.25)
    context.on("request", lambda request: asked.append(request.url))

    def new() -> Notebook:
        page = context.new_page()
        page.on("websocket", lambda socket: asked.append(socket.url))
        return Notebook(page)

    yield new
    context.close()
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {"127.0.0.1"}
    assert not [url for url in asked if "/lab/api/news" in url or "/lab/api/update" in url]


@pytest.fixture
def notebook(lab: Server, new_notebook: Callable[[], Notebook]) -> Notebook:
    """The first notebook, as `make lab` opens it."""
    return new_notebook().open(lab.entrance)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go."""
    folder = Path(os.environ.get("WORKSHOP_SCREENSHOTS") or tmp_path / "pictures").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
