import pytest

from workshop_lib.datasets.markdown import Heading, clean


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("", ""),
        ("One *two* **three** `four`", "One two three four"),
        ("wrapped\nline  \nbreak", "wrapped line\nbreak"),
        ("[a link](x.md#y){.internal-link target=_blank}.", "a link."),
        ('<a href="x">a</a> <abbr title="long">b</abbr><br>c', "a b\nc"),
        ("![a logo](x.png) <img src='y' alt='a badge'>", "a logo a badge"),
        ("&lt;p&gt; <!-- unseen -->", "<p>"),
        ("- a\n- b", "- a\n- b"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- a\n\n- b", "- a\n\n- b"),
        ("- a\n    - b", "- a\n- b"),
        ("|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2"),
        ("---\nhide:\n  - toc\n---\n\nseen", "seen"),
        ("above\n\n---\n\nbelow", "above\n\nbelow"),
        ("```Python\nx = {{y}}  # **z**\n```", "x = {{y}}  # **z**"),
        ("```console\n$ <b>ls</b>\n```", "$ ls"),
        ("<div>\n\n```\ncode\n```\n\n</div>", "code"),
        ("<script>\nx()\n</script>\n\n<style>p {}</style>\n\nseen", "seen"),
        ("<p>\n  <em>a</em>\n</p>", "a"),
        ("::: fastapi.Depends\n    options:\n        members: x\n\nseen", "fastapi.Depends\n\nseen"),
        ("{% raw %}\n`{{ id }}`\n{% endraw %}", "{{ id }}"),
        ("a\n\n{% for x in y %}\n## {{ x }}\n{% for z in x %}\nb\n{% endfor %}\n{% endfor %}\n\nc", "a\n\nc"),
        ("```jinja\n{% for x in y %}\nx\n{% endfor %}\n```", "{% for x in y %}\nx\n{% endfor %}"),
        ("```\nnever closed", "never closed"),
    ],
)
def test_a_page_becomes_plain_text(markdown: str, text: str) -> None:
    assert clean(markdown).text == text


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("!!! note\n    First.\n\n    Second.\n\nAfter.", "Note\n\nFirst.\n\nSecond.\n\nAfter."),
        ('!!! note "Details"\n    Text.', "Details\n\nText."),
        ('!!! note ""\n    Text.', "Text."),
        ("!!! tip\n    !!! info\n        Inner.", "Tip\n\nInfo\n\nInner."),
        ("!!! tip\n    ```\n    code\n      more\n    ```", "Tip\n\ncode\n  more"),
        ("```\n!!! tip\n    code\n```", "!!! tip\n    code"),
    ],
)
def test_an_admonition_becomes_its_title_and_text(markdown: str, text: str) -> None:
    assert clean(markdown).text == text


def test_a_tab_keeps_its_label() -> None:
    page = '=== "Linux"\n\n    ```console\n    $ ls\n    ```\n\n=== "Windows"\n\n    Use `dir`.\n'
    assert clean(page).text == "Linux\n\n$ ls\n\nWindows\n\nUse dir."


def test_an_include_goes_with_the_code_and_the_tab_that_it_leaves_empty() -> None:
    include = "{!> ../../../docs_src/a.py!}"
    tab = f'=== "Python 3.10+"\n\n    ```Python hl_lines="2"\n    {include}\n    ```'
    page = f"Before:\n\n{tab}\n\n```\n{include}\n```\n\nAfter."
    assert clean(page).text == "Before:\n\nAfter."


def test_headings_give_their_level_and_where_they_start() -> None:
    page = clean("# The `one`\n\ntext\n\nTwo\n---\n\n```\n# no heading\n```\n")
    assert page.headings == (Heading(1, "The one", 0), Heading(2, "Two", 15))
    assert page.text[15:].startswith("Two")
