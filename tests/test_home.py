from pathlib import Path

import pytest

from workshop_lib import home as module
from workshop_lib.home import HomeNotWritable, default_home, home, is_project, project_root, writable

ROOT = Path(module.__file__).resolve().parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "a checkout"
    (root / "workshop_lib").mkdir(parents=True)
    (root / "workshop_lib" / "__init__.py").touch()
    (root / "pyproject.toml").touch()
    (root / "work" / "deep").mkdir(parents=True)
    return root


def test_every_test_has_a_home_of_its_own() -> None:
    assert home().is_dir()
    assert list(home().iterdir()) == []
    assert home() != default_home()
    (home() / "mine").touch()


def test_and_finds_nothing_of_another_test() -> None:
    test_every_test_has_a_home_of_its_own()


def test_a_project_is_found_by_walking_up(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_project(checkout)
    assert not is_project(checkout / "work")
    assert project_root(checkout / "work" / "deep") == checkout
    monkeypatch.chdir(checkout / "work")
    assert project_root() == checkout
    assert default_home() == checkout / ".workshop"


def test_elsewhere_it_is_the_one_this_package_runs_from(tmp_path: Path) -> None:
    assert project_root(tmp_path) == ROOT
    assert default_home(tmp_path) == ROOT / ".workshop"


def test_without_a_checkout_it_is_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HERE", tmp_path / "site-packages" / "workshop_lib")
    assert project_root(tmp_path) is None
    assert default_home(tmp_path) == tmp_path / ".workshop"


def test_the_variable_is_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for given, meant in [("relative", tmp_path / "relative"), (str(tmp_path / "b c"), tmp_path / "b c")]:
        monkeypatch.setenv("WORKSHOP_HOME", given)
        assert home() == meant
    monkeypatch.setenv("WORKSHOP_HOME", "~/mine")
    assert home() == Path.home() / "mine"
    assert not home().exists()
    for unset in ("", None):
        monkeypatch.delenv("WORKSHOP_HOME") if unset is None else monkeypatch.setenv("WORKSHOP_HOME", unset)
        assert home() == ROOT / ".workshop"


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    assert writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert writable(tmp_path / "a" / "b").is_dir()


def test_a_file_in_its_place_or_above(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(HomeNotWritable, match=r"but: .*file is a file\. Set WORKSHOP_HOME") as error:
        writable(tmp_path / "file")
    assert error.value.home == tmp_path / "file"
    with pytest.raises(HomeNotWritable, match="but: not a directory"):
        writable(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_takes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # For root every folder takes files, so the system's answer is given by hand.
    monkeypatch.setattr(module.os, "access", lambda folder, mode: False)
    with pytest.raises(HomeNotWritable, match="permission denied"):
        writable(tmp_path)
