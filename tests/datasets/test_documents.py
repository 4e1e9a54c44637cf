import hashlib

import pytest

from workshop_lib.datasets import Documents, UnknownDataset, UnknownDocument, catalogue, load


@pytest.fixture(scope="module")
def documents() -> Documents:
    return load("documents")


def test_there_are_136_english_and_18_spanish_pages(documents: Documents) -> None:
    languages = [document.language for document in documents]
    assert (languages.count("en"), languages.count("es"), len(documents)) == (136, 18, 154)


def test_a_page_has_its_identity_and_its_text(documents: Documents) -> None:
    body = documents["en/tutorial/body"]
    assert (body.title, body.language, body.filename) == ("Request Body", "en", "en/tutorial/body.md")
    assert body.text.startswith("Request Body\n\nWhen you need to send data from a client")
    assert "Editor support" in [heading.text for heading in body.headings]


def test_size_and_hash_are_of_the_raw_page(documents: Documents) -> None:
    for document in documents:
        raw = document.path.read_bytes()
        assert (document.size, document.content_hash) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_every_page_has_a_title_and_text(documents: Documents) -> None:
    assert all(document.title and document.text for document in documents)
    assert documents["en/index"].title == "FastAPI"


def test_every_heading_starts_where_it_says(documents: Documents) -> None:
    for document in documents:
        assert all(document.text.startswith(heading.text, heading.start) for heading in document.headings)


@pytest.mark.parametrize("residue", ["{!", "../docs_src/", "{%", "{.internal-link", 'class="external-link"', "\n```"])
def test_no_markup_is_left(documents: Documents, residue: str) -> None:
    assert [document.id for document in documents if residue in document.text] == []


def test_ids_are_sorted_and_stable(documents: Documents) -> None:
    ids = [document.id for document in documents]
    assert ids == sorted(ids) == list(load("documents").ids)


def test_the_text_is_the_same_everywhere(documents: Documents) -> None:
    # Figures and caches rest on it. A change of the cleaner, or of the parsers below it, is to be seen here.
    digest = hashlib.sha256("\0".join(document.text for document in documents).encode()).hexdigest()
    assert digest == "7cbe91ed336924942fd7950c99436b37316b0893940c309ae5a3e5c68bf38886"


def test_an_unknown_page_names_the_nearest(documents: Documents) -> None:
    with pytest.raises(UnknownDocument, match="Perhaps: 'en/tutorial/body'"):
        documents["en/tutorial/bodi"]
    with pytest.raises(KeyError):
        documents[""]


def test_it_says_what_it_is(documents: Documents) -> None:
    assert documents["es/index"] in documents
    assert "154 pages" in repr(documents)


def test_an_unknown_data_set_names_the_nearest() -> None:
    with pytest.raises(UnknownDataset, match="Perhaps: 'documents'") as raised:
        load("document")
    assert raised.value.nearest == ("documents",)
    with pytest.raises(UnknownDataset):
        load("")


def test_the_catalogue_is_read_only() -> None:
    with pytest.raises(TypeError):
        catalogue()["documents"] = catalogue()["documents"]  # type: ignore[index]
