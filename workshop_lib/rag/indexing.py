"""From documents to an index, a batch of chunks at a time.

Documents are short, and a model is quickest with many texts of similar length, so the chunks of many documents are
embedded in one call, which sorts them. What is there just so already is neither embedded nor written.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from workshop_lib.rag.chunking import Chunk
from workshop_lib.rag.embedders import Embedder, Progress, last_call
from workshop_lib.rag.errors import RagError
from workshop_lib.rag.index import ChromaIndex, Entry
from workshop_lib.rag.index.entries import chunk_metadata, identify, record_id
from workshop_lib.rag.intake import Source
from workshop_lib.rag.results import Indexed, Piece

# Chunks embedded in one call: enough to fill batches with similar lengths, few enough to keep in memory.
TOGETHER = 1024


@dataclass(frozen=True)
class _Waiting:
    """A document to be embedded, and its position in this run."""

    position: int
    source: Source
    chunks: list[Chunk]
    chunk_ids: list[str]


class Indexing:
    """One run over documents, as `RAGService.index_documents` describes it.

    Args:
        split: a document's chunks.
        count: called with the number of documents that were just written.
        progress: called with the number of documents done, and of all.
        total: how many there are; None where only the end will tell.
    """

    def __init__(
        self,
        index: ChromaIndex,
        embedder: Embedder,
        split: Callable[[Source], list[Chunk]],
        *,
        count: Callable[[int], None],
        progress: Progress | None = None,
        total: int | None = None,
    ) -> None:
        self._index, self._embedder, self._split, self._count = index, embedder, split, count
        self._progress, self._total = progress, total
        self._done: dict[int, Indexed] = {}
        self._versions: dict[str, str] = {}
        self._read = self._written = 0
        self._refused: RagError | None = None

    def run(self, sources: Iterable[Source]) -> list[Indexed]:
        """Index them, and say what became of each, in their order."""
        self._index.replace_many(self._entries(sources), self._note_written)
        if self._refused is not None:
            raise self._refused
        if self._progress:
            self._progress(self._read, self._total or self._read)
        return [indexed for _, indexed in sorted(self._done.items())]

    def _entries(self, sources: Iterable[Source]) -> Iterator[Entry]:
        waiting: list[_Waiting] = []
        for one in self._changed(sources):
            waiting.append(one)
            if sum(len(each.chunks) for each in waiting) >= TOGETHER:
                yield from self._embed(waiting)
                waiting = []
        if waiting:
            yield from self._embed(waiting)

    def _changed(self, sources: Iterable[Source]) -> Iterator[_Waiting]:
        """Those that are not there just so; it ends before one that is refused, so that those before it are written."""
        try:
            for position, one in enumerate(sources):
                chunks = self._split(one)
                version, _ = identify(one.document_id, chunks, one.metadata)
                ids = [record_id(one.document_id, chunk.index, version) for chunk in chunks]
                self._read = position + 1
                if self._is_there(one, chunks, version):
                    self._done[position] = Indexed(one.document_id, len(chunks), ids, written=False)
                    continue
                self._versions[one.document_id] = version
                yield _Waiting(position, one, chunks, ids)
        except RagError as error:
            self._refused = error

    def _is_there(self, one: Source, chunks: list[Chunk], version: str) -> bool:
        # What this run is about to write decides, not what is still in the index.
        if (coming := self._versions.get(one.document_id)) is not None:
            return coming == version
        return self._index.is_current(one.document_id, chunks, one.metadata)

    def _embed(self, waiting: list[_Waiting]) -> Iterator[Entry]:
        texts = [chunk.text for one in waiting for chunk in one.chunks]
        before = len(self._done)

        def partly(done: int, all_: int) -> None:
            self._tell(before + len(waiting) * done // all_)

        vectors = self._embedder.embed_documents(texts, partly if self._progress else None)
        cut = self._cut(texts)
        start = 0
        for one in waiting:
            rows = range(start, start + len(one.chunks))
            start = rows.stop
            self._done[one.position] = Indexed(
                one.source.document_id,
                len(one.chunks),
                one.chunk_ids,
                cut=tuple(row - rows.start for row in rows if row in cut),
            )
            yield Entry(one.source.document_id, one.chunks, vectors[rows.start : rows.stop], one.source.metadata)

    def _cut(self, texts: list[str]) -> frozenset[int]:
        if (call := last_call(self._embedder)) is not None:
            return frozenset(call.cut)
        if (limit := self._embedder.max_tokens) is None:
            return frozenset()
        return frozenset(row for row, count in enumerate(self._embedder.count_tokens(texts)) if count > limit)

    def _note_written(self, written: int) -> None:
        self._count(written - self._written)
        self._written = written

    def _tell(self, done: int) -> None:
        assert self._progress is not None
        self._progress(done, self._total or self._read)


def pieces(source: Source, chunks: Sequence[Chunk]) -> list[Piece]:
    """What a search will find of a document, without its ids."""
    return [Piece(chunk.text, chunk_metadata(source.document_id, chunk, source.metadata)) for chunk in chunks]
