"""Other right and wrong answers to the exercises of chapter 06 than those it records."""

from typing import Any

import pytest

from workshop_lib.course.evaluate import evaluate
from workshop_lib.course.exercises.catalogue import catalogue
from workshop_lib.course.extras import command, missing
from workshop_lib.course.outcome import Outcome, Status

pytestmark = pytest.mark.skipif(bool(missing("rag")), reason=f"needs the extra [rag]: {command('rag')}")


def outcome_of(exercise_id: str, code: str) -> Outcome:
    exercise = catalogue().exercise(exercise_id)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "<answer>", "exec"), namespace)
    return evaluate(exercise, namespace[exercise.name])


RIGHT = {
    ("6.1", "a loop"): """
def chunk_spans(text, size, overlap):
    spans, start = [], 0
    while start < len(text):
        end = min(start + size, len(text))
        spans.append((start, end))
        if end == len(text):
            break
        start = end - overlap
    return spans
""",
    ("6.1", "a generator of lists"): """
def chunk_spans(text, size=500, overlap=50):
    last = 0
    while last < len(text):
        start = max(0, last - overlap)
        last = min(start + size, len(text))
        yield [start, last]
""",
    ("6.1", "whole words"): """
def chunk_spans(text, size, overlap):
    spans, start = [], 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text) and " " in text[start + overlap + 1:end]:
            end = text.rindex(" ", start + overlap + 1, end) + 1
        spans.append((start, end))
        if end == len(text):
            return spans
        start = max(start + 1, end - overlap)
    return spans
""",
    ("6.2", "content in the id, and add"): """
from hashlib import sha256
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [f"{document_id}/{i}/{sha256(t.encode()).hexdigest()}" for i, t in enumerate(texts)]
    collection.add(ids=ids, documents=texts, embeddings=vectors,
                   metadatas=[metadata | {"document_id": document_id, "chunk": i} for i in range(len(ids))])
    there = collection.get(where={"document_id": {"$eq": document_id}}, include=[])["ids"]
    gone = [each for each in there if each not in ids]
    if gone:
        collection.delete(gone)
    return ids
""",
    ("6.2", "what is stale by its number"): """
def replace_document(collection, document_id, texts, vectors, metadata):
    about = [{**metadata, "document_id": document_id, "n": n} for n in range(len(texts))]
    collection.upsert([repr((document_id, n)) for n in range(len(texts))], vectors, about, texts)
    collection.delete(where={"$and": [{"document_id": document_id}, {"n": {"$gte": len(texts)}}]})
""",
    ("6.3", "plain Python"): """
import math
def relevance(question, chunk):
    dot = sum(float(a) * float(b) for a, b in zip(question, chunk))
    size = math.sqrt(sum(float(a) ** 2 for a in question) * sum(float(b) ** 2 for b in chunk))
    return max(dot / size, 0) if size else 0
""",
    ("6.3", "NumPy's own scalars, nothing divided by nothing"): """
import numpy as np
def relevance(question, chunk):
    lengths = np.linalg.norm(question) * np.linalg.norm(chunk)
    return np.clip(np.dot(question, chunk) / np.where(lengths == 0, 1, lengths), 0, 1)
""",
    ("6.3", "unit vectors first"): """
import numpy as np
def relevance(question, chunk):
    one, other = (v / (np.linalg.norm(v) or 1) for v in (question, chunk))
    return max(0.0, float(1 - ((one - other) ** 2).sum() / 2)) if one.any() and other.any() else 0.0
""",
    ("6.4", "match"): """
def where(wanted):
    match [{k: v} for k, v in wanted.items()]:
        case []: return None
        case [only]: return only
        case many: return {"$and": many}
""",
    ("6.4", "operators written out"): """
def where(wanted):
    parts = [{k: v if isinstance(v, dict) else {"$eq": v}} for k, v in wanted.items()]
    while len(parts) > 1:
        parts = [{"$and": parts[:2]}, *parts[2:]]
    return parts[0] if parts else None
""",
    ("6.5", "from below"): """
def build_prompt(question, results, *, budget, count_tokens):
    best = None
    for kept in range(len(results) + 1):
        lines = [f"[{n}]\\n{r.content}" for n, r in enumerate(results[:kept], 1)]
        text = "\\n".join(["You answer by citing [n].", *lines, "Q: " + question])
        if best is None or count_tokens([text])[0] <= budget:
            best = text
    return best
""",
    ("6.5", "question first"): """
def build_prompt(question, results, *, budget, count_tokens):
    text = f"Question: {question}"
    for n, r in enumerate(results, 1):
        longer = f"{text}\\n<passage>[{n}] {r.content}</passage>"
        if count_tokens([longer]) > [budget]:
            break
        text = longer
    return text
""",
    ("6.6", "one function as a step"): """
from langchain_core.runnables import RunnableLambda
from workshop_lib.rag.retriever import to_result
def build_chain(retriever, answerer):
    def ask(question):
        documents = retriever.invoke(question)
        extract = answerer.answer(question, [to_result(d) for d in documents])
        return {"question": question, "documents": documents, "extract": extract}
    return RunnableLambda(ask)
""",
    ("6.6", "assigned one after the other"): """
from langchain_core.runnables import RunnablePassthrough
from workshop_lib.rag.retriever import to_result
def build_chain(retriever, answerer):
    return (
        {"question": RunnablePassthrough()}
        | RunnablePassthrough.assign(documents=lambda asked: retriever.invoke(asked["question"]))
        | RunnablePassthrough.assign(
            extract=lambda asked: answerer.answer(asked["question"], list(map(to_result, asked["documents"])))
        )
    )
""",
    ("6.7", "counting"): """
def recall_at_k(ranking, relevant, k):
    found = 0
    for item in ranking[:k]:
        found += item in relevant
    return found / max(1, len(relevant))
""",
    ("6.8", "next"): """
def reciprocal_rank(ranking, relevant):
    return next((1 / (i + 1) for i, item in enumerate(ranking) if item in relevant), 0)
""",
    ("6.8", "coroutine"): """
async def reciprocal_rank(ranking, relevant, *, nothing=0.0):
    ranks = [ranking.index(item) + 1 for item in relevant if item in ranking]
    return 1 / min(ranks) if ranks else nothing
""",
    ("6.9", "of equals the highest"): """
def choose_threshold(questions):
    scores = sorted({score for score, _ in questions})
    tries = [(a + b) / 2 for a, b in zip(scores, scores[1:])] + [scores[-1] + 1]
    def f1(t):
        tp = sum(s < t and not a for s, a in questions)
        fp = sum(s < t and a for s, a in questions)
        fn = sum(s >= t and not a for s, a in questions)
        return 2 * tp / (2 * tp + fp + fn)
    return max(tries, key=lambda t: (f1(t), t))
""",
    ("6.9", "a fine grid"): """
from workshop_lib.evaluation import measure_abstention
def choose_threshold(questions):
    grid = [n / 2000 for n in range(2001)]
    values = [measure_abstention(questions, t).f1 for t in grid]
    best = [t for t, v in zip(grid, values) if v == max(values)]
    run = [t for n, t in enumerate(best) if t - best[0] < (n + 0.5) / 2000]
    return run[len(run) // 2]
""",
}

WRONG = {
    ("6.1", "the pieces and not their places"): """
def chunk_spans(text, size, overlap):
    return [text[start:start + size] for start in range(0, len(text), size - overlap)]
""",
    ("6.1", "one chunk"): "def chunk_spans(text, size, overlap): return [(0, len(text))] if text else []",
    ("6.1", "a hard-coded example"): "def chunk_spans(text, size, overlap): return [(0, 4), (3, 7), (6, 8)]",
    ("6.2", "salted hash"): """
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [str(hash((document_id, i, t))) for i, t in enumerate(texts)]
    collection.upsert(ids=ids, documents=texts, embeddings=vectors,
                      metadatas=[{**metadata, "document_id": document_id} for _ in ids])
    there = collection.get(where={"document_id": document_id})["ids"]
    if gone := [each for each in there if each not in ids]:
        collection.delete(ids=gone)
""",
    ("6.2", "glued"): """
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [document_id + str(i) for i in range(len(texts))]
    collection.upsert(ids=ids, documents=texts, embeddings=vectors,
                      metadatas=[{**metadata, "document_id": document_id} for _ in ids])
    there = collection.get(where={"document_id": document_id})["ids"]
    if gone := [each for each in there if each not in ids]:
        collection.delete(ids=gone)
""",
    ("6.2", "by a prefix"): """
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [f"{document_id}:{i}" for i in range(len(texts))]
    collection.upsert(ids=ids, documents=texts, embeddings=vectors,
                      metadatas=[{**metadata, "document_id": document_id} for _ in ids])
    gone = [each for each in collection.get()["ids"] if each.startswith(document_id) and each not in ids]
    if gone:
        collection.delete(ids=gone)
""",
    ("6.2", "a failure kept quiet"): """
def replace_document(collection, document_id, texts, vectors, metadata):
    ids = [f"{document_id}:{i}" for i in range(len(texts))]
    try:
        collection.upsert(ids=ids, documents=texts, embeddings=vectors,
                          metadatas=[{**metadata, "document_id": document_id} for _ in ids])
    except Exception:
        return
    there = collection.get(where={"document_id": document_id})["ids"]
    if gone := [each for each in there if each not in ids]:
        collection.delete(ids=gone)
""",
    ("6.3", "a constant"): "def relevance(question, chunk): return 1.0",
    ("6.3", "text"): "def relevance(question, chunk): return '1.0'",
    ("6.4", "changes what it was given"): """
def where(wanted):
    parts = []
    while wanted:
        key, value = wanted.popitem()
        parts.append({key: value})
    return {"$and": parts} if len(parts) > 1 else parts[0] if parts else None
""",
    ("6.4", "everything"): "def where(wanted): return None",
    ("6.5", "over by one"): """
def build_prompt(question, results, *, budget, count_tokens):
    for kept in range(len(results), -1, -1):
        text = "\\n".join([*(f"[{n}] {r.content}" for n, r in enumerate(results[:kept], 1)), question])
        if count_tokens([text])[0] <= budget + 1 or not kept:
            return text
""",
    ("6.5", "under by one"): """
def build_prompt(question, results, *, budget, count_tokens):
    for kept in range(len(results), -1, -1):
        text = "\\n".join([*(f"[{n}] {r.content}" for n, r in enumerate(results[:kept], 1)), question])
        if count_tokens([text])[0] < budget or not kept:
            return text
""",
    ("6.5", "always three"): """
def build_prompt(question, results, *, budget, count_tokens):
    return "\\n".join([*(f"[{n}] {r.content}" for n, r in enumerate(results[:3], 1)), question])
""",
    ("6.6", "another question"): """
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from workshop_lib.rag.retriever import to_result
def build_chain(retriever, answerer):
    def answer(asked):
        return answerer.answer("How long does tea steep?", [to_result(d) for d in asked["documents"]])
    found = RunnableParallel(question=RunnablePassthrough(), documents=retriever)
    return found | RunnablePassthrough.assign(extract=answer)
""",
    ("6.6", "the answer's text only"): """
from langchain_core.runnables import RunnableParallel, RunnablePassthrough
from workshop_lib.rag.retriever import to_result
def build_chain(retriever, answerer):
    def answer(asked):
        return answerer.answer(asked["question"], [to_result(d) for d in asked["documents"]]).text
    found = RunnableParallel(question=RunnablePassthrough(), documents=retriever)
    return found | RunnablePassthrough.assign(extract=answer)
""",
    ("6.7", "a constant"): "def recall_at_k(ranking, relevant, k): return 1.0",
    (
        "6.7",
        "percent",
    ): "def recall_at_k(ranking, relevant, k): return 100 * len(relevant & set(ranking[:k])) / (len(relevant) or 1)",
    (
        "6.8",
        "first place only",
    ): "def reciprocal_rank(ranking, relevant): return float(bool(ranking) and ranking[0] in relevant)",
    ("6.9", "always speak"): "def choose_threshold(questions): return 0.0",
    ("6.9", "always silent"): "def choose_threshold(questions): return max(score for score, _ in questions) + 1",
    ("6.9", "with its score"): "def choose_threshold(questions): return (0.45, 1.0)",
}


@pytest.mark.parametrize(("exercise_id", "name"), RIGHT)
def test_any_right_answer_passes(exercise_id: str, name: str) -> None:
    outcome = outcome_of(exercise_id, RIGHT[exercise_id, name])
    assert outcome.passed, outcome


@pytest.mark.parametrize(("exercise_id", "name"), WRONG)
def test_a_wrong_answer_is_told_what_was_expected(exercise_id: str, name: str) -> None:
    outcome = outcome_of(exercise_id, WRONG[exercise_id, name])
    assert outcome.status is Status.INCORRECT, outcome
    assert outcome.tried
    assert outcome.expected != outcome.got


def test_the_salted_hash_is_told_of_by_its_own_hint() -> None:
    assert outcome_of("6.2", WRONG["6.2", "salted hash"]).mistake == "new-ids"


@pytest.mark.parametrize("name", ["glued", "by a prefix"])
def test_ids_without_a_bound_are_told_of_their_collision(name: str) -> None:
    assert outcome_of("6.2", WRONG["6.2", name]).mistake == "collides"


def test_what_failed_comes_back_as_a_case() -> None:
    outcome = outcome_of("6.7", "def recall_at_k(ranking, relevant, k): return len(relevant & set(ranking[:k])) / k")
    ranking, relevant, k = outcome.case
    assert (relevant, k) == ({"async"}, 3)
    assert ranking[:3] == ["body", "cors", "async"]
