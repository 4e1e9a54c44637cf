"""The check of 6.6: a real retriever over a shelf of two lines, and an answerer as simple as can be."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call, shown
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.rag.results import Answer, Result

_TEA, _CAKE = "How long does tea steep?", "How hot is the oven for a cake?"
_LINES = {
    _TEA: ("tea", "Green tea steeps for two minutes.", 0.2),
    _CAKE: ("cake", "A cake wants an oven of 180 degrees.", 0.3),
}


class _Shelf:
    """What a `RAGService` is asked, with what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def query(self, query_text: str, top_k: int = 5, filter: Mapping[str, Any] | None = None) -> "Sequence[Result]":
        from workshop_lib.rag.results import Result

        self.asked.append(query_text)
        document_id, text, distance = _LINES.get(query_text, ("tea", "Tea is a plant.", 0.9))
        about: dict[str, str | int | float | bool] = {"document_id": document_id, "start": 0, "end": len(text)}
        return [Result(f"{document_id}:0:v", text, distance, about)]


class _Answerer:
    """Cites what is nearest, and is silent where that is not near."""

    def answer(self, question: str, results: "Sequence[Result]") -> "Answer":
        from workshop_lib.rag.results import Answer, Citation

        best = results[0]
        if best.relevance_score < 0.5:
            return Answer(question, "", (), True, best.relevance_score, 0.5, tuple(results))
        cited = Citation(1, best.document_id, best.id, 0, len(best.content), best.content, best.relevance_score)
        text = f"{best.content} [1]"
        return Answer(question, text, (cited,), False, best.relevance_score, 0.5, tuple(results))


def check_build_chain(build_chain: Callable[..., Any]) -> None:
    """A Runnable that searches once a question, and gives question, documents and answer; also in a batch."""
    from workshop_lib.rag.retriever import ServiceRetriever

    shelf = _Shelf()
    chain = call(build_chain, ServiceRetriever(service=shelf), _Answerer())
    _check_runnable(chain)
    if shelf.asked:
        raise Incorrect(
            tried="build_chain(retriever, answerer)",
            expected=_("no search before somebody asks"),
            got=_("a search for {question!r}").format(question=shelf.asked[0]),
        )
    for question in (_TEA, _CAKE, _TEA):
        _check_one(_invoked(chain, question), question, f"chain.invoke({question!r})")
    _check_searches(shelf)
    for question, got in zip((_CAKE, _TEA), _ran(chain, "batch", [_CAKE, _TEA]), strict=True):
        _check_one(got, question, f"chain.batch([{_CAKE!r}, {_TEA!r}])")
    _check_one(_ran(chain, "ainvoke", _CAKE), _CAKE, f"await chain.ainvoke({_CAKE!r})")
    _check_silence(_invoked(chain, "Who won?"))


def _check_runnable(chain: object) -> None:
    from langchain_core.runnables import Runnable

    if not isinstance(chain, Runnable):
        raise Incorrect(
            tried="build_chain(retriever, answerer)",
            expected=_("a chain: a Runnable, with invoke, batch and stream"),
            got=chain if chain is None else _("{kind}: {value}").format(kind=type(chain).__name__, value=shown(chain)),
            mistake="not-a-chain",
        )


def _invoked(chain: Any, question: str) -> Any:
    return _ran(chain, "invoke", question)


def _ran(chain: Any, how: str, given: object) -> Any:
    try:
        return call(getattr(chain, how), given)
    except NotImplementedError:
        raise
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise Incorrect(
            tried=f"chain.{how}({given!r})",
            expected=_("a dictionary with question, documents and extract"),
            got=_("{kind}: {error}").format(kind=type(error).__name__, error=error),
            mistake=_lost(error),
            case=given,
        ) from error


def _lost(error: Exception) -> str | None:
    """By what the answerer got in place of the dictionary: a bare question, or a list of documents."""
    if isinstance(error, TypeError) and str(error).startswith("string indices"):
        return "side-by-side"
    return "question-lost" if isinstance(error, TypeError | KeyError | AttributeError) else None


def _check_one(got: Any, question: str, tried: str) -> None:
    from workshop_lib.rag.results import Answer

    document_id, text, _distance = _LINES[question]
    if not isinstance(got, Mapping):
        raise Incorrect(
            tried=tried,
            expected=_("a dictionary with question, documents and extract"),
            got=shown(got),
            mistake="sources-lost",
            case=question,
        )
    if missing := [key for key in ("question", "documents", "extract") if key not in got]:
        raise Incorrect(
            tried=tried,
            expected=_("the keys question, documents and extract"),
            got=_("{keys}: {missing} missing").format(keys=", ".join(map(str, got)), missing=", ".join(missing)),
            mistake="sources-lost" if missing == ["documents"] else None,
            case=question,
        )
    if got["question"] != question:
        raise Incorrect(tried=f'{tried}["question"]', expected=question, got=shown(got["question"]), case=question)
    if [document.page_content for document in got["documents"]] != [text]:
        raise Incorrect(tried=f'{tried}["documents"]', expected=[text], got=got["documents"], case=question)
    extract = got["extract"]
    if not isinstance(extract, Answer):
        raise Incorrect(tried=f'{tried}["extract"]', expected=_("an Answer"), got=shown(extract), case=question)
    if extract.question != question or [cited.document_id for cited in extract.citations] != [document_id]:
        raise Incorrect(
            tried=f'{tried}["extract"]',
            expected=_("an answer to {question!r} that cites {document}").format(
                question=question, document=document_id
            ),
            got=_("an answer to {question!r}: {text}").format(question=extract.question, text=extract.text),
            case=question,
        )


def _check_searches(shelf: _Shelf) -> None:
    if shelf.asked != [_TEA, _CAKE, _TEA]:
        raise Incorrect(
            tried=_("three questions, one after the other"),
            expected=_("3 searches, each for its question"),
            got=_("{n} searches: {asked}").format(n=len(shelf.asked), asked=", ".join(shelf.asked)),
            mistake="searches-twice" if len(shelf.asked) > 3 else None,
        )


def _check_silence(got: Any) -> None:
    if not got["extract"].abstained:
        raise Incorrect(
            tried='chain.invoke("Who won?")["extract"].abstained',
            expected=True,
            got=False,
            case="Who won?",
        )
