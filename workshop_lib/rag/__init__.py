"""Answers from documents, with their sources.

service.RAGService(url=…)                                   index, query, answer: all of the below under one name
split(text, size=500, overlap=50, headings=…) -> Chunks     pieces to embed, each with its place in the page
embedders.open_embedder("minilm")                           texts to vectors
index.open_index(folder or URL, …)                          vectors to where they came from
answering.ExtractiveAnswerer(threshold)                     the sentences of what was found that answer, cited
prompt.build_prompt(question, results, …)                   what a language model would be asked
langchain_rag.LangChainRAG, retriever.ServiceRetriever      the same through LangChain
measuring.evaluate_retrieval(service)                       how good it is, on the course's questions
metrics.metrics_in(registry)                                what Prometheus is told
Result, Answer, Citation, Indexed                           what is given back
RagError                                                    the root of the errors, drawn in `errors`

All but `split`, the results and the errors are imported by name: they need the extra [rag].
"""

from workshop_lib.rag.chunking import Chunk, split
from workshop_lib.rag.errors import InvalidChunking, RagError
from workshop_lib.rag.results import Answer, AnswerEnd, AnswerText, Citation, Indexed, Piece, Result

__all__ = [
    "Answer",
    "AnswerEnd",
    "AnswerText",
    "Chunk",
    "Citation",
    "Indexed",
    "InvalidChunking",
    "Piece",
    "RagError",
    "Result",
    "split",
]
