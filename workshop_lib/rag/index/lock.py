"""One process a folder: Chroma's second process misses the first's new vectors and returns what it deleted."""

import fcntl
import os
from pathlib import Path

from workshop_lib.i18n import _
from workshop_lib.rag.errors import IndexInUse, IndexUnavailable

NAME = "in-use-by.pid"


class FolderLock:
    """Held by this process until `release`, or until it ends, however it ends.

    A POSIX record lock: unlike flock's it isn't shared with a forked child, and works on NFS. It would be lost if this
    process opened and closed the file once more, so a process takes it once a folder.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder if need be, and take it.

        Raises:
            IndexInUse: another process has it.
            IndexUnavailable: a file is in its place, or it can't be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
        except (FileExistsError, NotADirectoryError):
            file = next((each for each in (folder, *folder.parents) if each.is_file()), folder)
            raise IndexUnavailable(str(folder), _("{file} is a file, not a folder").format(file=file)) from None
        except OSError as error:
            raise IndexUnavailable(str(folder), _("it can't be written: {why}").format(why=error.strerror)) from None
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            holder = os.read(self._file, 20).decode(errors="replace").strip()
            os.close(self._file)
            raise IndexInUse(folder, holder or _("unknown")) from None
        except OSError as error:
            os.close(self._file)
            raise IndexUnavailable(
                str(folder), _("its file system takes no locks: {why}").format(why=error.strerror)
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._file)
