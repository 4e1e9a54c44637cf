"""Folders and servers that can't be used: each is refused with a typed error, and left as it is."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from workshop_lib.rag.errors import IndexInUse, IndexUnavailable
from workshop_lib.rag.index import drop_index

from .making import Place, entry, everything, put

# Opens the index, says whether that was refused, and stays until its input ends.
OTHER = """
import sys
from workshop_lib.rag.errors import RagError
from workshop_lib.rag.index import open_index
try:
    open_index(sys.argv[1], model="cheap", dimension=4, chunk_size=500, chunk_overlap=50)
except RagError as error:
    print(type(error).__name__, error, flush=True)
else:
    print("open", flush=True)
    sys.stdin.read()
"""

FORKED = """
import os, sys
import numpy as np
from workshop_lib.rag.errors import IndexInUse, IndexUnavailable
from workshop_lib.rag.index import open_index
recipe = dict(model="cheap", dimension=4, chunk_size=500, chunk_overlap=50)
index = open_index(sys.argv[1], **recipe)
child = os.fork()
if not child:
    try:
        index.search(np.ones(4))
    except IndexUnavailable as error:
        said = str(error)
    index.close()
    try:
        open_index(sys.argv[1], **recipe)
    except IndexInUse as error:
        os._exit(0 if "forked" in said and error.holder == str(os.getppid()) else 1)
    os._exit(2)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(code, len(index.documents()))
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "index"), "documents")


@pytest.fixture
def foreign_server() -> Iterator[str]:
    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def other(place: Place) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OTHER, place.url]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def dump(database: Path) -> list[str]:
    """What the database says, without the table in which Chroma counts its own visits."""
    with closing(sqlite3.connect(database)) as connection:
        return [line for line in connection.iterdump() if "acquire_write" not in line]


def test_a_folder_is_open_in_one_process_at_a_time(place: Place) -> None:
    with place.open() as index:
        put(index, entry("a"))
        with other(place) as process:
            said = first_line(process)
        assert said.startswith("IndexInUse")
        assert f"process {os.getpid()} has it open" in said
        assert f"chroma run --path {place.url}" in said
        assert "CHROMA_URL" in said
        assert len(everything(index)) == 3
    with other(place) as process:
        assert first_line(process) == "open\n"
        with pytest.raises(IndexInUse, match=f"process {process.pid} has it open") as raised:
            place.open()
        assert raised.value.holder == str(process.pid)
        with pytest.raises(IndexInUse):
            drop_index(place.url)
        process.communicate()
    with place.open() as index:
        assert index.documents() == ["a"]


def test_the_last_index_of_a_process_to_be_closed_gives_the_folder_back(place: Place) -> None:
    first, second = place.open(), place.open()
    first.close()
    with other(place) as process:
        assert first_line(process).startswith("IndexInUse")
    second.close()
    with other(place) as process:
        assert first_line(process) == "open\n"
        process.communicate()


def test_a_forked_child_keeps_its_hands_off(place: Place) -> None:
    with place.open() as index:
        put(index, entry("a"))
    done = subprocess.run([sys.executable, "-c", FORKED, place.url], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("0 1\n", 0), done.stderr


def test_a_refused_opening_gives_the_folder_back(place: Place) -> None:
    place.open().close()
    with pytest.raises(IndexUnavailable):
        place.open(model="other")
    with other(place) as process:
        assert first_line(process) == "open\n"
        process.communicate()


def test_a_relative_folder_lies_under_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path / "home"))
    with Place("indexes/chroma", "documents").open() as index:
        assert index.location == str(tmp_path / "home" / "indexes" / "chroma")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    for url in (file, file / "index"):
        with pytest.raises(IndexUnavailable, match=r"notes\.txt is a file, not a folder"):
            Place(str(url), "documents").open()
    assert file.read_text() == "mine"


def test_a_folder_of_another_version_is_left_as_it_is(place: Place) -> None:
    with place.open() as index:
        put(index, entry("a"))
    database = Path(place.url) / "chroma.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        (kept,) = connection.execute("SELECT hash FROM migrations WHERE dir = 'sysdb' AND version = 1").fetchone()
        connection.execute("UPDATE migrations SET hash = 'other' WHERE dir = 'sysdb' AND version = 1")
        connection.commit()
    before = dump(database)
    with pytest.raises(IndexUnavailable, match=r"Inconsistent hash.*left as it is"):
        place.open()
    assert dump(database) == before
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE migrations SET hash = ? WHERE dir = 'sysdb' AND version = 1", (kept,))
        connection.commit()
    with place.open() as index:
        assert len(everything(index)) == 3


@pytest.mark.parametrize("content", [b"hello", b"notes\n" * 1000])
def test_a_database_that_is_none_is_left_as_it_is(place: Place, content: bytes) -> None:
    database = Path(place.url) / "chroma.sqlite3"
    database.parent.mkdir()
    database.write_bytes(content)
    with pytest.raises(IndexUnavailable, match="not a database"):
        place.open()
    assert _without_pid(contents(database.parent)) == {"chroma.sqlite3": content}


def test_another_program_s_database_is_left_as_it_is(place: Place) -> None:
    database = Path(place.url) / "chroma.sqlite3"
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE paints (name TEXT)")
    before = contents(database.parent)
    with pytest.raises(IndexUnavailable, match="no database of Chroma's"):
        place.open()
    assert _without_pid(contents(database.parent)) == before


def test_a_server_that_is_no_chroma(foreign_server: str) -> None:
    with pytest.raises(IndexUnavailable, match=r"no Chroma server of version 1 \(status 404\)"):
        Place(foreign_server, "documents").open()


def test_no_server_there() -> None:
    with pytest.raises(IndexUnavailable, match=r"no server answers there.*chroma run --path FOLDER --port 9"):
        Place("http://127.0.0.1:9", "documents").open()


@pytest.mark.parametrize(
    "url", ["", "ftp://host", "http://", "http://host:99999", "http://host:x", "redis://user:secret@host", "http://h/a"]
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(IndexUnavailable, match="expected a folder, or a server's http://host:port") as raised:
        Place(url, "documents").open()
    assert "secret" not in str(raised.value)


def test_chroma_is_asked_to_tell_nobody(place: Place) -> None:
    with place.open() as index:
        assert index._connection is not None
        assert index._connection.client.get_settings().anonymized_telemetry is False


def test_chroma_is_loaded_when_an_index_is_opened() -> None:
    program = (
        "import sys, workshop_lib.rag.index; print([name for name in ('chromadb', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_dropping_that_stops_half_way_can_be_repeated(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.open() as index:
        put(index, entry("a"))
        assert index._connection is not None
        client = index._connection.client
        delete = client.delete_collection

        def last(name: str) -> None:
            delete(name)
            raise SystemExit

        monkeypatch.setattr(client, "delete_collection", last)
        with pytest.raises(SystemExit):
            drop_index(place.url)
    with pytest.raises(IndexUnavailable, match="lost its manifest"):
        place.open()
    assert drop_index(place.url) is True
    with place.open() as index:
        assert (index.documents(), everything(index)) == ([], [])


def test_many_small_replacements_lose_nothing(place: Place) -> None:
    """Chroma's index keeps deleted vectors as holes: what is current must still be found around them."""
    with place.open() as index:
        for version in range(8):
            index.replace_many(entry(f"{number}", version, size=4) for number in range(50))
        found = index.search(np.ones(4), 1_000)
        assert len(found) == index.stats().chunks == 200
        assert {result.metadata["version"] for result in found} == {7}


def _without_pid(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.endswith(".pid")}
