"""The one settings class: what the environment chooses. Every field has a default that needs nothing installed."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workshop_lib import home as _home


class Settings(BaseSettings):
    """Read once where a process starts, then handed to what needs it.

    A name in the environment is the field's own, in capitals. A relative path is anchored at WORKSHOP_HOME, so that
    it means the same from every notebook's folder.
    """

    # An empty variable is none: `EVENT_BUS_URL= workshop run` means the default.
    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    workshop_home: Path = Field(default_factory=_home.home)
    workshop_cache: Path = Field(default_factory=lambda: _home.default_home() / "cache")
    event_bus_url: Annotated[str, Field(validation_alias=AliasChoices("event_bus_url", "rabbitmq_url"))] = "memory://"
    event_store_url: Annotated[str, Field(validation_alias=AliasChoices("event_store_url", "redis_url"))] = (
        "sqlite:///events.db"
    )

    @field_validator("workshop_home", "workshop_cache")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    def sqlite_path(self, url: str) -> Path:
        """The file that a ``sqlite:///`` URL names; a relative one lies under WORKSHOP_HOME.

        Raises:
            ValueError: the URL has another scheme, or no path.
        """
        scheme, _, path = url.partition(":///")
        if scheme != "sqlite" or not path:
            raise ValueError(f"expected sqlite:///PATH, got {url!r}")
        return self.workshop_home / path
