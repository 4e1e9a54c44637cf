import threading

import pytest

from workshop_lib.rag.embedders.once import Once


def test_it_is_made_once_whoever_asks() -> None:
    made: list[object] = []
    inside = threading.Barrier(4)

    def make() -> object:
        made.append(object())
        return made[-1]

    once = Once(make)

    def ask() -> None:
        inside.wait()
        once()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [once()]


def test_a_failure_is_not_kept() -> None:
    answers = iter([ValueError("not yet"), "made"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once = Once(make)
    with pytest.raises(ValueError, match="not yet"):
        once()
    assert once() == "made"
