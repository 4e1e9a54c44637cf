from pathlib import Path

import pytest

from workshop_lib.course.run.errors import BadParameter, UnknownParameter
from workshop_lib.course.run.notebook import Notebook
from workshop_lib.course.run.parameters import known_parameters, parameter_sets, refuse_unknown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("0.5", 0.5),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ("2026-11-21", "2026-11-21"),
        ("a b", "a b"),
    ],
)
def test_a_value_is_read_as_yaml_and_dates_stay_text(text: str, value: object):
    assert parameter_sets([("k", text)]) == [{"k": value}]


def test_pairs_win_over_the_file_and_the_file_over_fast(tmp_path: Path):
    file = tmp_path / "p.yml"
    file.write_text("- {fast: false, k: 1}\n- {n: 2}\n")
    assert parameter_sets([("k", "9")], file, fast=True) == [{"fast": False, "k": 9}, {"fast": True, "n": 2, "k": 9}]


HOSTILE = [
    "[" * 3000,
    "a: !!set {x}",
    "a: !!binary aGk=",
    "a: !!timestamp 2026-11-21",
    "a: !!bool maybe",
    "a: !!int ''",
    "a: &a [*a]",
    "a: " + "9" * 5000,
    "a: !!python/name:os.system x",
]


@pytest.mark.parametrize("content", ["", "3", "[]", "- 1\n- 2", "{1: 2}", "{a b: 2}", "a: [", "\ta: 1", *HOSTILE])
def test_a_file_that_is_no_mapping_is_refused_by_name(tmp_path: Path, content: str):
    file = tmp_path / "p.yml"
    file.write_text(content)
    with pytest.raises(BadParameter, match=r"^-f .*p\.yml: .{,300}$"):
        parameter_sets(file=file)


def test_a_missing_file_is_refused(tmp_path: Path):
    with pytest.raises(BadParameter, match="No such file"):
        parameter_sets(file=tmp_path / "gone.yml")


def test_a_value_that_is_no_yaml_is_refused():
    with pytest.raises(BadParameter, match="-p k"):
        parameter_sets([("k", "[1,")])


@pytest.mark.parametrize("text", ["[" * 3000, "!!set {x}", "!!bool maybe", "&a [*a]"])
def test_a_value_that_no_notebook_can_hold_is_refused_in_one_line(text: str):
    with pytest.raises(BadParameter, match=r"^-p k: expected a YAML value, got .{,300}$"):
        parameter_sets([("k", text)])


def test_a_parameter_that_no_notebook_has_is_refused():
    notebooks = [Notebook(Path("a"), frozenset({"fast"})), Notebook(Path("b"), frozenset({"k"}))]
    refuse_unknown(notebooks, [{"k": 1}])
    with pytest.raises(UnknownParameter, match=r"epohcs.*fast, k"):
        refuse_unknown(notebooks, [{"epohcs": 1}])


def test_fast_is_a_default_that_a_notebook_may_lack():
    refuse_unknown([Notebook(Path("a"))], [{"fast": True}])


def test_a_notebook_gets_only_what_it_knows():
    assert known_parameters(Notebook(Path("a"), frozenset({"k"})), {"fast": True, "k": 1}) == {"k": 1}
