"""Runs an answer's coroutine while the kernel's own event loop is busy with the cell."""

import asyncio
import ctypes
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any


def wait_for(awaitable: Awaitable[Any]) -> Any:
    """The result of `awaitable`, run to its end on a thread with an event loop of its own.

    Whatever it raises is raised here. When the waiting is broken off (a time limit, Ctrl-C), the thread is too.
    """
    box: dict[str, Any] = {}
    # A bare lock, whose waiting nothing can break into half-way. After an exception in Thread.join, Python 3.11 takes a
    # running thread for ended; one in Event.wait can leave its lock in disorder.
    running = threading.Lock()
    running.acquire()

    async def _await() -> Any:
        box["loop"], box["task"] = asyncio.get_running_loop(), asyncio.current_task()
        return await awaitable

    def _run() -> None:
        try:
            box["result"] = asyncio.run(_await())
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread
            box["error"] = error
        finally:
            running.release()

    thread = threading.Thread(target=_run, daemon=True, name="answer")
    thread.start()
    try:
        # In slices: off the main thread a time limit is seen only between two calls.
        while not running.acquire(timeout=0.05):
            pass
    except BaseException:
        threading.Thread(target=_end, args=(thread, running, box), daemon=True, name="end-answer").start()
        raise
    if "error" in box:
        raise box["error"]
    return box["result"]


def _end(thread: threading.Thread, running: threading.Lock, box: dict[str, Any]) -> None:
    """Cancel the coroutine where it waits; break into the thread where it computes, or ignores that.

    In that order, and with the loop due to wake: while an exception is pending in a thread that sleeps, Python 3.11
    under a tracer (coverage, a debugger) enters no function in any other thread.
    """
    _later(box, lambda: box["task"].cancel())
    while not running.acquire(timeout=0.5):
        _later(box, lambda: box["loop"].call_later(0.1, lambda: None))
        if not interrupt(thread, KeyboardInterrupt):
            return


def _later(box: dict[str, Any], work: Callable[[], object]) -> None:
    with suppress(KeyError, RuntimeError):  # the loop isn't there yet, or not any more
        box["loop"].call_soon_threadsafe(work)


def interrupt(thread: threading.Thread, error: type[BaseException]) -> bool:
    """Raise `error` in `thread` at its next bytecode; one that sleeps in C notices when it wakes.

    False where the thread runs no more.
    """
    if thread.ident is None:
        return False
    found = ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error))
    return bool(found)
