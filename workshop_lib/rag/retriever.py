"""Our service as a LangChain retriever, and what it finds as LangChain's documents, there and back."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import SkipValidation

from workshop_lib.i18n import _
from workshop_lib.rag.errors import InvalidChain
from workshop_lib.rag.results import Result

OURS = ("id", "distance", "relevance_score")


class Searches(Protocol):
    """What can be asked for results, most relevant first, as `RAGService`."""

    def query(self, query_text: str, top_k: int = 5, filter: Mapping[str, Any] | None = None) -> Sequence[Result]: ...


class ServiceRetriever(BaseRetriever):
    """Finds LangChain documents by our service: `retriever.invoke(question)`, or as a step of any LCEL chain.

    Asynchronously it searches in a thread. It raises what the service's `query` raises. A call may ask for another
    number or filter than the retriever's: `retriever.invoke(question, top_k=3)`, or `retriever.bind(filter=…)`.

    Attributes:
        service: a `RAGService`, or anything with its `query`.
        top_k: the most documents to find.
        filter: on metadata, as `index.filters` describes it.
    """

    # pydantic can't tell whether an object is what a Protocol says.
    service: SkipValidation[Searches]
    top_k: int = 5
    filter: Mapping[str, Any] | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        top_k: int | None = None,
        filter: Mapping[str, Any] | None = None,
    ) -> list[Document]:
        return self._find(query, top_k, filter)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        top_k: int | None = None,
        filter: Mapping[str, Any] | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._find, query, top_k, filter)

    def _find(self, query: str, top_k: int | None, filter: Mapping[str, Any] | None) -> list[Document]:
        found = self.service.query(
            query, self.top_k if top_k is None else top_k, self.filter if filter is None else filter
        )
        return [to_document(result) for result in found]


def to_document(result: Result) -> Document:
    """`result` for LangChain: its metadata, and beside it id, distance and relevance_score.

    Metadata of one's own under these three names is not in the document.
    """
    ours = {"id": result.id, "distance": result.distance, "relevance_score": result.relevance_score}
    return Document(id=result.id, page_content=result.content, metadata={**result.metadata, **ours})


def to_result(document: Document) -> Result:
    """The result that `to_document` made `document` of.

    Raises:
        InvalidChain: it has no id, distance or document_id: another retriever found it.
    """
    metadata = document.metadata
    if missing := [key for key in ("id", "distance", "document_id") if key not in metadata]:
        text = _(
            "expected documents of a ServiceRetriever, got one without {known} in its metadata: {given!r}. Put "
            "these in: an answer cites its source by them"
        )
        raise InvalidChain(text.format(known=", ".join(missing), given=document.page_content[:60]))
    others = {key: value for key, value in metadata.items() if key not in OURS}
    return Result(str(metadata["id"]), document.page_content, float(metadata["distance"]), others)
