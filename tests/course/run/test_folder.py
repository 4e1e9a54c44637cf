from datetime import UTC, datetime
from pathlib import Path

from workshop_lib.course.run.folder import new_folder, point_latest_to

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_two_runs_in_one_second_get_folders_of_their_own(tmp_path: Path):
    assert [new_folder(tmp_path, NOON).name for _ in range(3)] == [
        "20261121T120000Z",
        "20261121T120000Z-2",
        "20261121T120000Z-3",
    ]


def test_latest_moves_to_the_newest(tmp_path: Path):
    first, second = new_folder(tmp_path, NOON), new_folder(tmp_path, NOON)
    for folder in (first, second):
        point_latest_to(folder)
        assert (tmp_path / "latest").resolve() == folder.resolve()
    assert sorted(p.name for p in tmp_path.iterdir()) == [first.name, second.name, "latest"]
