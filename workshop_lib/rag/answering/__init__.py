"""Answers made of the documents' own sentences, each cited, and silence where they don't seem to answer.

ExtractiveAnswerer(threshold).answer(question, results) -> Answer
sentences(results) -> Sentence                the sentences of what was found, with their places
"""

from workshop_lib.rag.answering.extractive import ExtractiveAnswerer
from workshop_lib.rag.answering.sentences import Sentence, sentences

__all__ = ["ExtractiveAnswerer", "Sentence", "sentences"]
