"""A language for tests: every message of the course, wrapped as if it were translated."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo

import workshop_lib

SOURCES = Path(workshop_lib.__file__).parent


@pytest.fixture(scope="session")
def messages() -> set[str]:
    """Every message in the package's source."""
    found = extract_from_dir(
        SOURCES, method_map=[("**.py", "python")], keywords={"_": None, "mark": None}, comment_tags=()
    )
    texts = (message for _file, _line, message, _comments, _context in found)
    return {text if isinstance(text, str) else text[0] for text in texts}


@pytest.fixture(scope="session")
def wrapped(messages: set[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of catalogues with one language, eo, in which each message stands between ⟦ and ⟧."""
    made = Catalog(locale="eo")
    for text in messages:
        made.add(text, f"⟦{text}⟧")
    locales = tmp_path_factory.mktemp("locale")
    folder = locales / "eo" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "workshop.mo").open("wb") as file:
        write_mo(file, made)
    return locales


@pytest.fixture
def pseudo(wrapped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This test, and the processes it starts, read the wrapped messages."""
    monkeypatch.setenv("WORKSHOP_LOCALES", str(wrapped))
    monkeypatch.setenv("WORKSHOP_LANG", "eo")
