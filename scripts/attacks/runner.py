"""Runs the cases of a family in processes of their own, which may crash, hang or take all memory.

Each process has every n-th case. What a case draws depends on the seed, the family and its number
alone, and the hashes of Python are the same in each process: a finding is there again.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from .family import Family, Finding, case_rng

_TICK = 0.5
_context = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Entry:
    """A family as the suite has it.

    ``make`` is its class or another function of a module. A case that has not ended in ``limit``
    seconds is a finding, and its process is killed. ``processes`` run side by side; None: as many
    as there are cores.
    """

    make: Callable[[], Family]
    limit: float = 20.0
    processes: int | None = None

    @property
    def name(self) -> str:
        """The name of the family."""
        return self.make().name


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cases are run: so many, or as many as end in so many seconds, from ``first`` on."""

    seed: int
    cases: int | None = None
    seconds: float | None = None
    first: int = 0


@dataclass(slots=True)
class Kind:
    """Findings of one kind: the first case, what it is, and how many there are."""

    case: int
    finding: Finding
    number: int = 1


@dataclass(slots=True)
class Report:
    """What running a family came to; ``kinds`` are by the text of the problem."""

    name: str
    cases: int = 0
    seconds: float = 0.0
    kinds: dict[str, Kind] = field(default_factory=dict)

    def add(self, case: int, finding: Finding) -> None:
        """Count a finding among those of its kind."""
        kind = self.kinds.get(finding.problem)
        if kind is None:
            self.kinds[finding.problem] = Kind(case, finding)
            return
        kind.number += 1
        if case < kind.case:
            kind.case, kind.finding = case, finding


class _Process:
    """A process that runs every ``step``-th case of a family from ``first`` on."""

    def __init__(self, entry: Entry, plan: Plan, first: int, step: int) -> None:
        self._case = _context.Value("q", first, lock=False)
        self._since = _context.Value("d", 0.0, lock=False)
        self.first = first
        self.step = step
        self.began = time.monotonic()
        self.connection, theirs = _context.Pipe(duplex=False)
        self.process: BaseProcess = _context.Process(
            target=_work,
            args=(entry.make, plan, first, step, self._case, self._since, theirs),
            daemon=False,
        )
        with _same_hashes():
            self.process.start()
        theirs.close()

    @property
    def case(self) -> int:
        """The number of the case that it runs."""
        return int(self._case.value)

    @property
    def seconds(self) -> float:
        """The seconds since it began to run that case; 0 while it prepares itself."""
        since = float(self._since.value)
        return time.monotonic() - since if since else 0.0

    def end(self) -> None:
        """Wait for it; it has closed its end of the connection or was killed."""
        self.process.join()
        self.connection.close()


def run(entry: Entry, plan: Plan) -> Report:
    """Run the cases of a plan and return what was found."""
    report = Report(entry.name)
    number = entry.processes or os.cpu_count() or 1
    if plan.cases is not None:
        number = min(number, plan.cases)
    running = [_Process(entry, plan, plan.first + i, number) for i in range(number)]
    try:
        while running:
            wait([item.connection for item in running], _TICK)
            running = [
                next_one for item in running for next_one in _go_on(entry, plan, item, report)
            ]
    finally:
        for item in running:
            item.process.kill()
            item.end()
    return report


def _go_on(entry: Entry, plan: Plan, item: _Process, report: Report) -> Iterator[_Process]:
    """Take what a process reports, and yield it, or the one that goes on in its place, if any."""
    with contextlib.suppress(EOFError):
        while item.connection.poll():
            message = item.connection.recv()
            if not isinstance(message, tuple):
                item.end()
                report.seconds = max(report.seconds, message.seconds)
                report.cases += message.cases
                return
            report.add(*message)
        if item.seconds <= entry.limit:
            yield item
            return
        item.process.kill()
        report.add(item.case, Finding(f"did not end within {entry.limit:g} s"))
        yield from _after(entry, plan, item, report)
        return
    item.process.join()
    report.add(item.case, Finding(f"its process ended (exit status {item.process.exitcode})"))
    yield from _after(entry, plan, item, report)


def _after(entry: Entry, plan: Plan, item: _Process, report: Report) -> Iterator[_Process]:
    """Yield a process for the cases behind the one with which a process ended, if any are due."""
    item.end()
    if not item.seconds:  # it could not even be prepared, and no other could
        return
    seconds = time.monotonic() - item.began
    report.seconds = max(report.seconds, seconds)
    report.cases += (item.case - item.first) // item.step + 1
    left = None if plan.seconds is None else plan.seconds - seconds
    if _is_due(plan, item.case + item.step, seconds):
        rest = replace(plan, seconds=left)
        yield _Process(entry, rest, item.case + item.step, item.step)


@dataclass(frozen=True, slots=True)
class _Done:
    """The last message of a process."""

    cases: int
    seconds: float


def _work(  # noqa: PLR0917 - what a process is started with
    make: Callable[[], Family],
    plan: Plan,
    first: int,
    step: int,
    case: object,
    since: object,
    connection: Connection,
) -> None:
    """Run the cases of one process; send each finding with its number, and at last a _Done."""
    family = make()
    family.setup()
    start = time.monotonic()
    number, done = first, 0
    try:
        while _is_due(plan, number, time.monotonic() - start):
            case.value, since.value = number, time.monotonic()  # type: ignore[attr-defined]
            found = attempt(family, plan.seed, number)
            if found is not None:
                connection.send((number, found))
            number += step
            done += 1
    finally:
        since.value = 0.0  # type: ignore[attr-defined]
        family.close()
    connection.send(_Done(done, time.monotonic() - start))


def _is_due(plan: Plan, number: int, seconds: float) -> bool:
    if plan.cases is not None and number >= plan.first + plan.cases:
        return False
    return plan.seconds is None or seconds < plan.seconds


def attempt(family: Family, seed: int, number: int) -> Finding | None:
    """Run one case of a family; that it fails itself is a finding, too."""
    try:
        return family.attempt(case_rng(seed, family.name, number))
    except Exception as error:  # noqa: BLE001 - the suite goes on with the next case
        problem = f"the family failed: {type(error).__name__}"
        return Finding(problem, "".join(traceback.format_exception(error)))


@contextlib.contextmanager
def _same_hashes() -> Iterator[None]:
    """Let processes that start in this block have the same order in their sets of strings."""
    former = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = "0"
    try:
        yield
    finally:
        del os.environ["PYTHONHASHSEED"]
        if former is not None:
            os.environ["PYTHONHASHSEED"] = former
