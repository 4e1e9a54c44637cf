"""How well sentences seem to answer a question, by its words. No model is called.

A question's words count without stop words, and by their first five letters, so that *validate* finds *validation* and
*respuesta* finds *respuestas*; no rules of any language are needed. A word w that n of the N sentences hold weighs

    idf(w) = ln(1 + (N − n + 0.5) / (n + 0.5))

as in BM25 (Robertson & Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, eq. 3.3; the 1 keeps it
above 0, as in Lucene). N counts the sentences that were found, not the collection: what is rare there tells them apart.

A sentence's score is the share of the question's weight that it holds, of which words that only the sentence before it
holds count 0.4 (what "it" stands for is often there), plus twice its chunk's relevance. A fragment of fewer than six
words (a heading, a label, a line of code) comes after all others.

What the documents seem to know of a question, `confidence`, is the mean of two numbers between 0 and 1: the best
relevance, and the share of the question's weight that the nearest five chunks hold together.

All this was chosen on the questions' calibration part, with chunks of 500 and for the three known embedders. BM25's
lengths and repetitions, a weight for headings and runs of neighbouring sentences were tried there and were no better.
"""

import math
from collections import Counter
from collections.abc import Sequence

from workshop_lib.rag.answering.sentences import Sentence, sentences
from workshop_lib.rag.answering.words import STOPWORDS, words
from workshop_lib.rag.results import Result

NEAREST = 5
"""Results that `confidence` looks at, however many were asked for: more of them hold more words of any question."""

_STEM = 5
_BEFORE = 0.4
_RELEVANCE = 2.0
_FRAGMENT = 6
_STOPWORDS = frozenset().union(*STOPWORDS.values())


class Overlap:
    """What sentences and a question have in common."""

    def __init__(self, question: str, candidates: Sequence[Sentence]) -> None:
        asked = {word[:_STEM] for word in words(question) if word not in _STOPWORDS}
        read = [words(candidate.text) for candidate in candidates]
        self._candidates = candidates
        self._lengths = [len(each) for each in read]
        self._held = [asked & {word[:_STEM] for word in each} for each in read]
        holders = Counter(word for held in self._held for word in held)
        total = len(candidates)
        self._idf = {word: math.log(1 + (total - holders[word] + 0.5) / (holders[word] + 0.5)) for word in asked}
        self._weight = math.fsum(self._idf.values())

    def coverage(self) -> float:
        """The share of the question's weight that the sentences hold together, from 0 to 1; 0 for stop words alone."""
        return self._share(frozenset().union(*self._held))

    def best(self, most: int) -> list[tuple[Sentence, float]]:
        """The `most` sentences with the highest score, best first; of equals the one that was found first.

        None overlaps a better one: where two chunks share a part of a sentence, it is said once.
        """
        scores = [self._score(index) for index in range(len(self._candidates))]
        order = sorted(range(len(scores)), key=lambda index: (self._lengths[index] < _FRAGMENT, -scores[index], index))
        chosen: list[int] = []
        for index in order:
            if len(chosen) < most and not any(self._overlap(index, other) for other in chosen):
                chosen.append(index)
        return [(self._candidates[index], scores[index]) for index in chosen]

    def _overlap(self, index: int, other: int) -> bool:
        one, two = self._candidates[index], self._candidates[other]
        return one.result.document_id == two.result.document_id and one.start < two.end and two.start < one.end

    def _score(self, index: int) -> float:
        candidate, held = self._candidates[index], self._held[index]
        before: frozenset[str] | set[str] = frozenset()
        if index and self._candidates[index - 1].result is candidate.result:
            before = self._held[index - 1] - held
        return self._share(held) + _BEFORE * self._share(before) + _RELEVANCE * candidate.result.relevance_score

    def _share(self, held: frozenset[str] | set[str]) -> float:
        # In one order, so that the last digit is the same in every run.
        return math.fsum(self._idf[word] for word in held) / self._weight if self._weight else 0.0


def confidence(question: str, results: Sequence[Result]) -> float:
    """How much the documents seem to know of a question, from 0 to 1; not a probability.

    Args:
        results: nearest first.
    """
    nearest = results[:NEAREST]
    if not nearest:
        return 0.0
    best = max(result.relevance_score for result in nearest)
    return (best + Overlap(question, list(sentences(nearest))).coverage()) / 2
