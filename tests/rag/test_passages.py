from hypothesis import given
from hypothesis import strategies as st

from workshop_lib.rag.chunking import split
from workshop_lib.rag.passages import merged
from workshop_lib.rag.results import Result

PAGE = "Declare a body with a model. FastAPI reads it as JSON. It converts the types. It validates the data."


def piece(start: int, end: int, document_id: str = "body", content: str | None = None) -> Result:
    return Result(
        f"{document_id}:{start}",
        PAGE[start:end] if content is None else content,
        0.2,
        {"document_id": document_id, "start": start, "end": end, "headings": f"From {start}"},
    )


def test_results_that_overlap_are_one_passage_at_the_place_of_the_most_relevant():
    late, other, early = piece(29, 77), piece(0, 20, "other"), piece(0, 54)

    first, second = merged([late, other, early])

    assert (first.text, first.start, first.end) == (PAGE[:77], 0, 77)
    assert first.results == (late, early)
    assert first.headings == "From 0"
    assert second.results == (other,)


def test_a_result_within_another_adds_nothing():
    (passage,) = merged([piece(29, 54), piece(0, 77), piece(29, 54)])

    assert passage.text == PAGE[:77]
    assert [result.id for result in passage.results] == ["body:29", "body:0", "body:29"]


def test_results_that_only_touch_stay_apart_since_what_lies_between_is_unknown():
    assert [passage.text for passage in merged([piece(29, 54), piece(0, 29)])] == [PAGE[29:54], PAGE[:29]]


def test_offsets_that_overlap_where_the_text_differs_are_not_believed():
    changed = piece(29, 54, content="Another version says this")

    assert [passage.text for passage in merged([piece(0, 40), changed])] == [PAGE[:40], changed.content]


def test_the_same_offsets_in_two_documents_are_two_passages():
    assert len(merged([piece(0, 29), piece(0, 29, "copy")])) == 2


def test_results_without_offsets_stay_as_they_are():
    plain = [Result(str(number), "text", 0.1, {"document_id": "a"}) for number in range(2)]

    assert [passage.results for passage in merged(plain)] == [(plain[0],), (plain[1],)]


@given(st.data())
def test_any_chunks_of_a_page_in_any_order_are_pieces_of_the_page_without_a_repetition(data):
    words = st.lists(st.sampled_from(["one", "two.", "three", "four!\n"]), min_size=1, max_size=60)
    page = " ".join(data.draw(words))
    size = data.draw(st.integers(8, 60))
    chunks = split(page, size=size, overlap=data.draw(st.integers(0, size // 2)))
    results = [
        Result(str(chunk.index), chunk.text, 0.1, {"document_id": "page", "start": chunk.start, "end": chunk.end})
        for chunk in data.draw(st.permutations(chunks))
    ]

    passages = merged(results)

    assert all(page[passage.start : passage.end] == passage.text for passage in passages)
    covered = [place for passage in passages for place in range(passage.start, passage.end)]
    assert len(covered) == len(set(covered))
    assert set(covered) == {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert sorted(result.id for passage in passages for result in passage.results) == sorted(
        map(str, range(len(chunks)))
    )
