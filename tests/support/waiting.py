"""Time in tests: what must not take long, and what must come soon, on a busy machine as well.

A limit here is far above what an idle machine needs, and far below what a defect would take.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def within(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Check that a block takes less than so many seconds of a clock.

    For work rather than waiting, the clock is `time.process_time` or `children_time`, in which
    other processes do not count.
    """
    start = clock()
    yield
    assert clock() - start < seconds


def children_time() -> float:
    """Return the seconds of processor time of this process's children that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def becomes(value: Callable[[], object], expected: object, seconds: float = 20) -> None:
    """Check that a value is soon the expected one."""
    end = time.monotonic() + seconds
    while value() != expected and time.monotonic() < end:
        time.sleep(0.01)
    assert value() == expected
