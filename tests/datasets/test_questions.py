import hashlib
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workshop_lib.datasets import (
    DatasetChanged,
    DatasetError,
    Documents,
    Question,
    Questions,
    UnknownChoice,
    UnknownQuestion,
    catalogue,
    load,
)

ENTRY = catalogue()["questions"]
# Words that any two sentences may share without one having been copied from the other.
COMMON = """
a an and are as at be but by can could do does for from has have how i if in is it its me my not of on one or our so
that the their them then there they this to was we what when where which while who why will with would you your
a al como cómo con cuál cuánto de del desde el en es está esta hay la las lo los me mi mis no o para por puede pueden
puedo que qué se si sin son su sus te tengo tu un una uno y
"""


@pytest.fixture(scope="module")
def questions() -> Questions:
    return load("questions")


@pytest.fixture(scope="module")
def documents() -> Documents:
    return load("documents")


def page(document_id: str) -> str:
    """The page whatever its language: "tutorial/body"."""
    return document_id.partition("/")[2]


def words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in COMMON.split()]


def longest_common_subsequence(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for word in a:
        before = row[:]
        for i, other in enumerate(b, 1):
            row[i] = before[i - 1] + 1 if word == other else max(before[i], row[i - 1])
    return row[-1]


def overlap(question: Question) -> float:
    """The share of a question's words that its sentence has in the same order."""
    asked, answered = words(question.question), words(question.sentence or "")
    return longest_common_subsequence(asked, answered) / len(asked)


def test_there_are_enough_of_each_kind(questions: Questions) -> None:
    kinds = Counter((question.language, question.answerable) for question in questions)
    assert kinds == {("en", True): 88, ("es", True): 34, ("en", False): 13, ("es", False): 5}
    assert len(questions) == 140


def test_ids_are_sorted_unique_and_say_what_is_asked(questions: Questions) -> None:
    ids = [question.id for question in questions]
    assert ids == sorted(set(ids)) == list(questions.ids)
    for question in questions:
        assert re.fullmatch(r"\d\d", question.id.removeprefix(f"{question.language}-").removeprefix("none-"))
        assert question.id.startswith("none-") is not question.answerable


def test_no_question_is_asked_twice(questions: Questions) -> None:
    assert len({tuple(words(question.question)) for question in questions}) == len(questions)


def test_every_question_is_one(questions: Questions) -> None:
    for question in questions:
        assert question.question == question.question.strip()
        assert question.question.endswith("?")
        assert ("¿" in question.question) is (question.language == "es"), question.id


def test_the_sentence_is_found_once_on_its_page(questions: Questions, documents: Documents) -> None:
    for question in questions.select(answerable=True):
        assert question.document_id is not None
        assert question.sentence
        assert documents[question.document_id].text.count(question.sentence) == 1, question.id


def test_the_page_has_the_question_s_language(questions: Questions, documents: Documents) -> None:
    for question in questions.select(answerable=True):
        assert question.document_id is not None
        assert documents[question.document_id].language == question.language


def test_other_pages_that_answer_exist(questions: Questions, documents: Documents) -> None:
    for question in questions:
        assert question.also == tuple(sorted(set(question.also)))
        assert question.document_id not in question.also
        assert question.answered_by <= set(documents.ids)
        assert len(question.answered_by) == len(question.also) + question.answerable


def test_what_a_translated_page_answers_its_translation_answers_too(questions: Questions, documents: Documents) -> None:
    for question in questions.select(language="es", answerable=True):
        assert question.document_id is not None
        assert question.document_id.replace("es/", "en/", 1) in question.answered_by, question.id


def test_what_no_page_answers_has_no_page(questions: Questions) -> None:
    for question in questions.select(answerable=False):
        assert (question.document_id, question.sentence, question.also) == (None, None, ())
        assert question.answered_by == frozenset()


def test_the_questions_are_spread_over_many_pages(questions: Questions) -> None:
    asked = Counter(question.document_id for question in questions.select(answerable=True))
    assert len(asked) >= 90
    assert asked["en/release-notes"] <= 2
    assert max(asked.values()) <= 5


@pytest.mark.parametrize("kind", ["en", "es", "none"])
def test_two_in_five_are_to_calibrate_on(questions: Questions, kind: str) -> None:
    splits = Counter(question.split for question in questions if question.id.startswith(kind))
    assert splits["calibrate"] / splits.total() == pytest.approx(0.4, abs=0.05)


def test_no_page_serves_both_splits_not_even_translated(questions: Questions) -> None:
    pages = {
        split: {page(question.document_id) for question in questions.select(split=split) if question.document_id}
        for split in ("calibrate", "test")
    }
    assert pages["calibrate"] & pages["test"] == set()


def test_questions_are_in_other_words_than_the_page(questions: Questions) -> None:
    shares = {question.id: overlap(question) for question in questions.select(answerable=True)}
    assert {id_: share for id_, share in shares.items() if share > 0.6} == {}
    assert sorted(shares.values())[len(shares) // 2] < 0.25


def test_a_question_has_its_marks(questions: Questions) -> None:
    question = questions["es-08"]
    assert question.question.startswith("No tengo ni idea de si mi librería admite await.")
    assert (question.language, question.document_id, question.split) == ("es", "es/async", "test")
    assert question.also == ("en/async",)
    assert question.answered_by == {"es/async", "en/async"}
    with pytest.raises(AttributeError):
        question.split = "calibrate"  # type: ignore[misc]


def test_select_combines_marks_and_keeps_the_order(questions: Questions) -> None:
    assert questions.select() == tuple(questions)
    part = questions.select(language="en", split="test", answerable=True)
    assert part == tuple(q for q in questions if (q.language, q.split, q.answerable) == ("en", "test", True))
    assert len(part) == 50


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"language": "fr"}, "expected as language one of 'en', 'es', or None; got 'fr'"),
        ({"language": ""}, "got ''"),
        ({"split": "train"}, "expected as split one of 'calibrate', 'test', or None; got 'train'"),
    ],
)
def test_a_mark_that_no_question_has_is_refused(questions: Questions, marks: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownChoice, match=message):
        questions.select(**marks)


def test_an_unknown_question_names_the_nearest(questions: Questions) -> None:
    with pytest.raises(UnknownQuestion, match=r"Perhaps: 'es-\d8'") as raised:
        questions["es-8"]
    assert raised.value.question_id == "es-8"
    assert isinstance(raised.value, DatasetError)
    with pytest.raises(KeyError):
        questions[""]


def test_it_says_what_it_is(questions: Questions) -> None:
    assert repr(questions) == "<Questions: 140 questions, this course, quoting fastapi 0.109.2, MIT>"


def test_the_manifest_is_what_the_files_say() -> None:
    # After a change of the questions: what is expected here goes into manifest.json, and its SHA-256 into the entry.
    contents = {name: (ENTRY.path / name).read_bytes() for name in ("LICENSE", "questions.jsonl")}
    listing = {name: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for name, c in contents.items()}
    head = {"name": ENTRY.name, "source": ENTRY.source, "licence": ENTRY.licence}
    expected = json.dumps({**head, "files": listing}, indent=1) + "\n"
    assert (ENTRY.path / "manifest.json").read_text() == expected
    assert hashlib.sha256(expected.encode()).hexdigest() == ENTRY.content_hash


def test_the_licence_says_whose_the_sentences_are() -> None:
    licence = (ENTRY.path / "LICENSE").read_text()
    assert "Sebastián Ramírez" in licence
    assert "MIT License" in licence


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    entry = replace(ENTRY, path=shutil.copytree(ENTRY.path, tmp_path / "questions"))
    assert len(Questions(entry)) == 140
    file = entry.path / "questions.jsonl"
    file.write_bytes(file.read_bytes().replace(b'"split": "test"', b'"split": "calibrate"', 1))
    with pytest.raises(DatasetChanged) as raised:
        Questions(entry)
    assert [change.file for change in raised.value.changes] == ["questions.jsonl"]
