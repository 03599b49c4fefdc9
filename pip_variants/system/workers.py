"""Threads that work through tasks side by side and stop at once."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable

Task = Callable[[], None]

_PATIENCE = 1.0
"""Seconds to wait at the end, for all threads together."""


class Workers:
    """Up to ``count`` threads, started when there is a task for them.

    A task must catch its own errors, and look at ``cancelled`` several times a second. Where no
    further thread can start, as with a limit on processes, those that run do all of it, or the
    caller itself.
    """

    def __init__(self, count: int) -> None:
        self.cancelled = threading.Event()
        self._count = count
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._added = 0

    def add(self, task: Task) -> None:
        """Add a task; it is done at once if there is no thread for it."""
        self._tasks.put(task)
        self._added += 1
        if len(self._threads) < min(self._count, self._added):
            self._start()
        if not self._threads:
            self._tasks.get_nowait()
            if not self.cancelled.is_set():
                task()

    def stop(self) -> None:
        """End the threads; tasks that have not begun never do."""
        self.cancelled.set()
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        # A daemon: nothing that a server or a disk does keeps pip from ending.
        thread = threading.Thread(target=self._run, daemon=True)
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._threads.append(thread)

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            if not self.cancelled.is_set():
                task()
