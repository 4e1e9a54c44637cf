"""The questions: what developers ask of the documents, with the page and the sentence that answer, or with neither."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from workshop_lib.datasets.errors import UnknownChoice, UnknownQuestion
from workshop_lib.datasets.integrity import Entry, read_checked

Language = Literal["en", "es"]
Split = Literal["calibrate", "test"]

_FILE = "questions.jsonl"


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        id: such as "en-07", "es-03" or, where no page answers, "none-02".
        language: of the question; an answering page has the same.
        question: as a developer would ask it, in other words than the page's.
        document_id: the page that answers, such as "en/tutorial/body"; None where no page does.
        sentence: the passage of that page's `text`, found in it once, which answers; None where no page does.
        split: "calibrate" to choose thresholds on, "test" to report on; no page serves both, nor do a page and its
            translation.
        also: ids of other pages that answer it too, sorted; translations among them.
    """

    id: str
    language: Language
    question: str
    document_id: str | None
    sentence: str | None
    split: Split
    also: tuple[str, ...]

    @property
    def answerable(self) -> bool:
        """Whether a page of the documents answers."""
        return self.document_id is not None

    @property
    def answered_by(self) -> frozenset[str]:
        """The ids of all pages that answer; empty where none does."""
        return frozenset(self.also if self.document_id is None else (self.document_id, *self.also))


class Questions:
    """The checked questions in the order of their ids.

    Iterating yields `Question`s, `questions["en-07"]` is one, `len(questions)` their number, `select` a part of them.
    """

    def __init__(self, entry: Entry) -> None:
        """Read and check every file.

        Raises:
            DatasetChanged: a file is changed, lost, unreadable or added.
        """
        self.entry = entry
        read = (_question(json.loads(line)) for line in read_checked(entry)[_FILE].splitlines())
        self._questions: dict[str, Question] = {question.id: question for question in read}
        self.ids = tuple(self._questions)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Question]:
        return iter(self._questions.values())

    def __getitem__(self, question_id: str) -> Question:
        """The question of that id.

        Raises:
            UnknownQuestion: there is none; the message gives the nearest ids.
        """
        if question_id not in self._questions:
            raise UnknownQuestion(question_id, self.ids)
        return self._questions[question_id]

    def select(
        self, *, language: Language | None = None, split: Split | None = None, answerable: bool | None = None
    ) -> tuple[Question, ...]:
        """The questions that have all the marks given, in order; None asks for no mark.

        Raises:
            UnknownChoice: there is no such language or split, so that a typing error doesn't pass for an empty part.
        """
        if language is not None and language not in get_args(Language):
            raise UnknownChoice("language", language, get_args(Language))
        if split is not None and split not in get_args(Split):
            raise UnknownChoice("split", split, get_args(Split))
        return tuple(
            question
            for question in self
            if language in (None, question.language)
            and split in (None, question.split)
            and answerable in (None, question.answerable)
        )

    def __repr__(self) -> str:
        return f"<Questions: {len(self)} questions, {self.entry.source}, {self.entry.licence}>"


# Plain: the bytes were checked, and the tests prove what those bytes hold.
def _question(row: dict[str, object]) -> Question:
    return Question(**{**row, "also": tuple(row["also"])})  # type: ignore[arg-type]
