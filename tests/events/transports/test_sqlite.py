from pathlib import Path

import pytest

from tests.events.contract import BusContract, ProcessContract


class TestSQLite(BusContract, ProcessContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/a folder/bus.db?lease=0.5&synchronous=normal"
