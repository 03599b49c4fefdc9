"""Threads for tasks: how many there are, and how they end."""

from __future__ import annotations

import threading

import pytest

from pip_variants.system.workers import Workers
from tests.support.waiting import within


def _wait_for_all(started: threading.Barrier) -> None:
    started.wait(10)


@pytest.mark.parametrize(("count", "tasks"), [(1, 1), (3, 2), (3, 3), (2, 5)])
def test_no_more_threads_start_than_there_are_tasks(count: int, tasks: int) -> None:
    """Every task runs, in as many threads as both the limit and the tasks allow."""
    workers = Workers(count)
    finished: list[int] = []
    done = threading.Semaphore(0)

    def task(number: int) -> None:
        finished.append(number)
        done.release()

    for number in range(tasks):
        workers.add(lambda number=number: task(number))  # type: ignore[misc] # bound at once
    for _ in range(tasks):
        assert done.acquire(timeout=10)
    assert sorted(finished) == list(range(tasks))
    assert len(workers._threads) == min(count, tasks)
    workers.stop()
    assert not any(thread.is_alive() for thread in workers._threads)


def test_tasks_run_side_by_side() -> None:
    """Tasks that wait for each other end if there is a thread for each."""
    workers = Workers(3)
    barrier = threading.Barrier(4)
    for _ in range(3):
        workers.add(lambda: _wait_for_all(barrier))
    barrier.wait(10)
    workers.stop()


def test_tasks_that_have_not_begun_never_do() -> None:
    """After stop() no further task begins, and the one that runs is told."""
    workers = Workers(1)
    begun = threading.Event()
    ran: list[str] = []

    def first() -> None:
        begun.set()
        ran.append("first")
        workers.cancelled.wait(10)

    workers.add(first)
    workers.add(lambda: ran.append("second"))
    assert begun.wait(10)
    workers.stop()
    assert ran == ["first"]
    assert not any(thread.is_alive() for thread in workers._threads)


def test_threads_that_do_not_end_hold_up_nothing() -> None:
    """Tasks that ignore `cancelled` cost one wait for all of them, and are daemons."""
    workers = Workers(4)
    begun = threading.Barrier(5)
    release = threading.Event()

    def stuck() -> None:
        begun.wait(10)
        release.wait(10)

    for _ in range(4):
        workers.add(stuck)
    begun.wait(10)
    with within(3.5):
        workers.stop()
    assert all(thread.daemon for thread in workers._threads)
    release.set()
    for thread in workers._threads:
        thread.join(10)


@pytest.mark.parametrize(("can_start", "expected"), [(0, "caller"), (1, "thread")])
def test_tasks_are_done_where_no_further_thread_starts(
    monkeypatch: pytest.MonkeyPatch, can_start: int, expected: str
) -> None:
    """By the threads that there are, or at once by the caller, as with a limit on processes."""
    left = [None] * can_start
    inherited = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if not left:
            raise RuntimeError("can't start new thread")
        left.pop()
        inherited(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    caller, ran = threading.current_thread(), [""]
    ran.clear()
    done = threading.Semaphore(0)
    workers = Workers(3)

    def task() -> None:
        ran.append("caller" if threading.current_thread() is caller else "thread")
        done.release()

    def first() -> None:
        workers.add(task)  # a task may add further ones
        task()

    for add in (first, task, task):
        workers.add(add)
    for _ in range(4):
        assert done.acquire(timeout=10)
    assert ran == [expected] * 4
    workers.stop()
    workers.add(task)
    assert len(ran) == 4


def test_stop_without_tasks_returns_at_once() -> None:
    """Workers without a task have no thread."""
    workers = Workers(4)
    workers.stop()
    assert workers._threads == []
    assert workers.cancelled.is_set()
