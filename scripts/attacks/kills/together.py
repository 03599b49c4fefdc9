"""Several pips at once, on one environment and one cache."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attacks.family import Finding

from .environments import Ended, InEnvironment
from .kill import check

_COMMANDS = (
    ("install", "app"),
    ("install", "app==1.0"),
    ("install", "--upgrade", "app", "two"),
    ("install", "two==1.0"),
    ("install", "--force-reinstall", "torch"),
    ("install", "--trust-variant-provider=gpu-provider", "kernels"),
    ("uninstall", "-y", "one", "two"),
    ("lock", "app"),
)
_LAST = ("install", "app==1.1", "kernels", "two==2.0")


@dataclass(slots=True)
class Together(InEnvironment):
    """Two or four commands start within a moment; after them, one more succeeds."""

    name: str = "together"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run several commands at once, the same or different ones, and one after them."""
        environment = self._environment
        environment.begin(rng.choice(("bare", "full")))
        number = rng.choice((2, 2, 4))
        same = rng.choice((True, False, False))
        commands = [rng.choice(_COMMANDS)] * number if same else rng.choices(_COMMANDS, k=number)
        processes = []
        for command in commands:
            processes.append(environment.start(*command))
            time.sleep(rng.choice((0.0, rng.uniform(0.0, 0.4))))
        ended = [_end(process) for process in processes]
        shown = "\n".join(
            f"$ pip {' '.join(command)}\n{item.output}exit {item.status}"
            for command, item in zip(commands, ended, strict=True)
        )
        for finding in self._problems(ended):
            return Finding(finding.problem, f"{finding.detail}\n{shown}")
        return None

    def _problems(self, ended: Sequence[Ended]) -> Iterator[Finding]:
        environment = self._environment
        if any(item.has_traceback for item in ended):
            yield Finding("one of several printed a traceback")
        if any(item.status for item in ended):
            yield Finding("one of several failed")
        if damaged := environment.damaged():
            yield Finding("a distribution is there in part", "\n".join(damaged[:5]))
        yield from check(environment, environment.pip("check"))
        last = environment.pip(*_LAST)
        if last.status or last.has_traceback:
            yield Finding("the next command fails", last.output)
        if damaged := environment.damaged():
            yield Finding("a distribution is there in part, later", "\n".join(damaged[:5]))
        if environment.pip("check").status:
            yield Finding("pip check fails after the next command")
        for place, names in environment.leftovers().items():
            if place not in self.unjudged:
                yield Finding(f"something is left in {place}", "\n".join(names))


def _end(process: subprocess.Popen[str]) -> Ended:
    output, _ = process.communicate()
    return Ended(process.returncode, output)
