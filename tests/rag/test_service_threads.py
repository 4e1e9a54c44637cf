"""Two threads index while two ask: nobody sees half a document, and the figures agree with a full scan."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from .serving import serve

DOCUMENTS = 6
VERSIONS = 8


def _text(document: int, version: int) -> str:
    # A version has its own number of chunks, so that a mixture could not pass for whole.
    return "\n\n".join(
        f"Document {document}, version {version}, part {part}. " + "It has some words. " * 20
        for part in range(2 + version % 3)
    )


def _index(service, parity: int) -> None:
    for version in range(VERSIONS):
        for document in range(parity, DOCUMENTS, 2):
            service.index_document(_text(document, version), {"version": version}, f"document-{document}")


def _ask(service, done: Event) -> int:
    looked = 0
    while not (last := done.is_set()) or not looked:
        found = defaultdict(list)
        for result in service.query("document version part words", top_k=500):
            found[result.document_id].append(result.metadata)
        for metadatas in found.values():
            assert len({metadata["version"] for metadata in metadatas}) == 1
            assert sorted(metadata["chunk_index"] for metadata in metadatas) == [*range(metadatas[0]["chunk_total"])]
        looked += 1
        if last:
            break
    return looked


def test_two_threads_index_while_two_ask(tmp_path):
    done = Event()
    with serve(tmp_path) as service, ThreadPoolExecutor(4) as threads:
        asking = [threads.submit(_ask, service, done) for _ in range(2)]
        try:
            for each in [threads.submit(_index, service, parity) for parity in range(2)]:
                each.result()
        finally:
            done.set()
        assert all(each.result() for each in asking)
        scanned = service.index._store.collection.get(include=["metadatas"])["metadatas"]
        stats = service.get_collection_stats()
        assert {metadata["version"] for metadata in scanned} == {VERSIONS - 1}
        assert stats["num_chunks"] == len(scanned) == len(service.query("document", 500))
        assert stats["num_documents"] == len({metadata["document_id"] for metadata in scanned}) == DOCUMENTS
