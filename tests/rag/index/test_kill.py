import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workshop_lib.rag.errors import IndexUnavailable
from workshop_lib.rag.index import ChromaIndex, manifest, writer
from workshop_lib.rag.index.entries import prepare
from workshop_lib.rag.index.owner import signature

from .interrupted import DIMENSION, OLD_SHELF, shelf, small_batches
from .making import Place, by_document, entry, everything, is_whole, put, raw_ids
from .server import Server

ROOT = Path(__file__).parents[3]
STEPS = ["announced", "half written", "written", "committed", "swept", "running"]


@contextmanager
def indexing(place: Place, step: str) -> Iterator[subprocess.Popen[str]]:
    """A process that indexes the shelf, at that step: stopped there, or after two batches and going on."""
    command = [sys.executable, "-m", "tests.rag.index.interrupted", place.url, place.collection, step]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        arrived = "done 30\n" if step == "running" else "here\n"
        while (line := process.stdout.readline()) != arrived:
            assert line, f"it ended by itself with {process.wait()}"
        yield process


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def finish(index: ChromaIndex) -> None:
    """What was killed is run again, and ends as if it had never been."""
    expected = {record_id for one in shelf() for record_id in prepare(one, DIMENSION).ids}
    assert len(expected) == 2_000
    index.replace_many(shelf())
    assert raw_ids(index) == expected
    assert (index.stats().documents, index.stats().chunks) == (81, 2_000)
    assert index.replace_many(shelf()) == 0


def check_whole(index: ChromaIndex) -> dict[str, int]:
    """No document half there, nothing left over; the version of each document."""
    found = by_document(everything(index))
    assert [name for name, results in found.items() if not is_whole(results)] == []
    assert sorted(found) == index.documents()
    assert raw_ids(index) == {result.id for results in found.values() for result in results}
    assert index.stats().chunks == len(raw_ids(index))
    assert not index._store.manifest.abandoned() or index._store.manifest.lingers
    return {name: int(results[0].metadata["version"]) for name, results in found.items()}


def killed_at(place: Place, step: str) -> dict[str, int]:
    with place.open() as index:
        index.replace_many(OLD_SHELF)
    with indexing(place, step) as process:
        kill(process)
    if "://" in place.url:
        # While it starts, a server ends what the killed one had asked for last.
        place.open().close()
    with place.open() as index:
        versions = check_whole(index)
        finish(index)
    assert {one.document_id for one in OLD_SHELF} <= versions.keys()
    return versions


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_killed_while_it_indexed_a_folder(tmp_path: Path, step: str) -> None:
    versions = killed_at(Place(str(tmp_path), "documents"), step)
    new = sum(version == 1 for version in versions.values())
    if step == "running":
        assert new >= 30
    else:
        assert new == {"announced": 0, "half written": 40, "written": 0, "committed": 15, "swept": 15}[step]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["written", "committed", "running"])
def test_killed_while_it_indexed_on_a_server(on_server: Place, step: str) -> None:
    killed_at(on_server, step)


@pytest.mark.slow
def test_killed_while_it_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the files tell: a process that stops between the two steps of a deletion."""

    def stop(*_: object) -> None:
        raise SystemExit

    place = Place(str(tmp_path), "documents")
    with place.open() as index:
        index.replace_many(OLD_SHELF)
        with monkeypatch.context() as patched:
            patched.setattr(writer.Writer, "_sweep", stop)
            with pytest.raises(SystemExit):
                index.delete("page 3")
        assert len(raw_ids(index)) == 150
        assert len(everything(index)) == 140
    with place.open() as index:
        assert len(raw_ids(index)) == 140
        assert "page 3" not in check_whole(index)


@pytest.mark.slow
def test_a_living_process_s_write_on_a_server_is_left_alone(on_server: Place) -> None:
    with on_server.open() as early:
        early.replace_many(OLD_SHELF)
        with indexing(on_server, "written") as process:
            before = raw_ids(early)
            with on_server.open() as late:
                assert raw_ids(late) == before
                assert len(everything(late)) == 150
                # The same document, meanwhile: only its own old version goes.
                late.replace_many([entry("page 0", 2, size=3)])
                assert len(raw_ids(late)) == len(before) + 3 - 10
                assert len(everything(late)) == 143
            kill(process)
        early.close()
        with on_server.open() as after:
            assert check_whole(after)["page 0"] == 2
            finish(after)


def test_what_a_server_does_for_a_killed_client_after_all_is_removed(
    on_server: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last request may be carried out when the next client has looked for what is left."""
    late = prepare(entry("page 0", 1), 4)
    with on_server.open() as index:
        put(index, entry("page 0"))
        with monkeypatch.context() as patched:
            # As a process that is no more signs.
            patched.setattr(manifest, "signature", lambda: {**signature(), "started": "before"})
            with pytest.raises(SystemExit), index._store.manifest.write({"page 0": late.version}):
                raise SystemExit
    with on_server.open() as index:
        index._store.collection.upsert(late.ids, late.vectors, [*late.metadatas], late.texts)
        assert len(raw_ids(index)) == 6
    with on_server.open() as index:
        check_whole(index)
        assert len(index._store.manifest.abandoned()) == 1
    monkeypatch.setattr(manifest.SharedManifest, "lingers", 0.0)
    with on_server.open() as index:
        assert index._store.manifest.abandoned() == []
        assert len(check_whole(index)) == 1


@pytest.mark.slow
def test_the_server_killed_while_it_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path / "server")
    server.start()
    try:
        # Put back afterwards what `small_batches` changes.
        monkeypatch.setattr(writer, "_FLOATS", writer._FLOATS)
        small_batches()
        with Place(server.url, "documents").open() as index:
            with pytest.raises(IndexUnavailable, match=server.url):
                index.replace_many(shelf(), lambda done: server.kill() if done == 30 else None)
            with pytest.raises(IndexUnavailable):
                index.documents()
            server.start()
            assert len(index.documents()) == 30
            finish(index)
            check_whole(index)
    finally:
        server.stop()
