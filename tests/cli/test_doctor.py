import json

import pytest
from typer.testing import CliRunner

from workshop_lib.cli import app
from workshop_lib.course import doctor
from workshop_lib.course.doctor import Finding, Mark

GOOD = [Finding(Mark.OK, "Python", "3.12.1"), Finding(Mark.WARN, "ports", "in use: 8888", "stop [that] program")]
BAD = [*GOOD, Finding(Mark.FAIL, "state folder", "takes no files", "set WORKSHOP_HOME")]


def run(monkeypatch: pytest.MonkeyPatch, findings: list[Finding], *options: str):
    monkeypatch.setattr(doctor, "diagnose", lambda machine: findings)
    return CliRunner().invoke(app, ["doctor", *options])


def test_each_finding_is_a_line_with_its_mark_as_text_and_its_fix_below(monkeypatch) -> None:
    result = run(monkeypatch, GOOD)
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()] == [
        ["ok", "Python", "3.12.1"],
        ["warn", "ports", "in", "use:", "8888"],
        ["->", "stop", "[that]", "program"],
        ["The", "course", "can", "run", "here."],
    ]


def test_only_a_failure_gives_exit_status_1(monkeypatch) -> None:
    result = run(monkeypatch, BAD)
    assert result.exit_code == 1
    assert "can't run here yet" in result.output


@pytest.mark.parametrize(("findings", "fit"), [(GOOD, True), (BAD, False)])
def test_json_holds_the_same(monkeypatch, findings, fit) -> None:
    result = run(monkeypatch, findings, "--json")
    told = json.loads(result.output)
    assert told["can_run"] is fit
    assert result.exit_code == (0 if fit else 1)
    assert told["findings"][1] == {
        "mark": "warn",
        "subject": "ports",
        "found": "in use: 8888",
        "fix": "stop [that] program",
    }
