"""A Chroma client and where its data is: a folder that this process alone has open, or a server.

The indexes of one process share the client of a folder: Chroma does so itself, and the lock is the process's.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index.lock import FolderLock
from workshop_lib.settings import Settings

if TYPE_CHECKING:
    from chromadb.api.client import Client

PORT = 8000
CONNECT_TIMEOUT = 5.0
"""Seconds in which a server must say that it is there."""
TIMEOUT = 120.0
"""Seconds in which it must answer a request; writing a thousand chunks is one."""

_DATABASE = "chroma.sqlite3"


class Connection:
    """One client, counted by its users; the last `release` closes it.

    Attributes:
        location: a resolved folder or a URL, as messages name it.
        alone: whether nobody else can write there: a folder.
        client: Chroma's.
        shared: what the indexes of this process share, by collection.
    """

    def __init__(self, location: str, client: "Client", lock: FolderLock | None) -> None:
        self.location = location
        self.alone = lock is not None
        self.client = client
        self.shared: dict[str, Any] = {}
        self.guard = threading.RLock()
        self.users = 0
        self._lock = lock
        self._pid = os.getpid()

    def release(self) -> None:
        with _registry_lock:
            self.users -= 1
            if self.users == 0 and _registry.get(self.location) is self:
                del _registry[self.location]
                # A child of fork may not touch its parent's.
                if self._pid == os.getpid():
                    self.client.close()
                    if self._lock is not None:
                        self._lock.release()

    @contextmanager
    def typed_errors(self) -> Iterator[None]:
        """What Chroma raises, as an IndexUnavailable."""
        if self._pid != os.getpid():
            raise IndexUnavailable(
                self.location, _("it was opened before this process was forked. Open it in the process that uses it")
            )
        with _typed_errors(self.location):
            yield


_registry: dict[str, Connection] = {}
_registry_lock = threading.RLock()


def connect(url: str | Path) -> Connection:
    """The connection to `url`: a folder (a relative one under WORKSHOP_HOME), or ``http://host:port``.

    Raises:
        IndexInUse: another process has the folder open.
        IndexUnavailable: no folder, no server there, or Chroma can't read what is.
    """
    location = _location(url)
    with _registry_lock:
        connection = _registry.get(location)
        if connection is None or connection._pid != os.getpid():
            connection = _server(location) if "://" in location else _folder(Path(location))
            _registry[location] = connection
        connection.users += 1
    return connection


def _location(url: str | Path) -> str:
    if isinstance(url, str) and "://" in url:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or parts.path not in ("", "/"):
            # It may hold a password: only its scheme is shown.
            raise IndexUnavailable(f"{parts.scheme}://…", _("expected a folder, or a server's http://host:port"))
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else PORT)}"
    if not str(url):
        raise IndexUnavailable("''", _("expected a folder, or a server's http://host:port"))
    return str((Settings().workshop_home / Path(url).expanduser()).resolve())


def _folder(folder: Path) -> Connection:
    lock = FolderLock(folder)
    try:
        _check_database(folder / _DATABASE)
        import chromadb
        from chromadb.api.shared_system_client import SharedSystemClient

        try:
            # Chroma says so where it can't find its tenant.
            with _typed_errors(str(folder), ValueError):
                client = chromadb.PersistentClient(folder, settings=_quiet())
        except IndexUnavailable:
            # Chroma's own table would give the half-opened folder again, even once it is mended.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
    except BaseException:
        lock.release()
        raise
    return Connection(str(folder), cast("Client", client), lock)


def _check_database(file: Path) -> None:
    """Look before Chroma does: it would add its tables to another program's database."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise IndexUnavailable(
            str(file.parent), _("{file} can't be read: {error}").format(file=file.name, error=error)
        ) from None
    if tables and "migrations" not in tables:
        raise IndexUnavailable(str(file.parent), _("{file} is no database of Chroma's").format(file=file.name))


def _server(url: str) -> Connection:
    import chromadb
    import httpx

    try:
        answer = httpx.get(f"{url}/api/v2/heartbeat", timeout=CONNECT_TIMEOUT)
    except httpx.HTTPError as error:
        text = _("no server answers there ({error}). Start one: chroma run --path FOLDER --port {port}")
        raise IndexUnavailable(url, text.format(error=error, port=urlsplit(url).port)) from None
    if answer.status_code != httpx.codes.OK or "heartbeat" not in answer.text:
        text = _("what answers there is no Chroma server of version 1 (status {status})")
        raise IndexUnavailable(url, text.format(status=answer.status_code))
    parts = urlsplit(url)
    with _typed_errors(url, ValueError):
        client = chromadb.HttpClient(
            str(parts.hostname), parts.port or PORT, ssl=parts.scheme == "https", settings=_quiet()
        )
    # Chroma's own client waits for ever.
    session = getattr(getattr(client, "_server", None), "_session", None)
    if isinstance(session, httpx.Client):
        session.timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    return Connection(url, cast("Client", client), None)


def _quiet() -> Any:
    from chromadb.config import Settings as ChromaSettings

    return ChromaSettings(anonymized_telemetry=False)


@contextmanager
def _typed_errors(location: str, *also: type[Exception]) -> Iterator[None]:
    import httpx
    from chromadb.errors import ChromaError

    failures: tuple[type[Exception], ...] = (ChromaError, httpx.HTTPError, json.JSONDecodeError, *also)
    try:
        yield
    except failures as error:
        raise IndexUnavailable(location, _("Chroma says: {why}").format(why=_short(error))) from error
    except BaseException as error:
        # A panic in Chroma's Rust is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise IndexUnavailable(location, _("Chroma failed: {why}").format(why=_short(error))) from error


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    text = text.rstrip(".")
    return text if len(text) <= 300 else f"{text[:300]}…"
