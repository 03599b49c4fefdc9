"""The families of whole runs: hostile servers, wheels, plugins, damaged folders, options."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from attacks.family import Finding

from .cases import Attack, Bench, Folders, draw, verdict
from .commands import Command, environment_command, random_command
from .damages import damage as damaged
from .hostile_options import (
    random_options,
    random_platform,
    random_requirement,
    random_variables,
)
from .hostile_server import HostileServer
from .pip_runs import Run
from .plugin_faults import random_plugin
from .server_faults import random_rules
from .universes import MACHINE_OPTIONS, PROVIDER
from .wheel_faults import mutated_wheel

PLUGIN_SECONDS = 2.0
"""How long a plugin may take in these runs."""


class RunFamily:
    """A family whose cases are whole runs of pip."""

    name = ""

    bench: Bench

    def setup(self) -> None:
        """Start pips and servers."""
        self.bench = Bench.open()

    def close(self) -> None:
        """End them and remove all files."""
        self.bench.close()

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run one case."""
        raise NotImplementedError


class Server(RunFamily):
    """A server that does what a random script says."""

    name = "server"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run a command against such a server."""
        pip, universe = draw(rng, self.bench)
        command = random_command(rng, universe)
        rules = random_rules(rng)
        server = HostileServer(universe.files(), rules, str(rng.random()))
        try:
            attack = Attack(
                pip,
                universe,
                command,
                "; ".join(map(str, rules)),
                server.url,
                keeps_choice=lambda: not server.lied,
            )
            return verdict(self.bench, attack)
        finally:
            server.close()


class Wheel(RunFamily):
    """Wheels that are not what they should be, on an index, in a folder, and named as files."""

    name = "wheel"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run a command with some of them."""
        pip, universe = draw(rng, self.bench)
        files = _without_hashes(universe.files())
        wheels = [path for path in files if path.endswith(".whl") and "/proj" in path]
        changed = rng.sample(wheels, rng.choice([1, 1, 2, len(wheels)]))
        for path in changed:
            files[path] = mutated_wheel(rng, files[path])
        server = HostileServer(files)
        command = random_command(rng, universe)
        kind = rng.random()
        if kind < 0.5:
            command = _local(rng, changed)

        def damage(folders: Folders) -> None:
            for path in changed:
                (folders.work / path.rpartition("/")[2]).write_bytes(files[path])

        try:
            attack = Attack(
                pip,
                universe,
                command,
                f"mutated: {changed}",
                server.url,
                damage=damage,
                keeps_choice=lambda: False,
                stays=command.uses_prefix and command.arguments[0] == "install",
            )
            return verdict(self.bench, attack)
        finally:
            server.close()


def _local(rng: random.Random, paths: Sequence[str]) -> Command:
    """Return a command about wheels in the folder in which pip runs."""
    names = [path.rpartition("/")[2] for path in paths]
    file, project = f"HERE/{names[0]}", names[0].partition("-")[0]
    links = ("--no-index", "--no-deps", "--find-links", "HERE", *MACHINE_OPTIONS)
    commands = (
        Command(
            ("install", "--no-compile", "--no-deps", "--target", "OUT", *MACHINE_OPTIONS, file)
        ),
        Command(("install", "--no-compile", "--target", "OUT", *links, project)),
        Command(("install", "--no-compile", *links, project), uses_prefix=True),
        Command(("install", "--no-compile", *links, "--upgrade", file), uses_prefix=True),
        Command(("install", "--dry-run", *links, file)),
        Command(("download", "--dest", "OUT", *links, project)),
        Command(("variants", "check", "HERE")),
        Command(("variants", "check", file)),
        Command(("variants", "index", "HERE", "--check")),
        Command(("variants", "explain", *links[:-2], project)),
        Command(
            ("variants", "make", file, "--label", "new", "-p", "gpu :: arch :: a", "-o", "OUT")
        ),
        Command(("lock", "--output", "OUT/pylock.toml", *links, project)),
    )
    return rng.choice(commands)


def _without_hashes(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of an index that promises nothing about the content of its wheels."""
    found = {}
    for path, data in files.items():
        text = re.sub(rb"#sha256=\w+", b"", data) if path.endswith("index.html") else data
        text = re.sub(rb' data-core-metadata="[^"]*"', b"", text)
        if path.endswith("index.json"):
            document = json.loads(data)
            for entry in document["files"]:
                entry["hashes"] = {}
                entry.pop("core-metadata", None)
            text = json.dumps(document).encode()
        found[path] = text
    return found


class Plugin(RunFamily):
    """A trusted provider plugin that misbehaves."""

    name = "plugin"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run a command that queries it."""
        pip, universe = draw(rng, self.bench)
        command = _trusting(random_command(rng, universe))
        script, is_right = random_plugin(rng)
        cache = self.bench.cache(pip, universe)
        attack = Attack(
            pip,
            universe,
            command,
            script,
            self.bench.servers[universe.number].url,
            damage=lambda folders: _copy(cache, folders.cache),
            keeps_choice=lambda: is_right,
            change=lambda run, _: replace(
                run, plugin_seconds=PLUGIN_SECONDS, environ=(*run.environ, ("GPU_SCRIPT", script))
            ),
        )
        return verdict(self.bench, attack)


def _trusting(command: Command) -> Command:
    """Return a command that asks the plugin instead of the platform file."""
    at = (
        command.arguments.index(MACHINE_OPTIONS[0])
        if MACHINE_OPTIONS[0] in command.arguments
        else None
    )
    if at is None:
        return command
    trust = ("--trust-variant-provider", PROVIDER)
    index = (
        () if "--index-url" in command.arguments else ("--variant-provider-index", "INDEX/simple/")
    )
    rest = command.arguments[at + 2 :]
    return replace(command, arguments=(*command.arguments[:at], *trust, *index, *rest))


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)


class Damage(RunFamily):
    """Caches, installations and temporary folders that are damaged, or on a full disk."""

    name = "damage"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run a command that uses them."""
        pip, universe = draw(rng, self.bench)
        in_environment = rng.random() < 0.5
        if in_environment:
            command = environment_command(rng, universe)
        else:
            command = random_command(rng, universe)
            command = _trusting(command) if rng.random() < 0.4 else command
        cache = self.bench.cache(pip, universe)
        seed = rng.random()
        is_full = rng.random() < 0.15
        size = rng.choice([1 << 12, 1 << 14, 1 << 16, 1 << 18])
        done: list[str] = []

        def act(folders: Folders) -> None:
            _copy(cache, folders.cache)
            if is_full:
                return
            site = folders.site
            named = [site] if in_environment and site else [folders.cache]
            if random.Random(seed).random() < 0.1:
                named = [folders.temporary]
            outside = folders.root / "home" / "secret"
            done.extend(damaged(random.Random(seed), named, outside))

        def change(run: Run, folders: Folders) -> Run:
            run = replace(run, plugin_seconds=PLUGIN_SECONDS)
            if not is_full:
                return run
            places = (folders.cache, folders.temporary, folders.out)
            disk = random.Random(seed).choice(places)
            done.append(f"{disk.name} has {size} bytes")
            return replace(run, small_disks=((disk, size),))

        attack = Attack(
            pip,
            universe,
            command,
            f"damage, seed {seed}",
            self.bench.servers[universe.number].url,
            damage=act,
            change=change,
            keeps_choice=lambda: not in_environment and not is_full,
            done=done,
        )
        return verdict(self.bench, attack)


class Options(RunFamily):
    """Options, variables and files of the user that nobody means."""

    name = "options"

    def attempt(self, rng: random.Random) -> Finding | None:
        """Run a command with some of them."""
        pip, universe = draw(rng, self.bench)
        command = random_command(rng, universe)
        *arguments, last = command.arguments
        if last in universe.names:
            last = random_requirement(rng, last)
        command = replace(command, arguments=(*arguments, *random_options(rng), last))
        variables = random_variables(rng)
        platform, encoding = random_platform(rng), rng.choice(["utf-8", "utf-8", "ascii"])
        index = self.bench.servers[universe.number].url

        def change(run: Run, folders: Folders) -> Run:
            own = {
                key: value.replace("INDEX", index).replace("HERE", str(folders.work))
                for key, value in variables.items()
            }
            environ = (
                *((key, value) for key, value in run.environ if key not in own),
                *own.items(),
            )
            return replace(run, environ=environ, encoding=encoding, plugin_seconds=PLUGIN_SECONDS)

        def act(folders: Folders) -> None:
            text = platform.encode("utf-8", "surrogatepass")
            (folders.work / "odd.toml").write_bytes(text)

        what = f"{variables}, {encoding}, {platform[:2000]!r}"
        attack = Attack(
            pip,
            universe,
            command,
            what,
            index,
            damage=act,
            change=change,
            keeps_choice=lambda: False,
            has_reference=False,
        )
        return verdict(self.bench, attack)


FAMILIES = (Server, Wheel, Plugin, Damage, Options)
