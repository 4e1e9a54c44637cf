"""The same figures as ir-measures, and so as trec_eval, on rankings drawn at random."""

import random
from functools import partial

import ir_measures
import pytest
from ir_measures import RR, P, R, nDCG

from workshop_lib.evaluation import (
    ndcg_at_k,
    precision_at_k,
    ranked,
    recall_at_k,
    reciprocal_rank,
    score_queries,
)

EXPONENTIAL = {0: 0, 1: 1, 2: 3, 3: 7}


@pytest.mark.parametrize("seed", range(10))
def test_every_query_and_every_average(seed: int) -> None:
    draw = random.Random(seed)
    ids = [f"d{number}" for number in range(40)]
    judgements, runs = {}, {}
    for query in (f"q{number}" for number in range(30)):
        judged = draw.sample(ids, draw.randint(1, 25))
        # At least one relevant: ir-measures keeps the others in its average, as zeros.
        judgements[query] = {item: draw.choice([0, 0, 1, 2, 3]) for item in judged} | {judged[0]: draw.randint(1, 3)}
        runs[query] = {item: draw.random() for item in draw.sample(ids, draw.randint(1, 40))}
    rankings = {query: ranked(scores) for query, scores in runs.items()}

    pairs = {RR: reciprocal_rank}
    for k in (1, 3, 5, 10, 50):
        pairs[R @ k] = partial(recall_at_k, k=k)
        pairs[P @ k] = partial(precision_at_k, k=k)
        pairs[RR @ k] = partial(reciprocal_rank, k=k)
        pairs[nDCG @ k] = partial(ndcg_at_k, k=k)
        pairs[nDCG(gains=EXPONENTIAL) @ k] = partial(ndcg_at_k, k=k, gain="exponential")

    for measure, metric in pairs.items():
        # One at a time: asked together, ir-measures may give one nDCG the gains of another, as its sets happen to fall.
        average, values = ir_measures.calc([measure], judgements, runs)
        theirs = {value.query_id: value.value for value in values}
        ours = score_queries(metric, rankings, judgements)
        assert ours.mean == pytest.approx(average[measure], abs=1e-9), measure
        for query, value in ours.values.items():
            assert value == pytest.approx(theirs[query], abs=1e-9), (measure, query)
