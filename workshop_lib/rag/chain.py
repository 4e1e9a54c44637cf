"""Questions answered by a LangChain chain: the documents' own sentences, or what a language model makes of them.

build_chain(retriever, answer) -> Runnable      LCEL, so `invoke`, `batch`, `stream` and their asynchronous twins work
LangChainRAG(…).query(question)                 the seed's shape on it

No key and no network are needed. LangChain sends traces to LangSmith only where LANGSMITH_TRACING (or its older name
LANGCHAIN_TRACING_V2) asks it to; nothing here does.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, cast

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

from workshop_lib.i18n import _
from workshop_lib.rag.answering import SHIPPED, ExtractiveAnswerer
from workshop_lib.rag.embedders import Embedder
from workshop_lib.rag.errors import InvalidChain, UnknownModel
from workshop_lib.rag.languages import language_warning
from workshop_lib.rag.prompt import CountTokens, Prompt, build_prompt
from workshop_lib.rag.results import Answer, Result
from workshop_lib.rag.retriever import ServiceRetriever, to_result
from workshop_lib.rag.service import RAGService

BUDGET = 2_048
"""Tokens of a prompt. Five chunks of 500 characters, with all around them, have about half as many."""


class Answers(Protocol):
    """What answers from results by itself, as `ExtractiveAnswerer`."""

    def answer(self, question: str, results: Sequence[Result]) -> Answer: ...


Asked = dict[str, Any]
Chain = Runnable[str, Asked]


def build_chain(
    retriever: Runnable[str, list[Document]],
    answer: Answers | Runnable[Any, Any],
    *,
    budget: int = BUDGET,
    count_tokens: CountTokens | None = None,
) -> Chain:
    """A chain from a question to a dictionary.

    Its keys: `question`; `documents`, those that the retriever found; `answer`, a text; and how it came about, which is
    `extract`, an `Answer`, or, with a language model, `prompt`, the `Prompt` that it was given. Streamed, each comes as
    soon as it is there, and a model's answer in its pieces.

    The chain raises what the retriever and the model raise, and with a model what `build_prompt` raises, also where
    documents were found and the budget has no room for the first.

    Args:
        retriever: a `ServiceRetriever`, or a step that gives its documents.
        answer: an `ExtractiveAnswerer`, or any Runnable from a prompt to a text or message, such as a chat model.
        budget: the most tokens of the prompt; the model's window less what its answer may take.
        count_tokens: by that model's tokenizer; needed with a model, unused without.

    Raises:
        InvalidChain: `answer` is neither, or a model without `count_tokens`.
    """
    found = RunnableParallel(question=RunnablePassthrough(), documents=retriever)
    if isinstance(answer, Runnable):
        if count_tokens is None:
            raise InvalidChain(
                _(
                    "expected count_tokens with a language model, got none. Give a function from texts to their "
                    "numbers of tokens by the model's tokenizer; count_tokens of an embedder is an estimate"
                )
            )
        return (
            found
            | RunnablePassthrough.assign(prompt=_prompting(budget, count_tokens))
            | RunnablePassthrough.assign(answer=RunnableLambda(_prompt_text) | answer | StrOutputParser())
        )
    if not callable(getattr(answer, "answer", None)):
        text = _(
            "expected an answerer or a LangChain Runnable, got {kind}. Give ExtractiveAnswerer(), a chat "
            "model, or RunnableLambda(function from a prompt to a text)"
        )
        raise InvalidChain(text.format(kind=type(answer).__name__))
    return (
        found
        | RunnablePassthrough.assign(extract=answering(answer))
        | RunnablePassthrough.assign(answer=RunnableLambda(_extract_text))
    )


def answering(answerer: Answers) -> Runnable[Asked, Answer]:
    """`answerer` as a Runnable from `question` and `documents` to an `Answer`; asynchronously it works in a thread."""

    def answer(asked: Asked) -> Answer:
        return answerer.answer(asked["question"], _results(asked))

    return RunnableLambda(answer, name="answer")


class LangChainRAG:
    """Answers from one collection, by LangChain.

    Without a language model the answers are the documents' own sentences. `retriever` and `chain` are there to be used
    in other chains. Close it, or use it as a context manager, unless `service` was given: that one stays open.

    Args:
        chroma_host, chroma_port, collection_name, embedding_model, url: as `RAGService`.
        llm_model: as in the seed, the name of a language model. Nothing here serves one, so any name is refused.
        service: a `RAGService` that is there already, instead of all the above.
        llm: any LangChain chat model, or another Runnable from a prompt to a text or message.
        answerer: what answers where there is no `llm`; default: an `ExtractiveAnswerer` with the threshold shipped for
            the embedder, so that it abstains where `RAGService.answer` does.
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
            llm if llm is not None else answerer or ExtractiveAnswerer(SHIPPED.get(service.embedder.name)),
            budget=budget,
            count_tokens=count_tokens or service.embedder.count_tokens,
        )

    def query(self, question: str) -> dict[str, Any]:
        """Answer from what is found.

        Returns:
            `answer`, a text that cites by numbers in brackets; `sources`, all that was found, most relevant first,
            each with `content` and `metadata`: the chunk's own, and `numbers`, those by which the answer can cite it;
            and `warning`, None or that the embedder doesn't know the question's language.

        Raises:
            as `RAGService.query`, and as the chain of `build_chain`.
        """
        return self._seed(self.chain.invoke(question))

    async def aquery(self, question: str) -> dict[str, Any]:
        """`query`, without blocking the event loop."""
        return self._seed(await self.chain.ainvoke(question))

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
        return {
            "answer": asked["answer"],
            "sources": [
                {
                    "content": document.page_content,
                    "metadata": {**document.metadata, "numbers": numbers[document.metadata["id"]]},
                }
                for document in asked["documents"]
            ],
            "warning": language_warning(self.service.embedder, asked["question"], None),
        }


def _prompting(budget: int, count_tokens: CountTokens) -> Runnable[Asked, Prompt]:
    def prompt_of(asked: Asked) -> Prompt:
        # A model that is shown nothing of what was found would answer from what it remembers.
        return build_prompt(asked["question"], _results(asked), budget=budget, count_tokens=count_tokens, at_least=1)

    return RunnableLambda(prompt_of, name="build_prompt")


def _prompt_text(asked: Asked) -> str:
    return cast(Prompt, asked["prompt"]).text


def _extract_text(asked: Asked) -> str:
    return cast(Answer, asked["extract"]).text


def _results(asked: Asked) -> list[Result]:
    return [to_result(document) for document in asked["documents"]]


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
