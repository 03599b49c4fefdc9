"""The whole product under an emulated ARM Python, as in a container for ARM on another machine.

Install, override, this machine's properties, the choice among the builds of torch 2.8.0 for forced
drivers and GPUs, an install for real, and the way back. Not emulated are the index and the build of
the wheel; and no driver is queried, as pip starts for that the very program that runs it, which a
kernel without `binfmt_misc` cannot.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demo import Machine, StepError, Workspace, set_up

from tests.support.stand_in import IndexServer

from .debian import Emulated, EmulationError

CPU = "neoverse-n1"

# CUDA, compute capability, and the build of torch 2.8.0 that is selected for them.
TORCH = (
    ("12.9", "7.5", "cu129"),
    ("12.8", "9.0", "cu128"),
    ("12.6", "9.0", "cu126"),
    ("12.5", "9.0", "00000000"),
    ("13.0", "9.0", "cu129"),
    ("12.9", "12.0", "cu129"),
    ("12.9", "7.0", "cu126"),
    ("12.9", "4.0", "00000000"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the venv, for a machine, and regular expressions that its output must match."""

    command: str
    expected: tuple[str, ...] = ()
    machine: Machine = field(default_factory=Machine)

    def __str__(self) -> str:
        forced = (f"{name}={value}" for name, value in self.machine.environment.items())
        return " ".join((*forced, self.command))

    def missing(self, output: str) -> list[str]:
        """Return the expected expressions that match nothing in the output."""
        return [text for text in self.expected if not re.search(text, output, re.MULTILINE)]


def steps() -> Iterator[Step]:
    """Yield all that is tried once the wheel is installed, in order."""
    yield Step("pip --version", (r"^pip \S+\+pep-xxx-wheel-variants from ",))
    yield Step(
        "pip variants platform",
        (
            r'^version = \["8\.2a", "8\.1a", "8a"\]$',
            r'^asimddp = \["on"\]$',
            r"this is an aarch64 machine",
        ),
    )
    for cuda, sm, label in TORCH:
        expected = (f"^Would install torch-2.8.0-{label}$",)
        yield Step("pip install --dry-run torch", expected, Machine(cuda, sm))
    machine = Machine(*TORCH[0][:2])
    yield Step("pip install torch", ("^Successfully installed torch-2.8.0-cu129$",), machine)
    yield Step("python -c 'import torch'", ("^torch 2.8.0, build cu129$",))
    yield Step("pip check", ("^No broken requirements found.$",), machine)
    yield Step("pip uninstall --yes pep-xxx-wheel-variants", ("^  Successfully uninstalled ",))
    yield Step("pip --version", (r"^pip [\d.]+ from \S+/site-packages/pip ",))
    yield Step("pip list", (r"^torch +2\.8\.0$",))


def check(emulated: Emulated, folder: Path, wheel: Path | None) -> int:
    """Go through all steps, print each with its result, and return the exit status.

    Raise EmulationError if the product cannot be installed at all.
    """
    place = folder / "product"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    with IndexServer(place / "index") as server:
        workspace = Workspace(place, wrapper(emulated))
        try:
            set_up(workspace, wheel)
        except StepError as error:
            raise EmulationError(f"{error}\n{error.output}".strip()) from error
        wrong = run_steps(workspace, steps(), f"{server.url}simple/")
    return 1 if wrong else 0


def run_steps(workspace: Workspace, steps: Iterable[Step], index: str) -> int:
    """Go through these steps with this index, print each, and return how many went wrong."""
    wrong = 0
    for step in steps:
        start = time.monotonic()
        output, missing = _try(workspace, step, index)
        result = f"no line matches {missing}" if missing else "ok"
        print(f"{time.monotonic() - start:5.0f} s  {result:4}  {step}", flush=True)
        if missing:
            print(output)
            wrong += 1
    return wrong


def _try(workspace: Workspace, step: Step, index: str) -> tuple[str, list[str]]:
    forced = {
        **step.machine.environment,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_CACHE_DIR": str(workspace.folder / "cache"),
    }
    try:
        output = workspace.run(*shlex.split(step.command), forced=forced)
    except StepError as error:
        return error.output, [str(error)]
    return output, step.missing(output)


def wrapper(emulated: Emulated) -> Path:
    """Return a program that is the emulated Python, also for the processes that it starts itself.

    It lies beside the real one, where Python looks for its library.
    """
    path = emulated.python.with_name("emulated-python3")
    emulated.write_program(path, CPU)
    return path
