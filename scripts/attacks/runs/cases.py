"""Cases of whole runs: a folder for each, the run without a fault, and the run under attack."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from attacks.family import Finding

from . import oracle
from .commands import Command, announced, choice_of
from .hostile_server import HostileServer
from .installed_pips import interpreters
from .pip_runs import Outcome, PipProcess, Run, environ_of
from .universes import MACHINE, PROVIDER, VARIABLES, Universe, write_universe

UNIVERSES = 4
_SHOWN = 3000


@dataclass(frozen=True, slots=True)
class Folders:
    """The places of one case, below ``root``."""

    root: Path

    @property
    def work(self) -> Path:
        """Where pip runs."""
        return self.root / "work"

    @property
    def out(self) -> Path:
        """What it is to write."""
        return self.root / "work" / "out"

    @property
    def cache(self) -> Path:
        """Its cache."""
        return self.root / "cache"

    @property
    def temporary(self) -> Path:
        """Its folder for temporary files."""
        return self.root / "tmp"

    @property
    def prefix(self) -> Path:
        """Its environment."""
        return self.root / "env"

    @property
    def site(self) -> Path | None:
        """The site directory of its environment, if it has one."""
        return next(self.prefix.glob("lib/python*/site-packages"), None)

    def places(self) -> oracle.Places:
        """Return what a run may write."""
        return oracle.Places(self.root, (self.out, self.cache, self.prefix), self.temporary)

    def make(self) -> None:
        """Make them, and files beside them that belong to somebody else."""
        for folder in (self.out, self.cache, self.temporary, self.root / "home/.config/pip"):
            folder.mkdir(parents=True)
        for name in ("home/secret", "beside", "work/mine.py"):
            (self.root / name).write_text("x = 1\n", encoding="utf-8")
        (self.work / "machine.toml").write_text(MACHINE, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a command does without a fault."""

    outcome: Outcome
    choice: tuple[str, ...]


@dataclass(slots=True)
class Bench:
    """What the cases of a family share: pips of both releases, universes and references."""

    root: Path
    pips: list[PipProcess] = field(default_factory=list)
    universes: list[Universe] = field(default_factory=list)
    servers: list[HostileServer] = field(default_factory=list)
    _references: dict[tuple[object, ...], Reference] = field(default_factory=dict)
    _number: int = 0

    @classmethod
    def open(cls) -> Bench:
        """Return a bench in a temporary folder, with everything started; raise BuildError."""
        bench = cls(Path(tempfile.mkdtemp(prefix="pip-variants-attacks-")))
        try:
            bench._start()
        except BaseException:
            bench.close()
            raise
        return bench

    def _start(self) -> None:
        for number, python in enumerate(interpreters()):
            self.pips.append(PipProcess(python, self.root / f"pip{number}"))
        for number in range(UNIVERSES):
            universe = write_universe(self.root / f"universe{number}", number)
            self.universes.append(universe)
            self.servers.append(HostileServer(universe.files()))
        for pip in self.pips:
            self._warm_up(pip)

    def close(self) -> None:
        """End everything."""
        for pip in self.pips:
            pip.close()
        for server in self.servers:
            server.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _warm_up(self, pip: PipProcess) -> None:
        """Run one command of each kind, so that no case has to import what it needs."""
        universe, index = self.universes[0], self.servers[0].url
        name = universe.names[0]
        found = ("--index-url", "INDEX/simple/", "--variant-platform", "HERE/machine.toml")
        for arguments in (
            ("install", "--target", "OUT", *found, name),
            ("install", *found, name),
            ("uninstall", "-y", name),
            ("download", "--dest", "OUT", *found, name),
            ("lock", "--output", "OUT/pylock.toml", *found, name),
            ("variants", "explain", "--json", *found, name),
            ("variants", "mirror", *found, name, "OUT/mirror"),
            ("variants", "list", "--outdated", *found),
            ("variants", "check", "INDEX/simple/proj0/"),
            ("variants", "index", "OUT"),
            *(("list",), ("freeze",), ("inspect",), ("check",), ("show", name), ("cache", "dir")),
        ):
            folders = self.folders(pip, uses_prefix=True)
            pip.learn(run_of(Command(arguments, uses_prefix=True), folders, index))
            self.remove(folders)

    def folders(self, pip: PipProcess, *, uses_prefix: bool) -> Folders:
        """Return new folders for a case."""
        self._number += 1
        folders = Folders(self.root / f"case{self._number}")
        folders.make()
        if uses_prefix:
            root = pip.python.parents[1]
            (site,) = root.glob("lib/python*/site-packages")
            (folders.prefix / site.relative_to(root)).mkdir(parents=True)
            (folders.prefix / "bin").mkdir()
            config = "include-system-site-packages = false\n"
            (folders.prefix / "pyvenv.cfg").write_text(config, encoding="utf-8")
        return folders

    def remove(self, folders: Folders) -> None:
        """Remove the folders of a case, whatever their modes are now."""
        for parent, _, _ in os.walk(folders.root):
            Path(parent).chmod(0o700)
        shutil.rmtree(folders.root, ignore_errors=True)

    def installed(self, pip: PipProcess, universe: Universe, folders: Folders) -> None:
        """Install the oldest version of one project into the environment of a case."""
        key = ("installed", pip.python, universe.number)
        kept = self.root / hashlib.sha256(repr(key).encode()).hexdigest()
        if not kept.exists():
            name, versions = universe.projects[0]
            index = self.servers[universe.number].url
            options = ("--index-url", "INDEX/simple/", "--variant-platform", "HERE/machine.toml")
            command = ("install", "--no-compile", "--no-deps", *options, f"{name}=={versions[-1]}")
            others = self.folders(pip, uses_prefix=True)
            pip.run(run_of(Command(command, uses_prefix=True), others, index))
            others.prefix.rename(kept)
            self.remove(others)
        shutil.copytree(kept, folders.prefix, dirs_exist_ok=True, symlinks=True)

    def cache(self, pip: PipProcess, universe: Universe) -> Path:
        """Return a cache to copy: of an installation with the plugin, which must be trusted."""
        key = ("cache", pip.python, universe.number)
        kept = self.root / hashlib.sha256(repr(key).encode()).hexdigest()
        if not kept.exists():
            index = self.servers[universe.number].url
            options = ("--index-url", "INDEX/simple/", "--trust-variant-provider", PROVIDER)
            command = ("install", "--no-compile", "--target", "OUT", *options, *universe.names)
            folders = self.folders(pip, uses_prefix=False)
            pip.run(run_of(Command(command), folders, index))
            folders.cache.rename(kept)
            self.remove(folders)
        return kept

    def reference(self, pip: PipProcess, universe: Universe, command: Command) -> Reference:
        """Return what a command does with the universe as it is; it is run once."""
        key = (pip.python, universe.number, command)
        if key not in self._references:
            folders = self.prepared(pip, universe, command)
            run = run_of(command, folders, self.servers[universe.number].url)
            outcome = pip.run(run)
            choice = choice_of(folders.out, folders.site, outcome.stdout)
            self._references[key] = Reference(outcome, choice)
            self.remove(folders)
        return self._references[key]

    def prepared(self, pip: PipProcess, universe: Universe, command: Command) -> Folders:
        """Return the folders for a command, with what is installed before it."""
        folders = self.folders(pip, uses_prefix=command.uses_prefix)
        if command.uses_prefix:
            self.installed(pip, universe, folders)
        return folders


def run_of(command: Command, folders: Folders, index: str, **environ: str) -> Run:
    """Return the run of a command in its folders."""
    return Run(
        command.at(index, folders.work, folders.out),
        folders.work,
        environ_of(
            folders.root / "home", folders.cache, folders.temporary, **dict(VARIABLES), **environ
        ),
        prefix=folders.prefix if command.uses_prefix else None,
    )


@dataclass(frozen=True, slots=True)
class Attack:
    """A case: pip, its universe, its command, and what is done to the run.

    ``what`` describes it. ``damage`` is done to the folders before the run, ``change`` to the run;
    ``done`` has what they did. ``keeps_choice`` says, after the run, whether the choice must be
    that without a fault. ``stays``: what it has installed, the same command must not install again.
    """

    pip: PipProcess
    universe: Universe
    command: Command
    what: str
    index: str
    damage: Callable[[Folders], None] = lambda _: None
    keeps_choice: Callable[[], bool] = lambda: True
    change: Callable[[Run, Folders], Run] = lambda run, _: run
    has_reference: bool = True
    stays: bool = False
    done: Sequence[str] = ()


def verdict(bench: Bench, attack: Attack) -> Finding | None:
    """Run a case and return the first promise that it broke."""
    reference = (
        bench.reference(attack.pip, attack.universe, attack.command)
        if attack.has_reference
        else None
    )
    folders = bench.prepared(attack.pip, attack.universe, attack.command)
    try:
        attack.damage(folders)
        places = folders.places()
        before, size = oracle.listing(places), oracle.size_of([folders.root])
        temporary = places.in_temporary()
        run = attack.change(run_of(attack.command, folders, attack.index), folders)
        outcome = attack.pip.run(run)
        sizes = (size, oracle.size_of([folders.root]))
        found = [*oracle.problems(outcome, places, before, temporary, sizes)]
        if not found and attack.stays and outcome.status == 0:
            found = [*_installed_again(attack, run)]
        choice = choice_of(folders.out, folders.site, outcome.stdout)
    finally:
        bench.remove(folders)
    if not found and reference and outcome.status == 0 and attack.keeps_choice():
        otherwise = oracle.chosen_otherwise(outcome, choice, reference.outcome, reference.choice)
        found = [otherwise] if otherwise else []
    if not found:
        return None
    detail = (
        f"pip {attack.pip.python.parents[1].name}, universe {attack.universe.number}",
        f"pip {' '.join(run.arguments)}",
        attack.what,
        *attack.done,
        f"all: {found}",
        f"status {outcome.status}, {outcome.seconds:.1f} s, {outcome.memory >> 20} MiB",
        f"left: {outcome.left}",
        f"choice: {choice}, without a fault: {reference and reference.choice}",
        _end(outcome.stdout),
        _end(outcome.stderr),
    )
    return Finding(found[0], "\n".join(ascii_lines(detail)))


def _installed_again(attack: Attack, run: Run) -> Iterator[str]:
    """Yield what is wrong if a run would install again what was just installed.

    A file whose METADATA has another version than its name is what any pip installs again.
    """
    arguments = [argument for argument in run.arguments if argument != "--force-reinstall"]
    again = attack.pip.run(replace(run, arguments=(*arguments, "--dry-run")))
    files = [Path(argument).name.split("-") for argument in arguments if argument.endswith(".whl")]
    versions = {name: version for name, version, *_ in files}
    for item in announced(again.stdout.decode("utf-8", "replace")):
        name, version, *_ = item.split("-")
        if versions.get(name, version) == version:
            yield "what was installed would be installed again"


def ascii_lines(lines: Sequence[str]) -> list[str]:
    """Return texts in printable ASCII."""
    return [ascii(line)[1:-1].replace("\\n", "\n") for line in lines]


def _end(output: bytes) -> str:
    return output.decode("utf-8", "replace")[-_SHOWN:]


def draw(rng: random.Random, bench: Bench) -> tuple[PipProcess, Universe]:
    """Return a pip and a universe."""
    return rng.choice(bench.pips), rng.choice(bench.universes)
