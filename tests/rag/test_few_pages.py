from workshop_lib.datasets import load
from workshop_lib.rag import split
from workshop_lib.rag.few_pages import few_pages

DOCUMENTS, QUESTIONS = load("documents"), load("questions")
CHUNKS = {page.id: len(split(page.text, headings=page.headings)) for page in DOCUMENTS}


def test_whole_pages_that_fit_and_answer_in_both_languages() -> None:
    pages = few_pages(DOCUMENTS, QUESTIONS)
    assert [page.id for page in pages] == sorted({page.id for page in pages})
    assert 450 < sum(CHUNKS[page.id] for page in pages) <= 500
    ids = {page.id for page in pages}
    for language in ("en", "es"):
        for part in ("calibrate", "test"):
            asked = QUESTIONS.select(language=language, split=part, answerable=True)
            assert sum(question.document_id in ids for question in asked) >= 10


def test_the_room_that_is_left_goes_to_other_pages() -> None:
    pages = {page.id for page in few_pages(DOCUMENTS, [QUESTIONS["en-84"]], most_chunks=100)}
    assert "en/tutorial/security/oauth2-jwt" in pages
    assert len(pages) > 10


def test_with_room_for_all_it_is_the_shelf() -> None:
    assert few_pages(DOCUMENTS, QUESTIONS, most_chunks=sum(CHUNKS.values())) == list(DOCUMENTS)


def test_no_page_fits_into_no_room() -> None:
    assert few_pages(DOCUMENTS, QUESTIONS, most_chunks=0) == []


def test_chunks_are_counted_as_they_will_be_cut() -> None:
    pages = few_pages(DOCUMENTS, QUESTIONS, most_chunks=200, size=1000, overlap=100)
    assert 180 < sum(len(split(p.text, size=1000, overlap=100, headings=p.headings)) for p in pages) <= 200
