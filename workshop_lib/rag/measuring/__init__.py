"""How well a collection answers the course's questions.

evaluate_retrieval(service, questions, ks=(1, 5)) -> Report     recall, MRR, NDCG, silence and time, by language
Report, Part, Ranked, Silence, Latency, Outcome                 what it says
Retriever                                                       what can be measured: anything with `query`
`judging`                                                       what counts as found
"""

from workshop_lib.rag.measuring.asking import Retriever
from workshop_lib.rag.measuring.report import CUTOFF, Latency, Outcome, Part, Ranked, Report, Silence
from workshop_lib.rag.measuring.run import Progress, evaluate_retrieval

__all__ = [
    "CUTOFF",
    "Latency",
    "Outcome",
    "Part",
    "Progress",
    "Ranked",
    "Report",
    "Retriever",
    "Silence",
    "evaluate_retrieval",
]
