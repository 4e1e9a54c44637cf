import pytest

from workshop_lib.rag.answering.words import STOPWORDS, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Use `root_path`, or --root-path!", ["use", "root", "path", "or", "root", "path"]),
        ("¿Cómo añado una RESPUESTA?", ["como", "anado", "una", "respuesta"]),
        ("HTTP/2 at 10:30", ["http", "2", "at", "10", "30"]),
        ("Straße ﬁle", ["strasse", "file"]),
        (" \n…", []),
    ],
)
def test_words(text, found):
    assert words(text) == found


@pytest.mark.parametrize("language", STOPWORDS)
def test_stop_words_are_written_as_words_are_read(language):
    assert words(" ".join(sorted(STOPWORDS[language]))) == sorted(STOPWORDS[language])
