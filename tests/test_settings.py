from pathlib import Path

import pytest

from workshop_lib.home import default_home, home
from workshop_lib.settings import InvalidSettings, Settings


def test_the_defaults_need_nothing_installed() -> None:
    settings = Settings()
    assert settings.event_bus_url == "memory://"
    assert settings.event_store_url == "sqlite:///events.db"
    assert settings.event_max_bytes == 5 * 1024 * 1024
    assert settings.event_store_ttl is None
    assert settings.chroma_place == str(home() / "chroma")
    assert settings.embedder == "minilm"
    assert settings.workshop_home == home()
    assert settings.workshop_cache == default_home() / "cache"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("EVENT_BUS_URL", "event_bus_url"),
        ("RABBITMQ_URL", "event_bus_url"),
        ("EVENT_STORE_URL", "event_store_url"),
        ("REDIS_URL", "event_store_url"),
        ("CHROMA_URL", "chroma_url"),
        ("EMBEDDER", "embedder"),
    ],
)
def test_names_and_the_seeds_aliases(monkeypatch: pytest.MonkeyPatch, name: str, field: str) -> None:
    monkeypatch.setenv(name, "other://host")
    assert getattr(Settings(), field) == "other://host"


def test_the_limits_of_events_are_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_MAX_BYTES", "1000")
    monkeypatch.setenv("EVENT_STORE_TTL", "0.5")
    assert (Settings().event_max_bytes, Settings().event_store_ttl) == (1000, 0.5)


def test_our_own_name_goes_before_an_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ_URL", "amqp://host")
    monkeypatch.setenv("EVENT_BUS_URL", "memory://")
    assert Settings().event_bus_url == "memory://"


def test_fields_can_be_given_by_name() -> None:
    assert Settings(event_bus_url="other://host").event_bus_url == "other://host"


def test_paths_are_absolute_and_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKSHOP_HOME", "mine")
    monkeypatch.setenv("WORKSHOP_CACHE", "~/cache")
    assert Settings().workshop_home == home() == tmp_path / "mine"
    assert Settings().workshop_cache == Path.home() / "cache"
    for name in ("WORKSHOP_HOME", "WORKSHOP_CACHE", "EVENT_BUS_URL"):
        monkeypatch.setenv(name, "")
    assert Settings().workshop_home == home() == default_home()
    assert Settings().workshop_cache == default_home() / "cache"
    assert Settings().event_bus_url == "memory://"


def test_a_relative_path_in_a_url_lies_under_the_home(tmp_path: Path) -> None:
    settings = Settings(workshop_home=tmp_path / "my home")
    assert settings.sqlite_path("sqlite:///events.db") == tmp_path / "my home" / "events.db"
    assert settings.sqlite_path("sqlite:///a/b.db") == tmp_path / "my home" / "a" / "b.db"
    assert settings.sqlite_path("sqlite:////var/events.db") == Path("/var/events.db")


@pytest.mark.parametrize("url", ["", "events.db", "sqlite://", "sqlite:///", "sqlite://host/events.db", "redis:///0"])
def test_another_url_names_no_file(url: str) -> None:
    with pytest.raises(ValueError, match="expected sqlite:///PATH, got"):
        Settings().sqlite_path(url)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"CHROMA_HOST": "chroma", "CHROMA_PORT": "8001"}, "http://chroma:8001"),
        ({"CHROMA_HOST": "chroma"}, "http://chroma:8000"),
        ({"CHROMA_PORT": "8001"}, "http://localhost:8001"),
        ({"CHROMA_HOST": "::1", "CHROMA_PORT": "8001"}, "http://[::1]:8001"),
        ({"CHROMA_URL": "https://vectors", "CHROMA_HOST": "chroma", "CHROMA_PORT": "8001"}, "https://vectors"),
        ({"CHROMA_URL": "", "CHROMA_HOST": "", "CHROMA_PORT": ""}, "{home}/chroma"),
        ({"CHROMA_URL": "mine"}, "{home}/mine"),
        ({"CHROMA_URL": "/var/chroma"}, "/var/chroma"),
        ({"CHROMA_URL": "~/chroma"}, "{user}/chroma"),
    ],
)
def test_where_chroma_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], place: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings().chroma_place == place.format(home=home(), user=Path.home())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHROMA_PORT", "tcp://10.0.0.1:8000"),
        ("CHROMA_PORT", "0"),
        ("DOCUMENT_LIMIT", "0"),
        ("EVENT_MAX_BYTES", "0"),
        ("EVENT_MAX_BYTES", "5 MB"),
        ("EVENT_STORE_TTL", "0"),
        ("EVENT_STORE_TTL", "inf"),
    ],
)
def test_a_number_that_is_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=f"but: {name}: Input should be"):
        Settings()
