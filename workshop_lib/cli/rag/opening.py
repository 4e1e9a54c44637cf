"""From options to an open service: a collection knows what it was made with."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_lib.errors import PlainError
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.rag.embedders import Call, Embedder, Progress, Vectors
    from workshop_lib.rag.index.recipe import Recipe
    from workshop_lib.rag.service import RAGService

CHUNK_SIZE, CHUNK_OVERLAP = 500, 50


class NothingIndexed(PlainError):
    """There is no such collection, or it is empty."""

    def __init__(self, place: str, collection: str) -> None:
        text = _("nothing is indexed yet in collection {name!r} at {place}. To index the course's pages: {command}")
        command = "workshop rag index" + ("" if collection == "documents" else f" --collection {collection}")
        super().__init__(text.format(name=collection, place=place, command=command))


class ModelElsewhere(PlainError):
    """A collection's model has a name that finds none here: it was given as a folder."""

    def __init__(self, collection: str, model: str) -> None:
        text = _(
            "collection {name!r} was made with {model!r}, which is no known name: a model's folder and what was in it. "
            "Say where that folder is: --embedder FOLDER"
        )
        super().__init__(text.format(name=collection, model=model))


class Counting:
    """An embedder that adds up what its calls computed, found cached, and cut."""

    def __init__(self, embedder: "Embedder") -> None:
        self._embedder = embedder
        self.texts = self.computed = 0

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int | None:
        return self._embedder.max_tokens

    @property
    def languages(self) -> frozenset[str]:
        return self._embedder.languages

    @property
    def last(self) -> "Call | None":
        from workshop_lib.rag.embedders import last_call

        return last_call(self._embedder)

    def embed_documents(self, texts: Sequence[str], progress: "Progress | None" = None) -> "Vectors":
        vectors = self._embedder.embed_documents(texts, progress)
        call = self.last
        self.texts += len(texts)
        self.computed += len(texts) if call is None else call.computed
        return vectors

    def embed_query(self, text: str) -> "Vectors":
        return self._embedder.embed_query(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    def __str__(self) -> str:
        return _("{computed} computed, {cached} cached").format(
            computed=f"{self.computed:,}", cached=f"{self.texts - self.computed:,}"
        )


class Place:
    """Where the collection is, and what it was made with.

    Attributes:
        url: a folder or a server.
        recipe: None where the collection isn't there yet.
    """

    def __init__(self, url: str | None, collection: str) -> None:
        from workshop_lib.rag.index.recorded import recorded
        from workshop_lib.settings import Settings

        self.settings = Settings()
        self.collection = collection
        self.url = self._place(url) if url else self.settings.chroma_place
        self.recipe: Recipe | None = recorded(self.url, collection)

    def open(
        self, embedder: str | None = None, chunk_size: int | None = None, chunk_overlap: int | None = None
    ) -> tuple["RAGService", Counting]:
        """The service. What isn't given is as the collection has it, or else the settings' and the defaults.

        Raises:
            ModelElsewhere: no embedder is given, and the collection's own has a name that finds none.
            RagError: as `RAGService`.
        """
        from workshop_lib.rag.service import RAGService

        size, overlap = self._chunking(chunk_size, chunk_overlap)
        counting = Counting(self._open_embedder(embedder))
        service = RAGService(
            collection_name=self.collection,
            embedding_model=counting,
            chunk_size=size,
            chunk_overlap=overlap,
            url=self.url,
            settings=self.settings,
        )
        return service, counting

    def delete(self, embedder: str | None, chunk_size: int | None, chunk_overlap: int | None) -> bool:
        """Delete the collection, once it is sure that `open` can make it anew from these; False where there is none.

        Raises:
            RagError: as `RAGService`, and then it is there still.
        """
        from workshop_lib.rag.chunking import split
        from workshop_lib.rag.index import drop_index

        self.recipe = None
        size, overlap = self._chunking(chunk_size, chunk_overlap)
        split("", size=size, overlap=overlap)
        self._open_embedder(embedder)
        return drop_index(self.url, self.collection)

    def open_filled(self, embedder: str | None = None) -> "RAGService":
        """The service of a collection that holds something.

        Raises:
            NothingIndexed: it doesn't.
            ModelElsewhere, RagError: as `open`.
        """
        if self.recipe is None:
            raise NothingIndexed(self.url, self.collection)
        service, _counting = self.open(embedder)
        if not service.index.stats().chunks:
            service.close()
            raise NothingIndexed(self.url, self.collection)
        return service

    def stats(self) -> dict[str, str | int]:
        """What the collection holds, under the seed's names; its model need not be there.

        Raises:
            NothingIndexed: it holds nothing.
            RagError: as `open_index`.
        """
        from workshop_lib.rag.index import open_index

        if self.recipe is None:
            raise NothingIndexed(self.url, self.collection)
        with open_index(self.url, self.collection, **asdict(self.recipe)) as index:
            held = index.stats()
        if not held.chunks:
            raise NothingIndexed(self.url, self.collection)
        return held.as_seed()

    def _chunking(self, size: int | None, overlap: int | None) -> tuple[int, int]:
        if size is None:
            size = self.recipe.chunk_size if self.recipe else CHUNK_SIZE
        if overlap is None:
            overlap = self.recipe.chunk_overlap if self.recipe else min(CHUNK_OVERLAP, size // 10)
        return size, overlap

    def _open_embedder(self, given: str | None) -> "Embedder":
        from workshop_lib.rag.embedders import open_embedder
        from workshop_lib.rag.errors import UnknownEmbedder

        cache = self.settings.workshop_cache
        if given or self.recipe is None:
            return open_embedder(given or self.settings.embedder, cache=cache)
        try:
            return open_embedder(self.recipe.model, cache=cache)
        except UnknownEmbedder:
            raise ModelElsewhere(self.collection, self.recipe.model) from None

    def _place(self, url: str) -> str:
        # As CHROMA_URL: a relative folder means the same from everywhere.
        return url if "://" in url else str(self.settings.workshop_home / Path(url).expanduser())


def made_with(url: str | None, collection: str, embedder: str | None) -> Place | None:
    """The collection's place, where `embedder` is the folder of the model that it was made with, or isn't given."""
    from workshop_lib.rag.embedders import KNOWN, open_embedder

    if embedder is None:
        return Place(url, collection)
    # Of a model with a name nothing need be asked, so a collection that another process has open is in nobody's way.
    if embedder in KNOWN or not Path(embedder).expanduser().is_dir():
        return None
    place = Place(url, collection)
    return place if place.recipe is not None and place.recipe.model == open_embedder(embedder).name else None
