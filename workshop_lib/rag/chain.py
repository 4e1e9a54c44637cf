"""Questions answered by a LangChain chain: the documents' own sentences, or what a language model makes of them.

build_chain(retriever, answer) -> Runnable      LCEL, so `invoke`, `batch`, `stream` and their asynchronous twins work

No key and no network are needed. LangChain sends traces to LangSmith only where LANGSMITH_TRACING (or its older name
LANGCHAIN_TRACING_V2) asks it to; nothing here does.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

from workshop_lib.i18n import _
from workshop_lib.rag.errors import InvalidChain
from workshop_lib.rag.prompt import CountTokens, Prompt, build_prompt
from workshop_lib.rag.results import Answer, Result
from workshop_lib.rag.retriever import to_result

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
