import pytest

from workshop_lib.datasets import load
from workshop_lib.rag.answering import sentences
from workshop_lib.rag.chunking import split

from .making import found


def test_each_has_its_place_in_the_document():
    first, second = sentences([found("A line\nA sentence.", start=100)])
    assert (first.text, first.start, first.end, first.whole) == ("A line", 100, 106, False)
    assert (second.text, second.start, second.end, second.whole) == ("A sentence.", 107, 118, True)


def test_one_that_two_chunks_share_comes_once_from_the_nearer():
    shared = "You share this."
    near, far = found(f"Before. {shared}", 0.9, start=0), found(f"{shared} After.", 0.5, start=8)
    assert [(each.text, each.rank) for each in sentences([near, far])] == [("Before.", 0), (shared, 0), ("After.", 1)]


def test_the_same_words_elsewhere_are_another_sentence():
    assert len(list(sentences([found("Same."), found("Same.", document_id="other"), found("Same.", start=9)]))) == 3


@pytest.mark.parametrize(("size", "overlap"), [(500, 50), (120, 60), (40, 0)])
def test_on_every_page_the_place_is_exact(size, overlap):
    for page in load("documents"):
        for chunk in split(page.text, size=size, overlap=overlap, headings=page.headings):
            for each in sentences([found(chunk.text, document_id=page.id, start=chunk.start)]):
                assert page.text[each.start : each.end] == each.text
