"""The figures are worked out by hand from `ANSWERS`."""

import math
from types import SimpleNamespace
from typing import Any

import pytest

from workshop_lib.datasets import load
from workshop_lib.evaluation import Abstention, InvalidCutoff, InvalidSample
from workshop_lib.rag.measuring import evaluate_retrieval
from workshop_lib.rag.results import Result

from .shelf import PAGES, chunks, question

# What comes back, as the letters of chunks.
ANSWERS = {"first": "bea", "third": "efmib", "never": "efgm", "none-1": "m", "none-2": "a"}
B = "b" * 19 + "."
QUESTIONS = [
    question("first", "en/a", B),
    question("third", "en/a", B, ("es/a",)),
    question("never", "en/a", B, language="es"),
    question("none-1", None),
    question("none-2", None, language="es"),
]
SILENT = ("never", "none-1", "none-2")


class Bare:
    """Only `query`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, Any]] = []

    def query(self, query_text: str, top_k: int = 5, filter: Any = None) -> list[Result]:
        self.asked.append((query_text, top_k, filter))
        return chunks(ANSWERS[query_text])[:top_k]


class Whole(Bare):
    """Can be silent, and tells its parts."""

    silent: tuple[str, ...] = SILENT
    documents = tuple(PAGES)

    def answer(self, question: str, filter: Any = None) -> Any:
        return SimpleNamespace(abstained=question in self.silent)

    @property
    def embedder(self) -> Any:
        return SimpleNamespace(embed_query=lambda text: text)

    @property
    def index(self) -> Any:
        return SimpleNamespace(documents=lambda: list(self.documents), search=self.query)


def evaluate(service: Bare, questions=QUESTIONS, **options: Any):
    return evaluate_retrieval(service, questions, pages=PAGES, **options)


def test_pages_are_scored_at_the_first_that_answers_and_ndcg_asks_for_all():
    pages = evaluate(Bare()).parts[0].pages
    # "third" brings en/b, en/c, es/a, en/a: the third page answers, and so does the fourth.
    assert pages.recall[1].estimate == pytest.approx(1 / 3)
    assert pages.recall[5].estimate == pytest.approx(2 / 3)
    assert pages.mrr.estimate == pytest.approx((1 + 1 / 3 + 0) / 3)
    third = (1 / math.log2(4) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert pages.ndcg.estimate == pytest.approx((1 + third + 0) / 3)


def test_passages_are_scored_without_the_chunks_nobody_judged():
    found = evaluate(Bare(), ks=(1, 3, 4)).parts[0].chunks
    # "third" brings e, f, m and, but for i, b.
    assert [found.recall[k].estimate for k in (1, 3, 4)] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert found.mrr.estimate == pytest.approx((1 + 1 / 4 + 0) / 3)
    assert found.ndcg.estimate == pytest.approx((1 + 1 / math.log2(5) + 0) / 3)


def test_each_language_has_its_part_and_too_few_questions_have_no_interval():
    whole, english, spanish = evaluate(Whole()).parts
    assert [(p.language, p.answerable, p.unanswerable) for p in (whole, english, spanish)] == [
        (None, 3, 2),
        ("en", 2, 1),
        ("es", 1, 1),
    ]
    assert english.pages.recall[1].estimate == 0.5
    assert (english.pages.recall[1].low, english.pages.recall[1].high) == (0, 1)
    assert spanish.pages is spanish.chunks is None
    (alone,) = evaluate(Whole(), [q for q in QUESTIONS if q.language == "en"]).parts
    assert alone == english


def test_silence_is_counted_against_what_no_page_answers():
    silence = evaluate(Whole()).parts[0].silence
    assert silence.counts == Abstention(right=2, needless=1, missed=0, answered=2)
    assert silence.precision.estimate == pytest.approx(2 / 3) == silence.counts.precision
    assert silence.recall.estimate == 1.0


def test_a_service_that_never_abstains_has_no_precision_and_one_that_cannot_has_no_silence():
    talker = Whole()
    talker.silent = ()
    silence = evaluate(talker).parts[0].silence
    assert (silence.precision, silence.recall.estimate) == (None, 0.0)
    assert evaluate(Bare()).parts[0].silence is None


def test_the_outcomes_say_what_became_of_each_question():
    outcomes = {one.question.id: one for one in evaluate(Whole()).outcomes}
    assert [(one.page_rank, one.chunk_rank, one.abstained) for one in outcomes.values()] == [
        (1, 1, False),
        (3, 4, False),
        (None, None, True),
        (None, None, True),
        (None, None, True),
    ]


def test_questions_about_pages_that_are_not_there_are_left_out_and_told():
    part = Whole()
    part.documents = ("es/a", "en/b")
    report = evaluate(part)
    assert report.left_out == ("first", "never")
    # The other page that answers "third" is there; nobody judged its passage.
    third = report.outcomes[0]
    assert (third.question.id, third.page_rank, third.chunk_rank) == ("third", 3, None)


def test_a_collection_without_any_of_the_pages_is_refused():
    other = Whole()
    other.documents = ("mine",)
    with pytest.raises(InvalidSample, match="workshop rag index"):
        evaluate(other)


def test_an_impossible_k_is_refused_before_anything_is_asked():
    service = Bare()
    with pytest.raises(InvalidCutoff):
        evaluate(service, ks=(0, 5))
    assert service.asked == []


def test_times_are_told_where_the_service_has_parts():
    whole, bare = evaluate(Whole()).latency, evaluate(Bare()).latency
    assert all(each is not None and each >= 0 for each in (whole.query, whole.embedding, whole.search, whole.answer))
    assert bare.query >= 0
    assert (bare.embedding, bare.search, bare.answer) == (None, None, None)


def test_the_filter_goes_with_each_query_and_progress_counts_questions():
    service, seen = Bare(), []
    evaluate(service, filter={"language": "en"}, progress=lambda done, total: seen.append((done, total)))
    assert {asked[2] == {"language": "en"} for asked in service.asked} == {True}
    assert seen == [(n, 5) for n in range(1, 6)]


def test_chunks_are_asked_for_until_there_are_pages_enough():
    class OnePageFirst(Bare):
        def query(self, query_text: str, top_k: int = 5, filter: Any = None) -> list[Result]:
            self.asked.append((query_text, top_k, filter))
            return chunks("efgh" * 40 + "b")[:top_k]

    service = OnePageFirst()
    report = evaluate(service, QUESTIONS[:2])
    assert max(top_k for _text, top_k, _filter in service.asked) > 161
    assert [one.page_rank for one in report.outcomes] == [2, 2]


def test_the_default_questions_are_the_test_split():
    asked: list[str] = []

    class Nothing:
        def query(self, query_text: str, top_k: int = 5, filter: Any = None) -> list[Result]:
            asked.append(query_text)
            return []

    report = evaluate_retrieval(Nothing())
    assert report.splits == ("test",)
    assert set(asked) == {each.question for each in load("questions").select(split="test")}
    assert report.parts[0].pages.recall[5].estimate == 0.0
