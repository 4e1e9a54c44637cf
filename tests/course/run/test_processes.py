import subprocess
import sys
from itertools import count

import psutil
import pytest

from workshop_lib.course.run.processes import descendants, end_descendants


@pytest.fixture
def known() -> set[psutil.Process]:
    return descendants()


def test_descendants_are_ended_and_those_known_before_are_not(known: set[psutil.Process]):
    forever = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(forever) as mine, subprocess.Popen(forever) as other:
        try:
            end_descendants({*known, psutil.Process(mine.pid)}, until=lambda: other.poll() is not None)
            assert mine.poll() is None
        finally:
            mine.kill()


def test_it_looks_again_until_told(known: set[psutil.Process]):
    waits: list[float] = []
    end_descendants(known, until=lambda: len(waits) == 3, clock=lambda: 0.0, sleep=waits.append)
    assert len(waits) == 3


def test_it_gives_up_after_the_deadline(known: set[psutil.Process]):
    waits: list[float] = []
    end_descendants(known, until=lambda: False, deadline=4.0, clock=count().__next__, sleep=waits.append)
    assert len(waits) == 3
