"""The seed's `LangChainRAG`: one collection asked through a LangChain chain."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from langchain_core.runnables import Runnable

from workshop_lib.i18n import _
from workshop_lib.rag.chain import BUDGET, Answers, Asked, build_chain
from workshop_lib.rag.embedders import Embedder
from workshop_lib.rag.errors import InvalidChain, UnknownModel
from workshop_lib.rag.prompt import CountTokens
from workshop_lib.rag.results import Answer, Result
from workshop_lib.rag.retriever import ServiceRetriever
from workshop_lib.rag.service import RAGService


class LangChainRAG:
    """Answers from one collection, by LangChain.

    Without a language model the answers are the documents' own sentences. `retriever` and `chain` are there to be used
    in other chains. Close it, or use it as a context manager, unless `service` was given: that one stays open.

    Args:
        chroma_host, chroma_port, collection_name, embedding_model, url: as `RAGService`.
        llm_model: as in the seed, the name of a language model. Nothing here serves one, so any name is refused.
        service: a `RAGService` that is there already, instead of all the above.
        llm: any LangChain chat model, or another Runnable from a prompt to a text or message.
        answerer: what answers where there is no `llm`; default: `RAGService.answer_from`, so that it answers and
            abstains as the service does.
        top_k: how many passages an answer is looked for in.
        budget, count_tokens: as `build_chain`, for `llm`; by default tokens are counted by the embedder's tokenizer,
            which is an estimate: leave room in the budget.

    Raises:
        UnknownModel: `llm_model` was given.
        InvalidChain: `service` was given with what it has already, or `answerer` with `llm`.
        and what `RAGService` raises.
    """

    def __init__(
        self,
        chroma_host: str | None = None,
        chroma_port: int | None = None,
        collection_name: str = "documents",
        llm_model: str | None = None,
        embedding_model: str | Embedder | None = None,
        *,
        url: str | Path | None = None,
        service: RAGService | None = None,
        llm: Runnable[Any, Any] | None = None,
        answerer: Answers | None = None,
        top_k: int = 5,
        budget: int = BUDGET,
        count_tokens: CountTokens | None = None,
    ) -> None:
        if llm_model is not None:
            raise UnknownModel(llm_model)
        if llm is not None and answerer is not None:
            raise InvalidChain(_("expected llm or answerer, got both. Leave one out: either gives the whole answer"))
        place = {
            "chroma_host": chroma_host,
            "chroma_port": chroma_port,
            "collection_name": None if collection_name == "documents" else collection_name,
            "embedding_model": embedding_model,
            "url": url,
        }
        if service is not None and (twice := [name for name, value in place.items() if value is not None]):
            text = _(
                "expected service alone, got {names} too. The service has its place, collection and embedder "
                "already: leave these out, or give them to RAGService"
            )
            raise InvalidChain(text.format(names=", ".join(twice)))
        self._made: RAGService | None = None
        if service is None:
            service = self._made = RAGService(chroma_host, chroma_port, collection_name, embedding_model, url=url)
        self.service = service
        self.retriever = ServiceRetriever(service=service, top_k=top_k)
        self.chain = build_chain(
            self.retriever,
            llm if llm is not None else answerer or _Own(service),
            budget=budget,
            count_tokens=count_tokens or service.embedder.count_tokens,
        )

    def query(self, question: str) -> dict[str, Any]:
        """Answer from what is found.

        Returns:
            `answer`, a text that cites by numbers in brackets; `sources`, all that was found, most relevant first,
            each with `content` and `metadata`: the chunk's own, and `numbers`, those by which the answer can cite it;
            and `warning`, the answer's, or what `RAGService.question_warning` says; None where there is nothing.

        Raises:
            as `RAGService.query`, and as the chain of `build_chain`.
        """
        return self._seed(self.chain.invoke(question))

    async def aquery(self, question: str) -> dict[str, Any]:
        """`query`, without blocking the event loop."""
        return await asyncio.to_thread(self._seed, await self.chain.ainvoke(question))

    def close(self) -> None:
        """Close the service that was made here; one that was given stays open."""
        if self._made is not None:
            self._made.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _seed(self, asked: Asked) -> dict[str, Any]:
        numbers = _numbers(asked)
        extract: Answer | None = asked.get("extract")
        warning = extract.warning if extract is not None else None
        return {
            "answer": asked["answer"],
            "sources": [
                {
                    "content": document.page_content,
                    "metadata": {**document.metadata, "numbers": numbers[document.metadata["id"]]},
                }
                for document in asked["documents"]
            ],
            "warning": warning or self.service.question_warning(asked["question"]),
        }


@dataclass(frozen=True)
class _Own:
    """What answers as the service does."""

    service: RAGService

    def answer(self, question: str, results: Sequence[Result]) -> Answer:
        return self.service.answer_from(question, results)


def _numbers(asked: Asked) -> dict[str, list[int]]:
    """By a chunk's id, the numbers that stand for it in the answer."""
    numbers: dict[str, list[int]] = defaultdict(list)
    if "prompt" in asked:
        for number, passage in asked["prompt"].passages.items():
            for result in passage.results:
                numbers[result.id].append(number)
    else:
        for citation in asked["extract"].citations:
            numbers[citation.chunk_id].append(citation.number)
    return numbers
