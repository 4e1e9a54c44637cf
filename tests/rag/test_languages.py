import pytest

from workshop_lib.datasets import load
from workshop_lib.rag.embedders import KNOWN, open_embedder
from workshop_lib.rag.languages import language_of, language_warning


def test_every_question_of_the_course_is_told_apart():
    assert {question.id: language_of(question.question) for question in load("questions")} == {
        question.id: question.language for question in load("questions")
    }


@pytest.mark.parametrize(
    ("text", "language"),
    [("CORS", None), ("", None), ("middleware gzip", None), ("¿CORS?", "es"), ("Is it fast?", "en"), ("日本語", None)],
)
def test_short_texts(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize("name", KNOWN)
def test_who_is_warned(name):
    embedder = open_embedder(name)
    assert language_warning(embedder, "How do I set a cookie?") is None
    warning = language_warning(embedder, "¿Cómo pongo una cookie?")
    assert (warning is None) == (name == "use")
    if warning:
        assert "Spanish" in warning
        assert f"that {name} was not trained for" in warning
        assert "EMBEDDER=use" in warning


def test_a_language_that_is_given_goes_before_a_guess():
    embedder = open_embedder("minilm")
    assert language_warning(embedder, "¿Cómo pongo una cookie?", "en") is None
    assert "(fr)" in str(language_warning(embedder, "How do I set a cookie?", "fr"))
    unknown = language_warning(embedder, "How do I set a cookie?", "eu")
    assert "(eu)" in str(unknown)
    assert "EMBEDDER" not in str(unknown)


def test_the_warning_is_translated(pseudo):
    assert str(language_warning(open_embedder("minilm"), "¿Cómo pongo una cookie?")).startswith("⟦The question is in a")
    assert "⟦Spanish⟧" in str(language_warning(open_embedder("minilm"), "¿Cómo pongo una cookie?"))
