import ast
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workshop_lib.course.source import (
    cell_source,
    defined_names,
    file_source,
    missing_names,
    without_desk_calls,
    without_magics,
)

ANSWER = "def f(n):\n    return n"


def test_the_last_input_that_defines_the_name() -> None:
    inputs = ["def f(): return 1", "def f(): return 2", "f()", "g = f", "def g(): return f()", "check('2.3', f)"]
    assert cell_source("f", inputs) == "def f(): return 2"
    assert cell_source("g", inputs) == "def g(): return f()"
    assert cell_source("h", inputs) is None
    assert cell_source("f", []) is None


def test_a_cell_that_only_fetches_an_answer_doesnt_define_it() -> None:
    assert cell_source("f", [ANSWER, 'f = answer("2.3")\nprint(f(3))']) == ANSWER


@pytest.mark.parametrize(
    "code",
    [
        "class f:\n    def g(self): pass",
        "async def f(): pass",
        "f = lambda n: n",
        "f: int = 3",
        "a, (f, *b) = 1, (2, 3)",
        "a = f = 1",
        "@cache\ndef f(): pass",
        "if fast:\n    def f(): pass\nelse:\n    f = g",
        "try:\n    f = 1\nexcept ValueError:\n    raise",
        "with open('x') as f: pass",
        "for f in range(3): pass",
        "print(f := 3)",
        "f = partial(g, 1)",
        "f = answers['2.3']",
    ],
)
def test_what_defines_a_name(code: str) -> None:
    assert "f" in defined_names(code)


@pytest.mark.parametrize(
    "code",
    [
        "def g():\n    def f(): pass",
        "class g:\n    def f(self): pass",
        "f()",
        "f.a = 1",
        "f[0] = 1",
        "[f for f in range(3)]",
        "g = lambda f: f",
        "f: int",
        "import f",
        'f = answer("2.3")',
        "def f(",
        "",
    ],
)
def test_what_doesnt_define_a_name(code: str) -> None:
    assert "f" not in defined_names(code)


@pytest.mark.parametrize(
    "cell",
    [
        f"%%time\n{ANSWER}",
        f"\n%%capture output\n{ANSWER}",
        f"{ANSWER}\n!ls -l",
        f"%matplotlib inline\n{ANSWER}\n%timeit f(3)",
        f"{ANSWER}\nf?",
        f"{ANSWER}\n?f",
        f"{ANSWER}\nf.__doc__??",
        f"files = !ls\n{ANSWER}",
        "def f(n):\n    !ls\n    return n",
    ],
)
def test_magics_dont_hide_a_cell(cell: str) -> None:
    source = cell_source("f", [cell])
    assert source is not None
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    assert namespace["f"](3) == 3
    assert source.count("\n") == cell.count("\n")


@pytest.mark.parametrize("magic", ["%%bash", "%%writefile f.py", "%%html"])
def test_a_cell_that_a_magic_took_for_itself_defines_nothing(magic: str) -> None:
    assert cell_source("f", [f"{magic}\n{ANSWER}"]) is None


def test_python_is_left_as_it_is() -> None:
    code = 'TEXT = """\n%d things\n!\nwhat?\n"""\nn = (3\n% 2)'
    ast.parse(code)
    assert without_magics(code) == code


STANDS_ALONE = {
    "import inside": "def f():\n    import math\n    return math.pi",
    "import above": "from math import pi as number\ndef f(): return number",
    "comprehension variables": "def f(xs): return [x for x in xs], {k: v for k, v in xs}, sum(y for y in xs if y)",
    "global statement": "def f():\n    global count\n    count = 1\n    return count",
    "global read elsewhere": "def g():\n    global total\n    total = 1\ndef f(): return total",
    "nonlocal": "def f():\n    n = 1\n    def g():\n        nonlocal n\n        n += 1\n    return g()",
    "star import": "from math import *\ndef f(): return sqrt(pi)",
    "builtins": "def f(xs): return sorted(xs, key=len), __name__",
    "recursive": "def f(n): return f(n - 1) if n else 0",
    "helper below": "def f(): return g()\ndef g(): return 1",
    "nested names": "def f():\n    def inner(): return outer()\n    def outer(): return 1\n    return inner()",
    "class": "class F:\n    size = 1\n    def f(self): return super().__init__(), self.size, __class__",
    "decorated": "from functools import cache\n@cache\ndef f(): return 1",
    "exception name": "def f():\n    try: pass\n    except ValueError as error: return error",
    "future annotations": "from __future__ import annotations\ndef f(x: Undefined) -> AlsoUndefined: return x",
    "text annotations": 'def f(x: "Undefined"): return x',
    "match": "def f(x):\n  match x:\n    case {'a': a, **rest}: return a, rest\n    case [b, *c]: return b, c",
    "walrus": "def f(xs):\n    if (n := len(xs)) > 1: return n",
    "conditional import": "try:\n    import json\nexcept ImportError:\n    json = None\ndef f(): return json",
    "loop variable": "for n in range(3): pass\ndef f(): return n",
}


@pytest.mark.parametrize("code", STANDS_ALONE.values(), ids=STANDS_ALONE)
def test_nothing_is_missing(code: str) -> None:
    assert missing_names(code) == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("def f(): return helper()", ["helper"]),
        ("def f():\n    return [helper(x) for x in rows]", ["helper", "rows"]),
        ("f = partial(g, 1)", ["g", "partial"]),
        ("@cache\ndef f(): pass", ["cache"]),
        ("class F(Base):\n    size = SIZE\n    def f(self): return self.g(NAME)", ["Base", "NAME", "SIZE"]),
        ("def f(x: Undefined) -> Other: return x", ["Other", "Undefined"]),
        ("def f(n=DEFAULT): return lambda: deep", ["DEFAULT", "deep"]),
        ("def f(): return np.mean([1])", ["np"]),
        ("def f(): pass\nprint(f(page))", ["page"]),
        ("def f(): return get_ipython()", ["get_ipython"]),
    ],
)
def test_what_another_cell_defines_is_named(code: str, names: list[str]) -> None:
    assert missing_names(code) == names


def test_a_cell_may_await_at_its_top() -> None:
    code = "async def f(): pass\nawait f()"
    assert defined_names(code) == {"f"}
    assert missing_names(code) == []


def top_level(n: int) -> int:
    return n


def test_the_source_of_a_function_in_a_file() -> None:
    def nested(n: int) -> int:
        return n

    anonymous: Callable[[int], int] = lambda n: n  # noqa: E731
    assert file_source(top_level, "top_level") == "def top_level(n: int) -> int:\n    return n\n"
    assert file_source(nested, "nested") == "def nested(n: int) -> int:\n    return n\n"
    assert file_source(anonymous, "<lambda>") is None
    assert file_source(len, "len") is None
    assert file_source(3, "three") is None


def test_calls_to_the_desk_below_the_answer_are_not_part_of_it() -> None:
    cell = 'def twice(n):\n    check = n\n    return 2 * check\n\ncheck("9.1", twice)\ntwice = answer("9.1")\n'
    kept = without_desk_calls(cell)
    assert kept == "def twice(n):\n    check = n\n    return 2 * check\n\n\n\n"
    assert missing_names(kept) == []


def test_a_call_of_several_lines_goes_whole() -> None:
    assert without_desk_calls('a = 1\ncheck(\n    "9.1",\n    a,\n)\nb = 2') == "a = 1\n\n\n\n\nb = 2"


def test_a_call_that_shares_its_line_stays() -> None:
    assert without_desk_calls('a = 1; check("9.1", a)') == 'a = 1; check("9.1", a)'


def test_an_input_that_python_refuses_is_passed_over() -> None:
    inputs = ["def twice(n): return 2 * n", "def twice(n, n): return 2 * n"]
    assert cell_source("twice", inputs) == inputs[0]


def test_in_a_percent_file_the_source_is_the_cell(tmp_path: Path) -> None:
    cell = "import math\n\n\ndef root(n):\n    return math.sqrt(n)\n\n"
    file = tmp_path / "percent_chapter.py"
    file.write_text(f"# %%\nother = 1\n\n# %% tags=['x']\n{cell}# %%\nprint(root(4))\n")
    spec = importlib.util.spec_from_file_location("percent_chapter", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert file_source(module.root, "root") == cell
