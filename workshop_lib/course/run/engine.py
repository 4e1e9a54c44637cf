"""The papermill engine of `workshop run`: the kernel's environment is its own, and each cell is told.

papermill's engine gives a kernel the environment of its own process, which two notebooks on threads would share.
"""

from dataclasses import dataclass
from typing import IO, Any

import psutil
from nbclient.exceptions import CellTimeoutError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

from workshop_lib.course.run.failure import Recorder
from workshop_lib.course.run.processes import end

ENGINE = "workshop"
# A kernel that prints megabytes needs longer than nbclient's 4 s to hand them over.
_OUTPUT_SECONDS = 60


@dataclass(frozen=True)
class Surroundings:
    """Where a kernel runs, where its process writes, and who is told of its cells."""

    environment: dict[str, str]
    cwd: str
    connection_file: str
    log: IO[bytes]
    recorder: Recorder


class WorkshopEngine(NBClientEngine):  # type: ignore[misc]
    """Runs the cells as papermill's own engine does, in the given surroundings."""

    @classmethod
    def execute_managed_notebook(  # type: ignore[no-untyped-def]
        cls,
        nb_man,
        kernel_name,
        *,
        surroundings: Surroundings,
        execution_timeout: int,
        start_timeout: int = 60,
        **_unused,
    ) -> None:
        """What papermill calls between its own preparing and saving."""
        surroundings.recorder.look_at(nb_man.nb.cells)
        client = _Client(
            nb_man,
            surroundings,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            iopub_timeout=_OUTPUT_SECONDS,
            log=logger,
        )
        client.execute()


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    def __init__(self, nb_man: Any, surroundings: Surroundings, **options: Any) -> None:
        self._surroundings = surroundings
        self._kernel: psutil.Process | None = None
        self._left: list[psutil.Process] = []
        super().__init__(
            nb_man,
            on_cell_execute=lambda cell, cell_index: surroundings.recorder.began(cell_index),
            on_cell_executed=lambda cell, cell_index, execute_reply: surroundings.recorder.ended(cell_index),
            **options,
        )

    def execute(self) -> None:
        try:
            super().execute()
        finally:
            # A server that a cell started outlives its kernel.
            end(self._left, grace=0)

    def create_kernel_manager(self) -> Any:
        manager = super().create_kernel_manager()
        # It holds the kernel's key. Where jupyter_client puts it, nobody deletes it after a kill.
        manager.connection_file = self._surroundings.connection_file
        return manager

    def start_new_kernel(self, **options: Any) -> None:
        at = self._surroundings
        super().start_new_kernel(env=at.environment, cwd=at.cwd, stdout=at.log, stderr=at.log, **options)
        self._kernel = psutil.Process(self.km.provisioner.pid)
        at.recorder.kernel(self._kernel)

    def papermill_execute_cells(self) -> None:
        try:
            super().papermill_execute_cells()
        except CellTimeoutError:
            # A busy kernel doesn't hear a polite request.
            self.shutdown_kernel = "immediate"
            raise
        finally:
            self._left = _children(self._kernel)


def _children(kernel: psutil.Process | None) -> list[psutil.Process]:
    try:
        return kernel.children(recursive=True) if kernel else []
    except psutil.NoSuchProcess:
        return []


papermill_engines.register(ENGINE, WorkshopEngine)
