"""6.6: retriever and answerer, joined by LangChain's expression language."""

from workshop_lib.course.exercises.ch06.check_build_chain import check_build_chain
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from workshop_lib.rag.retriever import to_result

def build_chain(retriever, answerer):
    def answer(asked):
        results = [to_result(document) for document in asked["documents"]]
        return answerer.answer(asked["question"], results)

    return {chain}
""",
    chain="""RunnableParallel(question=RunnablePassthrough(), documents=retriever) | RunnablePassthrough.assign(
        extract=answer
    )""",
)


EXERCISE = Exercise(
    id="6.6",
    name="build_chain",
    title=mark("The same as a LangChain chain"),
    minutes=6,
    difficulty=2,
    reference="workshop_lib.rag.chain:build_chain",
    check=check_build_chain,
    hints=(
        mark("After the retriever there are only documents. By which way does the question reach the answer?"),
        mark(
            "RunnableParallel(question=…, documents=…) gives a dictionary; what hands its input on unchanged is "
            "RunnablePassthrough(). The next step after | gets that dictionary."
        ),
        mark("RunnablePassthrough.assign(extract=answer) keeps the dictionary and adds what `answer` makes of it."),
    ),
    mistakes=(
        Mistake(
            "question-lost",
            _slip(chain='retriever | RunnableLambda(answer) | (lambda found: {"extract": found})'),
            mark(
                "A pipe hands on only what the step before gives: after the retriever that is the documents, and the "
                "question is gone. Carry both in a dictionary."
            ),
        ),
        Mistake(
            "side-by-side",
            _slip(
                chain="RunnableParallel(question=RunnablePassthrough(), documents=retriever, "
                "extract=RunnableLambda(answer))"
            ),
            mark(
                "All three run side by side, and each gets what the chain gets: the bare question. So the answerer has "
                "no documents to read. It needs what the other two give: let it come after them."
            ),
        ),
        Mistake(
            "sources-lost",
            _slip(
                chain="RunnableParallel(question=RunnablePassthrough(), documents=retriever) | RunnableLambda(answer)"
            ),
            mark(
                "The chain ends in the answer alone, and the documents it came from are gone: nobody can look at what "
                "was found but not cited. Add to the dictionary and don't replace it."
            ),
        ),
        Mistake(
            "not-a-chain",
            _slip(
                chain="""lambda question: {
        "question": question,
        "documents": (documents := retriever.invoke(question)),
        "extract": answer({"question": question, "documents": documents}),
    }"""
            ),
            mark(
                "A plain function gives the right answer, but has no batch, no stream and no asynchronous twin, and no "
                "other chain can take it as a step. That is what a Runnable is for."
            ),
        ),
        Mistake(
            "searches-twice",
            _slip(
                chain="""RunnableParallel(
        question=RunnablePassthrough(),
        documents=retriever,
        extract=RunnableParallel(question=RunnablePassthrough(), documents=retriever) | answer,
    )"""
            ),
            mark(
                "Each question searches twice: once for the documents that are shown, once for those that are answered "
                "from. It costs double, and after an update the two can differ. Search first, then add the answer."
            ),
        ),
    ),
    seconds=30.0,
)
