import os
import subprocess
import sys

from workshop_lib.rag.index.owner import LEASE, lives, signature


def test_this_process_lives() -> None:
    assert lives(signature())


def test_a_process_that_ended_does_not() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not lives(signature() | {"pid": ended.pid})


def test_another_process_under_the_same_id_is_not_the_one_that_signed() -> None:
    assert not lives(signature() | {"started": "before the machine was restarted"})
    assert os.getpid() == signature()["pid"]


def test_on_another_machine_it_lives_until_its_lease_ends() -> None:
    elsewhere = signature() | {"host": "elsewhere", "pid": 1}
    assert lives(elsewhere)
    assert not lives(elsewhere | {"at": float(elsewhere["at"]) - LEASE - 1})
