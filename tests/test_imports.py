"""What is heavy is imported where it is used, so that the command answers at once."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "torch", "tensorflow", "keras", "mlflow", "chromadb", "langchain", "sentence_transformers", "jupyterlab",
    "papermill", "matplotlib", "IPython", "pandas",
}  # fmt: skip
ENTRANCES = {
    "the package": "import workshop_lib",
    "the settings": "import workshop_lib.settings, workshop_lib.parts",
    "what a notebook imports": "import workshop_lib.course",
    "the platform": "import workshop_lib.platform, workshop_lib.events, workshop_lib.datasets",
    **{
        " ".join(["workshop", *arguments]): f"import sys; sys.argv = ['workshop', *{arguments}]\n"
        "from workshop_lib.cli import main\ntry: main()\nexcept SystemExit as end: assert not end.code, end.code"
        for arguments in (["--help"], ["run", "--help"], ["doctor", "--help"], ["data", "list"], ["progress"])
    },
}


@pytest.mark.parametrize("code", ENTRANCES.values(), ids=ENTRANCES)
def test_nothing_heavy_is_loaded(code: str) -> None:
    look = "\nimport sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", code + look], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].strip("[]").replace('"', "").split(", "))
    assert "workshop_lib" in loaded
    assert loaded & HEAVY == set()
