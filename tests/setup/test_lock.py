import fcntl
import subprocess
from pathlib import Path

from bootstrap.lock import held


def is_free(file: Path) -> bool:
    with file.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_lock_is_held_for_its_block(tmp_path) -> None:
    file = tmp_path / "lock"
    with held(file, lambda: None):
        assert not is_free(file)
    assert is_free(file)


def test_a_child_that_outlives_the_holder_keeps_it(tmp_path) -> None:
    """As pip does, when only the set-up above it is killed."""
    file = tmp_path / "lock"
    with held(file, lambda: None) as descriptor:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[descriptor])
    assert not is_free(file)
    child.communicate()
    assert is_free(file)
