import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from workshop_lib.course import extras
from workshop_lib.course.extras import MissingExtra, NotInstalled, UnknownExtra, contents, missing, require

ROOT = Path(__file__).resolve().parents[2]
METADATA = """\
Metadata-Version: 2.4
Name: mlops-workshop
Version: 9
Provides-Extra: notebooks
Provides-Extra: heavy
Provides-Extra: course
Provides-Extra: lite
Provides-Extra: dev
Requires-Dist: pydantic>=2
Requires-Dist: packaging>=1; extra == 'notebooks'
Requires-Dist: no-such-package[fast]<2,>=1; extra == "heavy"
Requires-Dist: another.absent-one; extra == 'heavy'
Requires-Dist: mlops-workshop[notebooks]; extra == 'lite'
Requires-Dist: mlops-workshop[heavy,lite]; extra == 'course'
Requires-Dist: mlops-workshop[course]; extra == 'heavy'
Requires-Dist: absent-tool; extra == 'dev'
Requires-Dist: of-another-system; (sys_platform == "none") and extra == 'dev'
"""


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    from email import message_from_string

    monkeypatch.setattr(metadata, "metadata", lambda name: message_from_string(METADATA))


def in_checkout(monkeypatch: pytest.MonkeyPatch, root: Path | None, prefix: Path) -> None:
    monkeypatch.setattr(extras, "project_root", lambda: root)
    monkeypatch.setattr(sys, "prefix", str(prefix))


@pytest.mark.usefixtures("declared")
class TestDeclared:
    def test_an_extra_is_read_through_those_it_refers_to(self) -> None:
        assert contents("lite") == ["packaging"]
        assert contents("course") == ["another.absent-one", "no-such-package", "packaging"]

    def test_missing_are_those_not_installed(self) -> None:
        assert missing("lite") == []
        assert missing("course") == ["another.absent-one", "no-such-package"]

    def test_require_is_silent_where_all_is_there(self) -> None:
        require("lite", "notebooks")

    def test_require_names_extra_packages_and_command(self, monkeypatch, tmp_path) -> None:
        in_checkout(monkeypatch, tmp_path, tmp_path / ".venv")
        with pytest.raises(MissingExtra) as caught:
            require("lite", "heavy")
        assert str(caught.value) == (
            "this needs the extra [heavy], and another.absent-one, no-such-package is not installed. "
            "To add it: make lab"
        )
        assert caught.value.extra == "heavy"

    def test_the_command_fits_where_the_process_runs(self, monkeypatch, tmp_path) -> None:
        in_checkout(monkeypatch, tmp_path, tmp_path / ".venv")
        assert extras.command("notebooks") == "make lab LITE=1"
        assert extras.command("course") == "make lab"
        assert extras.command("dev") == "make test"
        in_checkout(monkeypatch, tmp_path, Path("/opt/conda/envs/mlops-workshop"))
        assert extras.command("heavy") == 'pip install -e ".[heavy]" -c constraints.txt'
        in_checkout(monkeypatch, None, Path("/anywhere"))
        assert extras.command("heavy") == 'pip install "PATH-OF-CHECKOUT[heavy]"'

    def test_an_unknown_extra_is_told_with_those_there_are(self) -> None:
        with pytest.raises(UnknownExtra, match=r"expected one of the extras course, dev, heavy.*got 'havy'"):
            missing("havy")


def test_a_folder_that_was_never_installed_is_told(monkeypatch) -> None:
    monkeypatch.setattr(extras, "DISTRIBUTION", "no-such-distribution")
    with pytest.raises(NotInstalled, match="make lab"):
        missing("lite")


def test_the_installed_metadata_says_what_pyproject_says() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra, requirements in declared.items():
        parsed = [Requirement(text) for text in requirements]
        here = [requirement for requirement in parsed if not requirement.marker or requirement.marker.evaluate()]
        direct = {requirement.name for requirement in here} - {"mlops-workshop"}
        assert direct <= set(contents(extra))
        assert not {requirement.name for requirement in parsed if requirement not in here} & set(contents(extra))


def test_looking_imports_nothing_heavy() -> None:
    code = (
        "import sys; from workshop_lib.course.extras import missing; missing('course');"
        "print(sorted({'torch', 'tensorflow', 'mlflow', 'chromadb', 'langchain', 'jupyterlab'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
