"""What can go wrong with an evaluation::

WorkshopError
└── EvaluationError
    ├── InvalidCutoff          k is not a whole number of 1 or more
    ├── InvalidRanking         an id twice, a string in place of a list, a score that can't be ordered
    ├── InvalidJudgements      gains that are negative or not numbers, or no set or mapping at all
    ├── QueryMismatch          judged queries without a ranking, or the other way round
    └── InvalidSample          too few values, or none of a kind, to say anything from them
"""

from workshop_lib.errors import PlainError


class EvaluationError(PlainError):
    """Something about an evaluation that a reader of the message can mend."""


class InvalidCutoff(EvaluationError):
    """The k of recall@k and its like is not a whole number of 1 or more."""


class InvalidRanking(EvaluationError):
    """A ranking that holds an id twice, a string in place of a list of ids, or a score that can't be ordered."""


class InvalidJudgements(EvaluationError):
    """Judgements that are neither a set nor a mapping, or a gain that is negative, too large or not a number."""


class QueryMismatch(EvaluationError):
    """The judged queries and those that were ranked are not the same."""


class InvalidSample(EvaluationError):
    """A sample from which the figure that was asked for can't be had."""
