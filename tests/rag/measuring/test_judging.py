from dataclasses import replace

import pytest

from workshop_lib.datasets import UnknownDocument, load
from workshop_lib.rag.chunking import split
from workshop_lib.rag.errors import JudgementMismatch
from workshop_lib.rag.measuring.judging import ANSWER, answer_ranking, judge, page_ranking, passage_ranking
from workshop_lib.rag.results import Result

from .shelf import PAGES, TEXTS, chunk, chunks, question

B = "b" * 19 + "."


def passages(letters: str, sentence: str = B, also: tuple[str, ...] = ()) -> list[str]:
    (judgement,) = judge([question("q", "en/a", sentence, also)], PAGES)
    return passage_ranking(chunks(letters), judgement, PAGES["en/a"])


def test_a_page_stands_at_the_rank_of_its_best_chunk():
    assert page_ranking(chunks("eafbm")) == ["en/b", "en/a", "en/c"]


def test_of_several_pages_that_answer_the_first_counts_and_the_others_are_out_of_the_way():
    (judgement,) = judge([question("q", "en/a", B, ("es/a",))], PAGES)
    assert answer_ranking(chunks("eiam"), judgement) == ["en/b", ANSWER, "en/c"]


def test_the_chunk_with_the_passage_is_found_and_its_neighbour_is_not():
    assert passages("aeb") == ["en/a:0:1", "en/b:0:1", ANSWER]


def test_half_a_passage_is_enough_and_less_is_not():
    # The last twelve characters of the first chunk, the space, and the first seven of the second.
    assert passages("ab", TEXTS["en/a"][8:28]) == [ANSWER, "en/a:1:1"]
    # Of what is spread over three chunks, none has half.
    assert passages("acb", TEXTS["en/a"][9:53]) == ["en/a:0:1", "en/a:2:1", "en/a:1:1"]


def test_a_passage_in_two_chunks_counts_once_at_the_better_rank():
    across = TEXTS["en/a"][10:31]
    assert passages("eab", across) == ["en/b:0:1", ANSWER]


def test_chunks_of_other_pages_that_answer_are_neither_right_nor_wrong():
    assert passages("ijeb", also=("es/a",)) == ["en/b:0:1", ANSWER]


def test_what_is_not_in_the_collection_does_not_count():
    asked = [question("q", "en/a", B, ("es/a",)), question("none", None)]
    elsewhere, nowhere = judge(asked, PAGES, {"es/a", "en/b"})
    assert (elsewhere.pages, elsewhere.passage, elsewhere.left_out) == ({"es/a"}, None, False)
    assert (nowhere.pages, nowhere.left_out) == (frozenset(), False)
    (absent,) = judge(asked[:1], PAGES, {"en/b"})
    assert absent.left_out


def test_a_page_that_was_indexed_from_another_text_is_refused():
    (judgement,) = judge([question("q", "en/a", B)], PAGES)
    other = replace(chunk("b"), content="# Markdown")
    with pytest.raises(JudgementMismatch, match="workshop rag index"):
        passage_ranking([other], judgement, PAGES["en/a"])


def test_a_question_about_an_unknown_page_is_refused():
    with pytest.raises(UnknownDocument):
        judge([question("q", "en/nowhere", B)], load("documents"))  # type: ignore[arg-type]


def test_every_passage_of_the_shelf_is_held_by_a_chunk_at_the_default_size():
    shelf, held = load("documents"), []
    for judgement in judge(load("questions"), shelf):  # type: ignore[arg-type]
        if judgement.passage is None:
            continue
        page = shelf[judgement.passage.document_id]
        found = [
            Result(str(one.index), one.text, 0.5, {"document_id": page.id, "start": one.start, "end": one.end})
            for one in split(page.text, headings=page.headings)
        ]
        held.append(ANSWER in passage_ranking(found, judgement, page))
    assert len(held) == 122
    assert all(held)
