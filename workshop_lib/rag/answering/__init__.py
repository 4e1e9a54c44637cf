"""Answers made of the documents' own sentences, each cited, and silence where they don't seem to answer.

ExtractiveAnswerer(threshold).answer(question, results) -> Answer     no model is called
sentences(results) -> Sentence                                        what was found, by sentences with their places
confidence(question, results) -> float                                what a threshold is compared with
SHIPPED                                                               thresholds, by embedder
cited(citation) -> str                                                a sentence and its number, as in an answer
"""

from workshop_lib.rag.answering.extractive import ExtractiveAnswerer, cited
from workshop_lib.rag.answering.scoring import confidence
from workshop_lib.rag.answering.sentences import Sentence, sentences
from workshop_lib.rag.answering.thresholds import SHIPPED

__all__ = ["SHIPPED", "ExtractiveAnswerer", "Sentence", "cited", "confidence", "sentences"]
