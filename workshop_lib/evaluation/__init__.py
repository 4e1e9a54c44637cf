"""How good is it, and how sure are we: metrics over judged queries. Pure Python, nothing heavy is imported.

recall_at_k, precision_at_k, reciprocal_rank, ndcg_at_k      one ranking against its judgements
ranked(scores), unique(ids)                                  a ranking from scores; each id once
score_queries(metric, rankings, judgements) -> QueryScores   over queries; mean_reciprocal_rank is the MRR
bootstrap_interval(sample, statistic) -> Interval            how far a figure may be off
measure_abstention(questions, threshold) -> Abstention       precision and recall of being silent
choose_threshold(questions, by_cost(missed=5)) -> Threshold  from calibration questions; as it is, by F1
EvaluationError                                              the root of the errors, drawn in `errors`
"""

from workshop_lib.evaluation.abstention import (
    Abstention,
    Scored,
    Threshold,
    by_cost,
    by_f1,
    choose_threshold,
    measure_abstention,
)
from workshop_lib.evaluation.bootstrap import Interval, bootstrap_interval
from workshop_lib.evaluation.errors import (
    EvaluationError,
    InvalidCutoff,
    InvalidJudgements,
    InvalidRanking,
    InvalidSample,
    QueryMismatch,
)
from workshop_lib.evaluation.queries import QueryScores, mean_reciprocal_rank, score_queries
from workshop_lib.evaluation.ranking import (
    Judgements,
    ndcg_at_k,
    precision_at_k,
    ranked,
    recall_at_k,
    reciprocal_rank,
    unique,
)

__all__ = [
    "Abstention",
    "EvaluationError",
    "Interval",
    "InvalidCutoff",
    "InvalidJudgements",
    "InvalidRanking",
    "InvalidSample",
    "Judgements",
    "QueryMismatch",
    "QueryScores",
    "Scored",
    "Threshold",
    "bootstrap_interval",
    "by_cost",
    "by_f1",
    "choose_threshold",
    "mean_reciprocal_rank",
    "measure_abstention",
    "ndcg_at_k",
    "precision_at_k",
    "ranked",
    "recall_at_k",
    "reciprocal_rank",
    "score_queries",
    "unique",
]
