"""6.5: numbered passages in a prompt that fits."""

from workshop_lib.course.exercises.ch06.check_build_prompt import check_build_prompt
from workshop_lib.course.exercises.model import Exercise, Mistake
from workshop_lib.course.exercises.variants import variants
from workshop_lib.i18n import mark

_slip = variants(
    """
def build_prompt(question, results, *, budget, count_tokens):
    def prompt(kept):
        passages = [f"{number}{{result.content}}" for rank, result in enumerate({order}, start={first})]
        return "\\n\\n".join(["Answer from the passages, and cite their numbers.", *passages{question}])

    {loop}
    return {result}
""",
    number="[{rank}] ",
    order="results[:kept]",
    first="1",
    question=', f"Question: {question}"',
    loop="""for kept in range(len(results), 0, -1):
        if count_tokens([prompt(kept)])[0] <= budget:
            return prompt(kept)""",
    result="prompt(0)",
)


EXERCISE = Exercise(
    id="6.5",
    name="build_prompt",
    title=mark("A prompt with numbers, within a budget"),
    minutes=8,
    difficulty=3,
    reference="workshop_lib.rag.prompt:build_prompt",
    check=check_build_prompt,
    hints=(
        mark("What does the model read besides the passages? Does that count too?"),
        mark("Write the whole prompt for a number of passages, and count its tokens: count_tokens([text])[0]."),
        mark(
            "Try all passages, then one fewer, down to none: `for kept in range(len(results), -1, -1)`. The first "
            "prompt whose tokens are at most the budget is the one."
        ),
    ),
    mistakes=(
        Mistake(
            "passages-only",
            _slip(
                loop="""kept = 0
    while kept < len(results) and sum(count_tokens([r.content for r in results[:kept + 1]])) <= budget:
        kept += 1""",
                result="prompt(kept)",
            ),
            mark(
                "The passages fit, but the instructions, the numbers and the question were not counted. Over its "
                "window a model's server refuses the request, or cuts off the end in silence: the question. "
                "Count the whole text."
            ),
        ),
        Mistake(
            "cut",
            _slip(loop="words = prompt(len(results)).split(' ')", result="' '.join(words[:budget // 2])"),
            mark(
                "The text was cut where the budget ended, so the last passage breaks off, or the question is missing. "
                "Half a sentence can say the opposite. A passage is in the prompt whole, or not at all."
            ),
        ),
        Mistake(
            "too-few",
            _slip(
                loop="kept = len(results)\n    while kept and len(prompt(kept)) > budget: kept -= 1",
                result="prompt(kept)",
            ),
            mark(
                "There was room for more. Did you count characters? A token has about four in English, so three "
                "quarters of the window stay empty, and the passage that answers may be among what was left out. "
                "A prompt of exactly the budget fits, too."
            ),
        ),
        Mistake(
            "from-zero",
            _slip(first="0"),
            mark(
                "The first passage is [0] here and 1 for whoever looks the citation up, so every link leads to the "
                "neighbour. Agree on 1."
            ),
        ),
        Mistake(
            "no-numbers",
            _slip(number="- "),
            mark(
                "The passages have no numbers, so the answer can't say which one it is from, and nobody can check it. "
                "Put [1], [2] … before each."
            ),
        ),
        Mistake(
            "reversed",
            _slip(order="reversed(results[:kept])"),
            mark(
                "The order of the results is lost. They come the most relevant first, and number 1 should be the best: "
                "that is what goes in first and is dropped last."
            ),
        ),
        Mistake(
            "no-question",
            _slip(question=""),
            mark("The question isn't in the prompt. What should the model answer?"),
        ),
    ),
)
