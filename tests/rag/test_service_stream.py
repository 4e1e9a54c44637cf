import asyncio
import threading

import pytest

from workshop_lib.rag.errors import InvalidQuery
from workshop_lib.rag.results import AnswerEnd, AnswerText

from .serving import BagOfWords, serve

PAGE = "Cookies are small. You set a cookie on the response with a method. A cookie has a name. It has a value too."


class Slow(BagOfWords):
    """Embeds a question when it is let, and says when it has begun."""

    def __init__(self):
        super().__init__()
        self.began, self.let = threading.Event(), threading.Event()

    def embed_query(self, text):
        self.began.set()
        assert self.let.wait(20)
        return super().embed_query(text)


async def _all(stream):
    return [part async for part in stream]


def test_the_sentences_and_then_the_answer(service):
    service.index_document(PAGE)
    *texts, end = asyncio.run(_all(service.query_stream("How do I set a cookie?", threshold=None)))
    assert [type(part) for part in texts] == [AnswerText] * 3
    assert isinstance(end, AnswerEnd)
    assert end.answer == service.answer("How do I set a cookie?", threshold=None)
    assert "".join(part.text for part in texts) == end.answer.text
    assert tuple(part.citation for part in texts) == end.answer.citations


def test_silence_is_said_too(service):
    service.index_document(PAGE)
    text, end = asyncio.run(_all(service.query_stream("How tall grow oaks?", threshold=0.9)))
    assert (text.text, text.citation) == (end.answer.text, None)
    assert end.answer.abstained


def test_what_is_found_wrong_later_is_raised_from_the_first_part(service):
    stream = service.query_stream("cookie", top_k=0)
    with pytest.raises(InvalidQuery, match="top_k"):
        asyncio.run(_all(stream))


def test_the_loop_goes_on_while_a_model_works(tmp_path):
    async def both(service):
        stream = asyncio.create_task(_all(service.query_stream("cookie", threshold=None)))
        # Had the loop been blocked by the embedder, nobody could let it go on.
        await asyncio.to_thread(service.embedder.began.wait, 20)
        service.embedder.let.set()
        return await stream

    with serve(tmp_path, Slow()) as service:
        service.index_document(PAGE)
        assert len(asyncio.run(both(service))) == 4


def test_when_the_consumer_leaves_no_further_stage_begins(tmp_path, monkeypatch):
    searched = []

    async def leave(service):
        stream = asyncio.create_task(_all(service.query_stream("cookie")))
        await asyncio.to_thread(service.embedder.began.wait, 20)
        stream.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stream
        service.embedder.let.set()

    with serve(tmp_path, Slow()) as service:
        monkeypatch.setattr(service.index, "search", lambda *question: searched.append(question))
        # It ends only when the thread that embeds has ended.
        asyncio.run(leave(service))
    assert service.embedder.asked == ["cookie"]
    assert searched == []


def test_a_consumer_may_leave_after_the_first_sentence(service):
    async def first():
        stream = service.query_stream("cookie", threshold=None)
        part = await anext(stream)
        await stream.aclose()
        return part, [rest async for rest in stream]

    service.index_document(PAGE)
    part, rest = asyncio.run(first())
    assert "cookie" in part.text.lower()
    assert rest == []
