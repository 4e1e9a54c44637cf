import hashlib
from dataclasses import replace

import pytest

from workshop_lib.rag.embedders.weights import MINILM, PACKAGED, Packaged
from workshop_lib.rag.errors import ModelChanged, ModelMissing


@pytest.fixture
def packaged(tmp_path, monkeypatch) -> Packaged:
    folder = tmp_path / "some_model" / "files"
    folder.mkdir(parents=True)
    (tmp_path / "some_model" / "__init__.py").write_text("raise SystemExit('run')")
    (folder / "weights").write_bytes(b"weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Packaged("some-model==1", "some_model", "files", {"weights": hashlib.sha256(b"weights").hexdigest()})


@pytest.mark.parametrize("name", PACKAGED)
def test_what_is_installed_is_what_was_measured(name) -> None:
    for package in PACKAGED[name]:
        assert package.checked().is_dir()


def test_a_file_is_found_without_running_the_package(packaged) -> None:
    assert (packaged.checked() / "weights").read_bytes() == b"weights"


def test_a_changed_file_is_refused_with_how_to_mend_it(packaged) -> None:
    (packaged.find() / "weights").write_bytes(b"other")
    with pytest.raises(ModelChanged, match="--force-reinstall --no-deps some-model==1"):
        packaged.checked("weights")


def test_a_lost_file_is_missing(packaged) -> None:
    (packaged.find() / "weights").unlink()
    with pytest.raises(ModelMissing, match="weights"):
        packaged.checked()


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(ModelMissing, match=r"no-such-model==1.*PATH-OF-CHECKOUT\[rag\]"):
        Packaged("no-such-model==1", "no_such_model", "", {}).find()


def test_the_identity_is_the_contents(packaged) -> None:
    assert replace(packaged, files={"weights": "ab"}).identity != packaged.identity
    assert replace(packaged, distribution="some-model==2").identity == packaged.identity


def test_minilm_is_the_hubs_model() -> None:
    assert MINILM.files["model.safetensors"].startswith("53aa51172d142c89")
