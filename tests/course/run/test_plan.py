from pathlib import Path

import pytest

from workshop_lib.course.run.notebook import Notebook
from workshop_lib.course.run.plan import default_jobs, longest_first, record_seconds, recorded_seconds, thread_caps

GB = 2**30


@pytest.mark.parametrize(("cores", "free", "jobs"), [(8, 32 * GB, 8), (8, 9 * GB, 4), (2, GB, 1), (1, 64 * GB, 1)])
def test_jobs_follow_cores_and_free_memory(cores: int, free: int, jobs: int):
    assert default_jobs(cores, free) == jobs


def test_kernels_share_the_cores():
    caps = thread_caps(3, cores=8)
    assert caps.pop("TOKENIZERS_PARALLELISM") == "false"
    assert set(caps.values()) == {"2"}
    assert "OMP_NUM_THREADS" in caps
    assert set(thread_caps(4, cores=2).values()) == {"1", "false"}


def test_the_longest_goes_first_by_record_then_minutes_then_size():
    a, b, c, d = (Notebook(Path(name), size=size) for name, size in (("a", 10), ("b", 10), ("c", 900), ("d", 10)))
    ordered = longest_first([d, c, b, a], recorded={"a": 50.0}, minutes={"b": 90})
    assert [n.name for n in ordered] == ["a", "b", "c", "d"]


def test_seconds_are_merged_with_what_was_recorded(tmp_path: Path):
    record_seconds(tmp_path, {"a": 1.234, "b": 2.0})
    record_seconds(tmp_path, {"b": 3.0})
    assert recorded_seconds(tmp_path) == {"a": 1.23, "b": 3.0}
    assert [p.name for p in tmp_path.iterdir()] == ["seconds.json"]


@pytest.mark.parametrize("content", ["{", "[]", '{"a": "x"}'])
def test_an_unreadable_record_counts_as_none(tmp_path: Path, content: str):
    (tmp_path / "seconds.json").write_text(content)
    assert recorded_seconds(tmp_path) == {}
