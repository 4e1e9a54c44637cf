"""Documents in, answers with their sources out: the parts of `workshop_lib.rag` under one name."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence, Sized
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prometheus_client import CollectorRegistry

from workshop_lib.datasets import Heading, Question
from workshop_lib.evaluation import Threshold
from workshop_lib.rag.asking import Ask, Asking, Limit
from workshop_lib.rag.chunking import Chunk, split
from workshop_lib.rag.embedders import Embedder, Progress, open_embedder
from workshop_lib.rag.index import ChromaIndex, open_index
from workshop_lib.rag.indexing import Indexing, pieces
from workshop_lib.rag.intake import Source, source, sources
from workshop_lib.rag.metrics import metrics_in
from workshop_lib.rag.results import Answer, AnswerEnd, AnswerText, Indexed, Piece, Result, Value
from workshop_lib.settings import Settings, http_url


class Default(Enum):
    """Stands for an argument that isn't given, where None is a choice of its own."""

    SETTINGS = "settings"


class RAGService:
    """Indexes documents in one Chroma collection and answers from them.

    Threads may share one. It holds the folder until it is closed; the embedder's model is loaded with the first text.

    Args:
        chroma_host, chroma_port: a Chroma server, as in the seed; one of them takes localhost or 8000 for the other.
        collection_name: one embedder and one chunking a collection.
        embedding_model: an embedder, or a name for `open_embedder`; default: `settings.embedder`.
        chunk_size, chunk_overlap: in characters.
        url: a folder (a relative one under WORKSHOP_HOME) or a server's ``http://host:port``; default:
            `settings.chroma_url`.
        cache: the folder that keeps documents' vectors, for an embedder that is given by its name; None for no cache;
            Default.SETTINGS for `settings.workshop_cache`.
        settings: default: the environment's.
        registry: where metrics are counted; default: prometheus_client's own.

    Raises:
        InvalidChunking: an overlap that is not below the size, a size below 1.
        UnknownEmbedder, ModelMissing, NotAModel: as `open_embedder`.
        IndexInUse, IndexMismatch, IndexUnavailable, InvalidQuery: as `open_index`.
    """

    def __init__(
        self,
        chroma_host: str | None = None,
        chroma_port: int | None = None,
        collection_name: str = "documents",
        embedding_model: "str | Embedder | None" = None,
        chunk_size: int = 500,
        chunk_overlap: int = 50,
        *,
        url: str | Path | None = None,
        cache: Path | str | Default | None = Default.SETTINGS,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        # An impossible chunking is refused before anything is made.
        split("", size=chunk_size, overlap=chunk_overlap)
        self._settings = settings or Settings()
        self._size, self._overlap = chunk_size, chunk_overlap
        self._metrics = metrics_in(registry)
        self._embedder = self._open_embedder(embedding_model, cache)
        self._index = open_index(
            self._place(chroma_host, chroma_port, url),
            collection_name,
            model=self._embedder.name,
            dimension=self._embedder.dimension,
            chunk_size=chunk_size,
            chunk_overlap=chunk_overlap,
        )
        self._asking = Asking(self._embedder, self._index, self._metrics)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder or server; closing twice is no error."""
        self._index.close()

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors here."""
        return self._embedder

    @property
    def index(self) -> ChromaIndex:
        """Where they are kept."""
        return self._index

    def embed_text(self, text: str) -> list[float]:
        """The vector of a question.

        Raises:
            EmptyText, InvalidText: as `Embedder`.
        """
        return [float(number) for number in self._embedder.embed_query(text)]

    def embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of documents' texts, one a text.

        Raises:
            EmptyText, InvalidText: as `Embedder`.
        """
        rows: list[list[float]] = self._embedder.embed_documents(texts).tolist()
        return rows

    def split_documents(self, documents: Iterable[object]) -> list[Piece]:
        """The chunks that indexing these would make, of any form that `index_documents` takes.

        Raises:
            InvalidDocument: as `index_document`.
        """
        return [piece for one in self._sources(documents) for piece in pieces(one, self._split(one))]

    def index_document(
        self,
        content: str | bytes,
        metadata: Mapping[str, Value] | None = None,
        document_id: str | None = None,
        *,
        headings: Sequence[Heading] = (),
    ) -> Indexed:
        """Put a document in place of what is there under its id. Where it is there just so, nothing is done.

        Args:
            content: text, or its bytes in UTF-8.
            metadata: kept with each chunk, to filter by: text, finite numbers, integers of 64 bits, true and false.
            document_id: None for one made from the content.
            headings: the text's own, in order, as `Document.headings`.

        Raises:
            EmptyDocument, BinaryDocument, NotUTF8, DocumentTooLarge: what their names say (InvalidDocument).
            InvalidEntry: a document id or metadata that can't be stored, a reserved metadata key.
            InvalidChunking: headings that are not the text's.
            IndexUnavailable, IndexClosed: as `ChromaIndex.replace`. Whatever is raised, what was there is there still.
        """
        one = source(content, metadata, document_id, headings, limit=self._settings.document_limit)
        (indexed,) = self._indexing(None, 1).run([one])
        return indexed

    def index_documents(self, documents: Iterable[object], progress: Progress | None = None) -> list[Indexed]:
        """Index many at once, in the order given, which is faster than one by one. What is there just so is skipped.

        Args:
            documents: pages of load("documents"), (content, metadata, document_id), mappings with those keys,
                LangChain's Documents, or texts. An iterator is read as it is indexed.
            progress: called with the number of documents done, and of all; where `documents` has no length, with those
                read so far.

        Raises:
            as `index_document`, at the first document that is refused: those before it are indexed, and a second run
            passes over them.
        """
        return self._indexing(progress, _length(documents)).run(self._sources(documents))

    def query(self, query_text: str, top_k: int = 5, filter: Mapping[str, Any] | None = None) -> list[Result]:
        """The chunks nearest to a question, nearest first; fewer than `top_k` where there are fewer.

        Args:
            filter: on metadata, as `index.filters` describes it.

        Raises:
            EmptyQuery: only whitespace.
            QueryTooLong: above 4,000 characters.
            InvalidText: half a surrogate pair.
            InvalidQuery: a `top_k` below 1.
            InvalidFilter: not a filter.
            IndexUnavailable, IndexClosed: as `ChromaIndex.search`.
        """
        return self._asking.results(Ask(query_text, top_k, filter))

    def answer(
        self,
        question: str,
        top_k: int = 5,
        filter: Mapping[str, Any] | None = None,
        *,
        threshold: Limit = "calibrated",
        language: str | None = None,
    ) -> Answer:
        """The sentences that answer best, each with its place, or that the documents don't answer.

        Args:
            threshold: abstain where `answering.confidence` is below it; "calibrated" for the one shipped for the
                embedder, where there is one; None to answer whatever was found.
            language: the question's, such as "es"; None to guess between English and Spanish. Where the embedder was
                not trained for it, `Answer.warning` says so, and which one was.

        Raises:
            as `query`.
        """
        return self._asking.answer(Ask(question, top_k, filter, threshold, language))

    def answer_from(
        self,
        question: str,
        results: Sequence[Result],
        *,
        threshold: Limit = "calibrated",
        language: str | None = None,
    ) -> Answer:
        """As `answer`, from results that were found already: `answer(q) == answer_from(q, query(q))`.

        Args:
            results: nearest first.

        Raises:
            EmptyQuery, QueryTooLong, InvalidText, InvalidQuery: as `query`.
        """
        return self._asking.answer_from(Ask(question, threshold=threshold, language=language), results)

    def question_warning(self, question: str, language: str | None = None) -> str | None:
        """What a reader should know of how the embedder read a question: it doesn't know the language, or read only
        the beginning. None where there is nothing. `Answer.warning` says it too.

        Raises:
            EmptyQuery, QueryTooLong, InvalidText, InvalidQuery: as `query`.
        """
        return self._asking.warning(question, language)

    def query_stream(
        self,
        question: str,
        top_k: int = 5,
        filter: Mapping[str, Any] | None = None,
        *,
        threshold: Limit = "calibrated",
        language: str | None = None,
    ) -> AsyncGenerator[AnswerText | AnswerEnd, None]:
        """As `answer`, a sentence at a time, and then the whole with its citations.

        The work is done in threads, so an event loop goes on meanwhile. When the consumer leaves, no further stage of
        embedding, searching and answering begins.

        Raises:
            EmptyQuery, QueryTooLong, InvalidText, InvalidQuery: at once, before the first part is asked for.
            the others of `query`: with the first part.
        """
        return self._asking.stream(Ask(question, top_k, filter, threshold, language))

    def calibrate(self, questions: Iterable[Question] | None = None) -> Threshold:
        """The threshold with the highest F1 of abstaining on these questions, for `answer(threshold=found.value)`.

        Args:
            questions: of both kinds, answerable and not; default: the course's calibration questions in the languages
                that the embedder knows, which go with the pages of load("documents").

        Raises:
            InvalidSample: they are not of both kinds.
            IndexUnavailable, IndexClosed: as `query`.
        """
        return self._asking.calibrate(questions)

    def delete_document(self, document_id: str) -> bool:
        """Remove a document with all its chunks; False where there is none.

        Raises:
            InvalidEntry, IndexUnavailable, IndexClosed: as `ChromaIndex.delete`.
        """
        return self._index.delete(document_id)

    def get_collection_stats(self) -> dict[str, str | int]:
        """How much there is, and how it was made.

        Raises:
            IndexUnavailable, IndexClosed: as `ChromaIndex.stats`.
        """
        return self._index.stats().as_seed()

    def _sources(self, documents: Iterable[object]) -> Iterator[Source]:
        return sources(documents, limit=self._settings.document_limit)

    def _split(self, one: Source) -> list[Chunk]:
        return split(one.text, size=self._size, overlap=self._overlap, headings=one.headings)

    def _indexing(self, progress: Progress | None, total: int | None) -> Indexing:
        return Indexing(
            self._index, self._embedder, self._split, count=self._metrics.indexed.inc, progress=progress, total=total
        )

    def _open_embedder(self, given: "str | Embedder | None", cache: Path | str | Default | None) -> Embedder:
        if given is not None and not isinstance(given, str):
            return given
        folder = self._settings.workshop_cache if cache is Default.SETTINGS else cache
        return open_embedder(given or self._settings.embedder, cache=None if folder is None else Path(folder))

    def _place(self, host: str | None, port: int | None, url: str | Path | None) -> str | Path:
        if url is not None:
            # An empty one is the index's to refuse; joined to the folder it would be WORKSHOP_HOME itself.
            own = not str(url).strip() or "://" in str(url)
            return str(url).strip() if own else self._settings.workshop_home / Path(url).expanduser()
        if host is not None or port is not None:
            return http_url(host or "localhost", port or 8000)
        return self._settings.chroma_place


def _length(documents: Iterable[object]) -> int | None:
    return len(documents) if isinstance(documents, Sized) else None
