"""What answers in tests of chains, without a network."""

import threading

from langchain_core.language_models import FakeListChatModel

from workshop_lib.rag.results import Answer, Citation


def words(texts):
    return [len(text.split()) for text in texts]


class Last:
    """Answers with the last result, and keeps the threads it worked in."""

    def __init__(self):
        self.threads = []

    def answer(self, question, results):
        self.threads.append(threading.current_thread())
        last = results[-1]
        citation = Citation(1, last.document_id, last.id, 0, len(last.content), last.content, 1.0)
        return Answer(question, f"{question} {last.content} [1]", (citation,), False, 0.8, None, tuple(results))


class Recorder(FakeListChatModel):
    """A chat model with one answer that keeps what it was given."""

    given: list = []  # noqa: RUF012 - pydantic copies it for each object

    def _call(self, messages, *args, **kwargs):
        self.given.append(messages)
        return super()._call(messages, *args, **kwargs)


def model():
    return Recorder(responses=["It is data [1], or not [7]."], given=[])
