"""The check of 6.5: what stands in the prompt, in which order, under which number, and how long it is."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workshop_lib.course.exercises.model import Incorrect
from workshop_lib.course.exercises.trying import call
from workshop_lib.i18n import _

if TYPE_CHECKING:
    from workshop_lib.rag.results import Result

_QUESTION = "How long does tea steep?"
# Equally long, so that there is one right answer to how many fit.
_TEXTS = (
    "Green tea steeps for two minutes.",
    "Black tea steeps for four minutes.",
    "White tea steeps for five minutes.",
    "Mint tea steeps for seven minutes.",
)
_PLENTY = 100_000
_NUMBER = re.compile(r"\[(\d+)\]")


def check_build_prompt(build_prompt: Callable[..., Any]) -> None:
    """Numbered from 1 in order, whole or not at all, as many as fit, with everything counted."""
    _check_all(build_prompt)
    lengths = [_tokens(_prompt(build_prompt, kept, _PLENTY)) for kept in range(len(_TEXTS) + 1)]
    _check_grows(lengths)
    for kept in range(len(_TEXTS), -1, -1):
        _check_fits(build_prompt, lengths[kept], kept)
    for kept in range(len(_TEXTS), 0, -1):
        _check_fits(build_prompt, lengths[kept] - 1, kept - 1)


def count_tokens(texts: Sequence[str]) -> list[int]:
    """A token a word, and one for each mark: a stand-in for a model's tokenizer."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]


def _tokens(prompt: str) -> int:
    return count_tokens([prompt])[0]


def _results(number: int) -> "list[Result]":
    from workshop_lib.rag.results import Result

    return [
        Result(f"tea-{rank}:0:v", text, distance=0.1 * rank, metadata={"document_id": f"tea-{rank}"})
        for rank, text in enumerate(_TEXTS[:number], start=1)
    ]


def _case(budget: int) -> "tuple[str, list[Result], int]":
    """What `case` gives a student: the question, the results and the budget."""
    return _QUESTION, _results(len(_TEXTS)), budget


def _prompt(subject: Callable[..., Any], number: int, budget: int) -> str:
    got = call(subject, _QUESTION, _results(number), budget=budget, count_tokens=count_tokens)
    text = getattr(got, "text", got)
    if not isinstance(text, str):
        raise Incorrect(
            tried=_tried(number, budget), expected=_("a text"), got=text, mistake="no-text" if text is None else None
        )
    return text


def _check_all(subject: Callable[..., Any]) -> None:
    prompt = _prompt(subject, len(_TEXTS), _PLENTY)
    tried = _tried(len(_TEXTS), _PLENTY)
    if _QUESTION not in prompt:
        raise Incorrect(
            tried=tried,
            expected=_("the question in the prompt"),
            got=_shown(prompt),
            mistake="no-question",
            case=_case(_PLENTY),
        )
    _check_passages(prompt, len(_TEXTS), tried, _PLENTY)


def _check_passages(prompt: str, kept: int, tried: str, budget: int) -> None:
    """Those that are in it come in their order, each after its number."""
    places = [prompt.find(text) for text in _TEXTS[:kept]]
    if min(places, default=0) < 0 or places != sorted(places):
        expected = _("all {n} passages, the most relevant first").format(n=kept)
        raise Incorrect(
            tried=tried,
            expected=expected,
            got=_shown(prompt),
            mistake=None if min(places) < 0 else "reversed",
            case=_case(budget),
        )
    end = 0
    for rank, (at, text) in enumerate(zip(places, _TEXTS, strict=False), start=1):
        numbers = _NUMBER.findall(prompt, end, at)
        if not numbers or int(numbers[-1]) != rank:
            mistake = "from-zero" if numbers and int(numbers[-1]) == rank - 1 else None if numbers else "no-numbers"
            expected = _("[{rank}] before {text!r}").format(rank=rank, text=text)
            raise Incorrect(tried=tried, expected=expected, got=_shown(prompt), mistake=mistake, case=_case(budget))
        end = at + len(text)


def _check_grows(lengths: Sequence[int]) -> None:
    if any(longer <= shorter for shorter, longer in pairwise(lengths)):
        raise Incorrect(
            tried=_("prompts of 0 to 4 passages, and room for all"),
            expected=_("each longer than the one before"),
            got=_("{lengths} tokens").format(lengths=[*lengths]),
        )


def _check_fits(subject: Callable[..., Any], budget: int, right: int) -> None:
    prompt = _prompt(subject, len(_TEXTS), budget)
    tried = _tried(len(_TEXTS), budget)
    if (tokens := _tokens(prompt)) > budget:
        raise Incorrect(
            tried=tried,
            expected=_("at most {budget} tokens, with the instructions and the question").format(budget=budget),
            got=_("{tokens} tokens").format(tokens=tokens),
            mistake="passages-only",
            case=_case(budget),
        )
    whole = [text in prompt for text in _TEXTS]
    part = next((text for text, there in zip(_TEXTS, whole, strict=True) if not there and text[:9] in prompt), None)
    if part or _QUESTION not in prompt:
        raise Incorrect(
            tried=tried,
            expected=_("whole passages only, and the question"),
            got=_shown(prompt),
            mistake="cut",
            case=_case(budget),
        )
    if whole != [rank < right for rank in range(len(_TEXTS))]:
        raise Incorrect(
            tried=tried,
            expected=_("the first {right} of {all} passages: as many as there is room for").format(
                right=right, all=len(_TEXTS)
            ),
            got=_("passages {numbers}").format(numbers=[rank for rank, there in enumerate(whole, 1) if there]),
            mistake="too-few" if sum(whole) < right else None,
            case=_case(budget),
        )
    _check_passages(prompt, right, tried, budget)


def _shown(prompt: str) -> str:
    return _("the prompt: {text}").format(text=prompt)


def _tried(number: int, budget: int) -> str:
    return f"build_prompt({_QUESTION!r}, <{number} results>, budget={budget}, count_tokens=count_tokens)"
