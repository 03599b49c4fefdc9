"""Runs of pip that are ended at a random moment, and whether the next one goes on."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attacks.family import Finding

from .environments import OURS, PROJECT, Ended, Environment, InEnvironment, end_all, wait_for

_CHILDREN_END = 3.0
"""Seconds in which everything that pip started ends after it."""
_POLL = 0.001
_AT_THE_END = "Successfully installed"
"""What pip prints when it has installed all; what is lost after that is lost to any pip."""
_WINDOWS = (0.02, 0.2, 2.0)
"""How long before a power loss the files were written that it takes: seconds."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of pip that is ended: its name here, where it begins, its arguments."""

    name: str
    template: str
    args: tuple[str, ...]
    weight: int = 1


COMMANDS = (
    Command("install", "bare", ("install", "app"), 4),
    Command("install one by one", "bare", ("install", "--variant-jobs=1", "app"), 1),
    Command("upgrade", "full", ("install", "--upgrade", "app", "two"), 4),
    Command("reinstall", "full", ("install", "--force-reinstall", "app"), 2),
    Command("uninstall", "full", ("uninstall", "-y", "app", "one", "two", "torch"), 3),
    Command("lock", "bare", ("lock", "app"), 2),
    Command("provider", "bare", ("install", "--trust-variant-provider=gpu-provider", "kernels"), 3),
    Command("own upgrade", "bare", ("install", "--no-index", "--upgrade", "OURS"), 2),
    Command("own reinstall", "bare", ("install", "--no-index", "--force-reinstall", "OURS"), 1),
    Command("own uninstall", "bare", ("uninstall", "-y", OURS), 1),
)


@dataclass(frozen=True, slots=True)
class Blow:
    """How and when a run is ended: after so many seconds, or after changes of a folder."""

    way: str
    after: float
    folder: str = ""
    changes: int = 0
    window: float = 0.0


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A command that nobody ends: how long it takes, what is there after it."""

    seconds: float
    files: dict[str, str]


@dataclass(slots=True)
class Kill(InEnvironment):
    """A command is ended by a signal, or by a power loss that takes what was written last."""

    commands: Sequence[Command] = COMMANDS
    ways: Sequence[str] = ("KILL", "KILL", "TERM", "INT", "power")
    name: str = "kill"
    _undisturbed: dict[str, Undisturbed] = field(init=False, default_factory=dict)

    def attempt(self, rng: random.Random) -> Finding | None:
        """End a command, repeat it, and compare with the same command that nobody ended."""
        weights = [command.weight for command in self.commands]
        (command,) = rng.choices(self.commands, weights)
        expected = self._expected(command)
        blow = self._blow(rng, expected.seconds)
        environment = self._environment
        environment.begin(command.template)
        ended, alive = self._strike(command, blow, rng)
        what = f"{command.name}, {blow}"
        for finding in self._problems(command, expected, ended, alive):
            detail = f"{what}\n{finding.detail}"
            return Finding(f"{command.name}, {blow.way}: {finding.problem}", detail)
        return None

    def _expected(self, command: Command) -> Undisturbed:
        if command.name not in self._undisturbed:
            self._environment.begin(command.template)
            start = time.monotonic()
            ended = self._environment.pip(*self._args(command))
            seconds = time.monotonic() - start
            if ended.status:
                raise RuntimeError(ended.output)
            found = Undisturbed(seconds, self._environment.files())
            self._undisturbed[command.name] = found
        return self._undisturbed[command.name]

    def _args(self, command: Command) -> tuple[str, ...]:
        ours = str(self._environment.upgrade)
        return tuple(ours if arg == "OURS" else arg for arg in command.args)

    def _repeated(self, command: Command, output: str) -> tuple[str, ...]:
        """Return the arguments of the next run: the same, but where pip has named others."""
        _, named, repair = output.partition("To repair it: python -m pip ")
        if not named:
            return self._args(command)
        ours = str(self._environment.upgrade)
        return tuple(ours if arg == OURS else arg for arg in repair.splitlines()[0].split())

    @staticmethod
    def _compared(command: Command, *environments: dict[str, str]) -> tuple[dict[str, str], ...]:
        """Return files as they are compared: of ours not what each pip writes in its own way."""
        if not command.name.startswith("own"):
            return environments
        own = ("RECORD", "bin/variantlib")
        return tuple(
            {
                name: "" if name.endswith(own) else digest
                for name, digest in files.items()
                if ".pyc." not in name  # the stock pip leaves it, and our uninstallation does not
            }
            for files in environments
        )

    def _blow(self, rng: random.Random, seconds: float) -> Blow:
        way, window = rng.choice(self.ways), rng.choice(_WINDOWS)
        if rng.choice((True, False)):
            return Blow(way, rng.uniform(0.0, seconds), window=window)
        # Right after something appeared in a folder, or was taken from it.
        folder = rng.choice(("site", "site", "site", "cache", "tmp", "bin"))
        return Blow(
            way, rng.choice((0.0, rng.uniform(0.0, 0.02))), folder, rng.randint(1, 9), window
        )

    def _strike(self, command: Command, blow: Blow, rng: random.Random) -> tuple[Ended, bool]:
        """Run the command and end it; return what it printed, and whether something lives on."""
        environment = self._environment
        process = environment.start(*self._args(command))
        self._wait(process, blow)
        struck = time.time()
        if blow.way == "power":
            end_all([process.pid, *environment.running()])
        elif blow.way == "INT":
            _signal_group(process)
        else:
            process.send_signal(getattr(signal, f"SIG{blow.way}"))
        status = process.wait()
        alive = wait_for(environment.running(), _CHILDREN_END)
        end_all(alive)
        with process:
            output = process.stdout.read() if process.stdout else ""
        if blow.way == "power" and _AT_THE_END not in output:
            lose(environment.case, struck - blow.window, rng)
        return Ended(status, output), bool(alive)

    def _wait(self, process: subprocess.Popen[str], blow: Blow) -> None:
        if blow.folder:
            folder = self._folder(blow.folder)
            seen, changes = -1, -1
            while process.poll() is None and changes < blow.changes:
                now = folder.stat().st_mtime_ns
                if now != seen:
                    seen, changes = now, changes + 1
                time.sleep(_POLL)
        end = time.monotonic() + blow.after
        while process.poll() is None and time.monotonic() < end:
            time.sleep(_POLL)

    def _folder(self, name: str) -> Path:
        if name == "site":
            return self._environment.site
        return self._environment.case / ("venv/bin" if name == "bin" else name)

    def _problems(
        self, command: Command, expected: Undisturbed, ended: Ended, alive: bool
    ) -> Iterator[Finding]:
        environment = self._environment
        if alive:
            yield Finding("something that it started lives on", ended.output)
        if ended.has_traceback and "KeyboardInterrupt" not in ended.output:
            yield Finding("it printed a traceback", ended.output)
        if printed := environment.interpreter():
            yield Finding("the interpreter prints something", printed)
        checked = environment.pip("check")
        yield from check(environment, checked)
        again = environment.pip(*self._repeated(command, checked.output))
        if again.status or again.has_traceback:
            yield Finding("the same command fails", f"{checked.output}\n{again.output}")
        if files := difference(*self._compared(command, expected.files, environment.files())):
            yield Finding("the environment is another one", f"{files}\n{again.output}")
        if command.name.startswith("own"):  # a stock pip sweeps nothing
            environment.pip("install", "--no-index", environment.upgrade)
        next_one = environment.pip("install", "one")
        if next_one.status or next_one.has_traceback:
            yield Finding("the next install fails", next_one.output)
        for place, names in environment.leftovers().items():
            if place not in self.unjudged:
                detail = "\n".join([*names[:20], ended.output, again.output])
                yield Finding(f"something is left in {place}", detail)


def check(environment: Environment, ended: Ended) -> Iterator[Finding]:
    """Yield what is wrong with `pip check`, which works and is right about what is installed."""
    if ended.status not in {0, 1} or ended.has_traceback:
        yield Finding("pip check fails", ended.output)
    damaged = environment.damaged()
    if damaged and all(text.startswith(PROJECT) for text in damaged) and not environment.is_ours():
        return  # a stock pip does not look at files, and installs the rest of ours again
    if damaged and ended.status == 0:
        detail = "\n".join([*damaged[:5], ended.output])
        yield Finding("pip check is content with half a distribution", detail)


def difference(expected: dict[str, str], found: dict[str, str]) -> str:
    """Return which files are missing, are there besides, or have another content; "" if none."""
    parts = {
        "missing": expected.keys() - found.keys(),
        "besides": found.keys() - expected.keys(),
        "changed": {
            name for name in expected.keys() & found.keys() if expected[name] != found[name]
        },
    }
    return "\n".join(
        f"{kind}: {', '.join(sorted(names)[:8])} ({len(names)})"
        for kind, names in parts.items()
        if names
    )


def lose(folder: Path, since: float, rng: random.Random) -> None:
    """Take the content, or its end, of the files that were written since a point in time.

    This is what a file system keeps that writes names before contents.
    """
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_symlink() or path.stat().st_mtime < since or not rng.randint(0, 2):
                continue
            content = path.read_bytes()
            kept = rng.choice((0, 0, rng.randint(0, len(content))))
            mode = path.stat().st_mode
            path.unlink()  # another environment may have the same file
            path.write_bytes(rng.choice((content[:kept], bytes(len(content)))))
            path.chmod(mode)


def _signal_group(process: subprocess.Popen[str]) -> None:
    """Send what Ctrl-C does: SIGINT to all processes of the terminal."""
    try:
        os.killpg(process.pid, signal.SIGINT)
    except ProcessLookupError:
        return
