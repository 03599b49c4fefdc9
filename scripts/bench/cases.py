"""The cases of the comparison: what is installed, by which tool, from which index; targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.indexes import COUNT
from bench.report import Target
from bench.tools import BenchError, Tool, fresh_folder, installed
from tests.support.stand_in import IndexServer, Request

DELAY = 0.03
"""Seconds that the delayed server adds to each response."""
# The tool and the index of each column.
COLUMNS = {
    "stock": ("stock", "plain"),
    "ours": ("ours", "plain"),
    "ours, variants": ("ours", "variants"),
    "uv": ("uv", "plain"),
    "uv, variants": ("uv", "variants"),
}
SAME = Target("ours", "stock", 1.02)
_UV = Target("uv, variants", "uv")
_TITLES = {
    "single": "one package",
    "package-00": f"{COUNT} packages",
    "large": "page of 11,000 files",
}

Run = Callable[[], float]
"""Runs what is timed once and returns the seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """An install: what, dry or not, with a warm or a cold cache, and the delay of the index."""

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
        """The section of the tables that the row belongs to."""
        return "large page" if self.requirement == "large" else "install"

    @property
    def share(self) -> float:
        """The case's share of the time per row: more for what takes long and varies most."""
        return 1.8 if self.requirement == "package-00" else 0.6

    @property
    def targets(self) -> tuple[Target, ...]:
        """The ratios to show, with their limits."""
        if self.requirement == "large":
            return SAME, Target("ours, variants", "stock", 1.02), _UV
        return SAME, Target("ours, variants", "ours", 1.15 if self.delay else 1.05), _UV


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
class Workspace:
    """A temporary folder, the tools by name, and the servers by their delay."""

    folder: Path
    tools: Mapping[str, Tool]
    servers: Mapping[float, IndexServer]

    def runs(self, case: Case) -> dict[str, Run]:
        """Return the run of each column."""
        return {column: self.run(case, column) for column in COLUMNS}

    def run(self, case: Case, column: str) -> Run:
        """Return the run of one column; only the tool itself is timed."""
        name, kind = COLUMNS[column]
        index = f"{self.servers[case.delay].url}{kind}/simple/"
        warm = self.folder / "caches" / f"{column}-{case.delay}-{case.requirement}"

        def once() -> float:
            with fresh_folder(self.folder) as fresh:
                cache = warm if case.warm else fresh / "cache"
                target = None if case.dry else fresh / "target"
                return self.tools[name].install(case.requirement, index, cache, target)

        return once

    def requests(self, case: Case, column: str) -> list[Request]:
        """Return the requests that the server gets when one column runs a case."""
        server, run = self.servers[case.delay], self.run(case, column)
        if case.warm:
            run()
        before = len(server.requests)
        run()
        return server.requests[before:]

    def check(self) -> None:
        """Raise BenchError unless all tools install the same variants, and the best ones."""
        for requirement in _TITLES:
            found = {column: self._installed(requirement, column) for column in COLUMNS}
            for kind in ("plain", "variants"):
                columns = [name for name, (_, index) in COLUMNS.items() if index == kind]
                first, *others = columns
                for other in others:
                    differing = sorted(found[first] ^ found[other])
                    if differing:
                        text = f"{first!r} and {other!r} install different variants: {differing}"
                        raise BenchError(text)
            # v3 is the best label of every project in the variants index.
            if found["ours, variants"] != {f"{name}-v3" for name in found["ours"]}:
                raise BenchError(f"not v3 of each project: {sorted(found['ours, variants'])}")

    def _installed(self, requirement: str, column: str) -> frozenset[str]:
        name, kind = COLUMNS[column]
        with fresh_folder(self.folder) as fresh:
            index = f"{self.servers[0.0].url}{kind}/simple/"
            self.tools[name].install(requirement, index, fresh / "cache", fresh / "target")
            return installed(fresh / "target")
