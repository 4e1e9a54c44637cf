"""Runs an answer's coroutine while the kernel's own event loop is busy with the cell."""

import asyncio
import ctypes
import threading
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any


def wait_for(awaitable: Awaitable[Any]) -> Any:
    """The result of `awaitable`, run to its end on a thread with an event loop of its own.

    Whatever it raises is raised here. When the waiting is broken off (a time limit, Ctrl-C), the thread is too.
    """
    box: dict[str, Any] = {}

    async def _await() -> Any:
        box["loop"], box["task"] = asyncio.get_running_loop(), asyncio.current_task()
        return await awaitable

    def _run() -> None:
        try:
            box["result"] = asyncio.run(_await())
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread
            box["error"] = error

    thread = threading.Thread(target=_run, daemon=True, name="answer")
    thread.start()
    try:
        while thread.is_alive():
            # In slices: off the main thread a time limit is seen only between two calls.
            thread.join(0.05)
    except BaseException:
        threading.Thread(target=_end, args=(thread, box), daemon=True, name="end-answer").start()
        raise
    if "error" in box:
        raise box["error"]
    return box["result"]


def _end(thread: threading.Thread, box: dict[str, Any]) -> None:
    """Cancel first: it reaches a coroutine that waits. Only one that never waits is interrupted wherever it is, which
    could be while it holds a lock."""
    with suppress(KeyError, RuntimeError):
        box["loop"].call_soon_threadsafe(box["task"].cancel)
    thread.join(0.5)
    while thread.is_alive():
        interrupt(thread, KeyboardInterrupt)
        thread.join(0.5)


def _stop(thread: threading.Thread, box: dict[str, Any]) -> None:
    """Cancel the coroutine where it waits; break into the thread where it computes, or ignores that.

    In that order, and with the loop due to wake: while an exception is pending in a thread that sleeps, Python 3.11
    under a tracer (coverage, a debugger) enters no function in any other thread.
    """
    with suppress(KeyError, RuntimeError):
        loop, task = box["loop"], box["task"]
        loop.call_soon_threadsafe(lambda: (task.cancel(), loop.call_later(0.3, lambda: None)))
    thread.join(0.1)
    if thread.is_alive():
        interrupt(thread, KeyboardInterrupt)


def interrupt(thread: threading.Thread, error: type[BaseException]) -> None:
    """Raise `error` in `thread` at its next bytecode; one that sleeps in C notices when it wakes."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error))
