"""The benchmark's cases: what is installed, by which tool, from where, and the targets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_indexes import COUNT
from bench_report import Wanted
from bench_tools import BenchError, Tool, builds
from stand_in import IndexServer, Request

DELAY = 0.03
# The tool and the index of each column.
COLUMNS = {
    "stock": ("stock", "plain"),
    "ours": ("ours", "plain"),
    "ours, variants": ("ours", "variants"),
    "uv": ("uv", "plain"),
    "uv, variants": ("uv", "variants"),
}
SAME = Wanted("ours", "stock", 1.02)
_UV = Wanted("uv, variants", "uv")
_TITLES = {
    "single": "one package",
    "package-00": f"{COUNT} packages",
    "large": "page of 11,000 files",
}

Run = Callable[[], float]
"""Does one thing once and returns the seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to install: for real or dry, from a warm cache or a cold one, how far away."""

    requirement: str
    dry: bool
    warm: bool
    delay: float = 0.0

    def __str__(self) -> str:
        parts = [_TITLES[self.requirement], "dry-run" if self.dry else "install"]
        parts += ["warm" if self.warm else "cold", *(["30 ms"] if self.delay else [])]
        return ", ".join(parts)

    @property
    def section(self) -> str:
        """What the rows are called in the list of targets: b and c are timed together."""
        return "d" if self.requirement == "large" else "b, c"

    @property
    def share(self) -> float:
        """How much of the time there is for a row: what takes long, and varies most, gets more."""
        return 1.8 if self.requirement == "package-00" else 0.6

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The ratios, with their targets."""
        if self.requirement == "large":
            return SAME, Wanted("ours, variants", "stock", 1.02), _UV
        return SAME, Wanted("ours, variants", "ours", 1.15 if self.delay else 1.05), _UV


CASES = (
    *(
        Case(requirement, dry, warm, delay)
        for requirement in ("single", "package-00")
        for delay in (0.0, DELAY)
        for dry in (True, False)
        for warm in (False, True)
    ),
    *(Case("large", dry=True, warm=warm) for warm in (False, True)),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to work in, the tools by name, and the servers by their delay."""

    folder: Path
    tools: Mapping[str, Tool]
    servers: Mapping[float, IndexServer]

    def runs(self, case: Case) -> dict[str, Run]:
        """Return what is timed for each column."""
        return {column: self.run(case, column) for column in COLUMNS}

    def run(self, case: Case, column: str) -> Run:
        """Return what is timed for one column; what is not the tool's work is not timed."""
        name, kind = COLUMNS[column]
        index = f"{self.servers[case.delay].url}{kind}/simple/"
        kept = self.folder / "caches" / f"{column}-{case.delay}-{case.requirement}"

        def once() -> float:
            with self._fresh() as fresh:
                cache = kept if case.warm else fresh / "cache"
                target = None if case.dry else fresh / "target"
                return self.tools[name].install(case.requirement, index, cache, target)

        return once

    def requests(self, case: Case, column: str) -> list[Request]:
        """Return what the server is asked when one column does a case."""
        server, run = self.servers[case.delay], self.run(case, column)
        if case.warm:
            run()
        before = len(server.requests)
        run()
        return server.requests[before:]

    def check(self) -> None:
        """Raise BenchError unless all tools install the same builds, in each case the best."""
        for requirement in _TITLES:
            found = {column: self._builds(requirement, column) for column in COLUMNS}
            for kind in ("plain", "variants"):
                columns = [name for name, (_, index) in COLUMNS.items() if index == kind]
                first, *others = columns
                for other in others:
                    differing = sorted(found[first] ^ found[other])
                    if differing:
                        text = f"{first!r} and {other!r} install different builds: {differing}"
                        raise BenchError(text)
            # The stand-in index has its best label for every variant project.
            if found["ours, variants"] != {f"{build}-v3" for build in found["ours"]}:
                raise BenchError(f"not v3 of each project: {sorted(found['ours, variants'])}")

    def _builds(self, requirement: str, column: str) -> frozenset[str]:
        name, kind = COLUMNS[column]
        with self._fresh() as fresh:
            index = f"{self.servers[0.0].url}{kind}/simple/"
            self.tools[name].install(requirement, index, fresh / "cache", fresh / "target")
            return builds(fresh / "target")

    @contextmanager
    def _fresh(self) -> Iterator[Path]:
        """Make a folder for what one run writes, and remove it when that run is over."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
