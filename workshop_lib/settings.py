"""The one settings class: what the environment chooses. Every field has a default that needs nothing installed."""

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workshop_lib import home as _home
from workshop_lib.errors import PlainError
from workshop_lib.i18n import _


class InvalidSettings(PlainError):
    """A variable of the environment, or what was given in its place, can't be used; the message names each."""

    def __init__(self, error: ValidationError) -> None:
        # The value may hold a password, so it is not shown.
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors())
        super().__init__(_("expected settings that can be used, but: {wrong}").format(wrong=wrong))


class Settings(BaseSettings):
    """Read once where a process starts, then handed to what needs it.

    A name in the environment is the field's own, in capitals. A relative path is anchored at WORKSHOP_HOME, so that
    it means the same from every notebook's folder.

    Raises:
        InvalidSettings: one of them can't be used.
    """

    # An empty variable is none: `EVENT_BUS_URL= workshop run` means the default.
    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    workshop_home: Path = Field(default_factory=_home.home)
    workshop_cache: Path = Field(default_factory=lambda: _home.default_home() / "cache")
    event_bus_url: Annotated[str, Field(validation_alias=AliasChoices("event_bus_url", "rabbitmq_url"))] = "memory://"
    event_store_url: Annotated[str, Field(validation_alias=AliasChoices("event_store_url", "redis_url"))] = (
        "sqlite:///events.db"
    )
    # Of one event, in bytes of JSON; a larger one is refused when it is published.
    event_max_bytes: int = Field(default=5 * 1024 * 1024, ge=1)
    # Seconds for which a store keeps an event, and its marks of what was handled; for ever by default.
    event_store_ttl: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    # A folder, or a Chroma server's http://host:port. Left empty, the two after it name a server; or else it is the
    # folder `chroma`.
    chroma_url: str = ""
    chroma_host: str = ""
    chroma_port: int | None = Field(default=None, ge=1, le=65535)
    embedder: str = "minilm"
    # Of one document, in bytes of UTF-8. The longest page of the shelf has 0.2 MB.
    document_limit: int = Field(default=5_000_000, ge=1)

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InvalidSettings(error) from None

    @field_validator("workshop_home", "workshop_cache")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="after")
    def _choose_chroma(self) -> Self:
        if not self.chroma_url:
            self.chroma_url = self._chroma_server() or "chroma"
        return self

    def _chroma_server(self) -> str:
        if not self.chroma_host and self.chroma_port is None:
            return ""
        return http_url(self.chroma_host or "localhost", self.chroma_port or 8000)

    @property
    def chroma_place(self) -> str:
        """`chroma_url`, a relative folder being anchored at WORKSHOP_HOME."""
        if "://" in self.chroma_url:
            return self.chroma_url
        return str(self.workshop_home / Path(self.chroma_url).expanduser())

    def sqlite_path(self, url: str) -> Path:
        """The file that a ``sqlite:///`` URL names; a relative one lies under WORKSHOP_HOME.

        Raises:
            ValueError: the URL has another scheme, or no path.
        """
        scheme, _, path = url.partition(":///")
        if scheme != "sqlite" or not path:
            raise ValueError(f"expected sqlite:///PATH, got {url!r}")
        return self.workshop_home / path


def http_url(host: str, port: int) -> str:
    """``http://host:port``; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host and not host.startswith("[") else f"http://{host}:{port}"
