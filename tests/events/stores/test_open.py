import subprocess
import sys

import pytest

from workshop_lib.events import UnknownScheme, open_store


@pytest.mark.parametrize("url", ["", "events.db", "sqlite:///", "postgres://user:secret@host/db"])
def test_an_unknown_store_lists_those_there_are(url: str) -> None:
    with pytest.raises(UnknownScheme, match=r"redis://HOST:PORT/DATABASE, .*sqlite:///PATH") as raised:
        open_store(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("variable", "asked", "kept"), [("", None, None), ("60", None, 60), ("60", 5, 5)])
def test_the_setting_says_for_how_long(
    monkeypatch: pytest.MonkeyPatch, variable: str, asked: float | None, kept: float | None
) -> None:
    monkeypatch.setenv("EVENT_STORE_TTL", variable)
    with open_store("sqlite:///events.db", ttl=asked) as store:
        assert store.ttl == kept


def test_the_client_of_a_server_is_loaded_when_one_is_opened() -> None:
    code = "import sys, workshop_lib.events; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
