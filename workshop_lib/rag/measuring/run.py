"""How well a collection answers the course's questions: rankings, silence and time, by language."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from workshop_lib.datasets import Document, Documents, Question, load
from workshop_lib.evaluation import InvalidSample, recall_at_k
from workshop_lib.i18n import _
from workshop_lib.rag.measuring.asking import Asking, Filter, Retriever
from workshop_lib.rag.measuring.judging import judge
from workshop_lib.rag.measuring.report import CUTOFF, Report
from workshop_lib.rag.measuring.scoring import Asked, part

Progress = Callable[[int, int], None]
"""`progress(done, all)`, in questions. What it raises ends the work."""


def evaluate_retrieval(
    service: Retriever,
    questions: Iterable[Question] | None = None,
    *,
    ks: Sequence[int] = (1, 5),
    filter: Filter | None = None,
    pages: Documents | Mapping[str, Document] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask every question and score what comes back.

    Args:
        service: see `Retriever`.
        questions: default: those of the split "test". An abstention threshold is chosen on "calibrate".
        ks: of recall@k, for pages and for chunks.
        filter: on metadata, given to each query. Questions are not left out for it.
        pages: the questions' own, by id; default: the shipped ones.

    Raises:
        InvalidSample: no question whose page is in the collection.
        InvalidCutoff: a k below 1.
        JudgementMismatch: a page of that id was indexed from another text.
        RagError: what the service raises.
    """
    asked = list(load("questions").select(split="test") if questions is None else questions)
    shelf: Any = load("documents") if pages is None else pages
    judgements = judge(asked, shelf, _present(service))
    kept = [each for each in judgements if not each.left_out]
    if not any(each.pages for each in kept):
        text = _(
            "expected a collection with the shelf's pages, got one with no page that answers any of {count} "
            "questions. To index them: workshop rag index"
        )
        raise InvalidSample(text.format(count=len(asked)))
    for k in ks:
        recall_at_k([], set(), k)
    asking = Asking(service, max(ks), filter)
    asking.warm_up(kept[0].question.question)
    asked_so: list[Asked] = []
    for done, judgement in enumerate(kept, 1):
        results = asking.rank(judgement.question.question, max(*ks, CUTOFF))
        abstained = asking.abstains(judgement.question.question)
        asked_so.append(Asked.of(results, judgement, shelf, abstained))
        if progress:
            progress(done, len(kept))
    languages = sorted({each.question.language for each in asked_so})
    return Report(
        splits=tuple(sorted({question.split for question in asked})),
        top_k=max(ks),
        parts=tuple(
            part(language, [each for each in asked_so if language in (None, each.question.language)], ks)
            for language in ((None, *languages) if len(languages) > 1 else languages)
        ),
        outcomes=tuple(each.outcome for each in asked_so),
        latency=asking.latency(),
        left_out=tuple(each.question.id for each in judgements if each.left_out),
    )


def _present(service: Retriever) -> list[str] | None:
    documents = getattr(getattr(service, "index", None), "documents", None)
    return documents() if callable(documents) else None
