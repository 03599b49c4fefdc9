"""The commands that are run under attack, drawn at random, and what each came to."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .universes import MACHINE_OPTIONS, Universe

_WHEEL = re.compile(r"[\w.]+-[\w.]+-py3-none-any(?:-\w+)?\.whl")
_WOULD = re.compile(r"^Would install (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Command:
    """The arguments of a run; ``INDEX``, ``HERE`` and ``OUT`` in them stand for places of a case.

    ``uses_prefix``: it is about an environment, in which something is installed already.
    """

    arguments: tuple[str, ...]
    uses_prefix: bool = False

    def at(self, index: str, here: Path, out: Path) -> tuple[str, ...]:
        """Return the arguments for these places."""
        places = (("INDEX", index), ("HERE", str(here)), ("OUT", str(out)))
        found = []
        for argument in self.arguments:
            text = argument
            for name, place in places:
                text = text.replace(name, place)
            found.append(text)
        return tuple(found)


_FAST = ("--timeout", "0.5", "--retries")
_FROM_INDEX = ("--index-url", "INDEX/simple/", *_FAST)


def random_command(rng: random.Random, universe: Universe, *, changes: bool = True) -> Command:
    """Return a command about projects of a universe; ``changes``: it may change an environment."""
    names = rng.sample(universe.names, rng.choice([1, 1, 2]))
    name = names[0]
    retries = rng.choice(["0", "0", "1"])
    index = (*_FROM_INDEX, retries)
    machine = (*MACHINE_OPTIONS, *rng.choice([(), (), ("--variant-jobs", "1"), ("-v",)]))
    found = (*machine, *index)
    links = ("--no-index", "--find-links", f"INDEX/simple/{name}/", "--no-deps", *machine)
    links += (*_FAST, retries)
    plain = (
        Command(("install", "--no-compile", "--target", "OUT", *found, *names)),
        Command(("install", "--no-compile", "--target", "OUT", *found, *names)),
        Command(("install", "--no-compile", "--target", "OUT", *links, name)),
        Command(("install", "--dry-run", "--ignore-installed", *found, *names)),
        Command(("install", "--dry-run", *found, "--report", "OUT/report.json", *names)),
        Command(("lock", "--output", "OUT/pylock.toml", *found, *names)),
        Command(("lock", "--output", "OUT/pylock.toml", "--variants", "all", *index, *names)),
        Command(("download", "--dest", "OUT", *found, *names)),
        Command(("wheel", "--wheel-dir", "OUT", *found, *names)),
        Command(("variants", "explain", "--json", *found, name)),
        Command(("variants", "explain", *found, name)),
        Command(("variants", "mirror", *found, name, "OUT/mirror")),
        Command(("variants", "check", *index, f"INDEX/simple/{name}/")),
        Command(("index", "versions", *found, name)),
    )
    environment = (
        Command(("install", "--no-compile", *found, *names), uses_prefix=True),
        Command(("install", "--no-compile", "--upgrade", *found, *names), uses_prefix=True),
        Command(("install", "--no-compile", "--force-reinstall", *found, *names), uses_prefix=True),
        Command(("variants", "list", "--outdated", "--json", *found), uses_prefix=True),
        Command(("list", "--outdated", *found), uses_prefix=True),
    )
    return rng.choice((*plain, *environment) if changes else plain)


def environment_command(rng: random.Random, universe: Universe) -> Command:
    """Return a command that reads or changes an environment, most without an index."""
    name = rng.choice(universe.names)
    index = (*_FROM_INDEX, "0", *MACHINE_OPTIONS)
    commands = (
        *(("list",), ("freeze",), ("check",), ("inspect",), ("show", "-f", *universe.names)),
        *(("variants", "list"), ("variants", "list", "--json"), ("list", "--format", "json")),
        *(("uninstall", "-y", *universe.names), ("uninstall", "-y", name)),
        ("install", "--no-compile", *index, name),
        ("install", "--no-compile", "--upgrade", *index, name),
        ("install", "--no-compile", "--force-reinstall", *index, *universe.names),
        ("variants", "list", "--outdated", *index),
    )
    return Command(rng.choice(commands), uses_prefix=True)


def choice_of(out: Path, site: Path | None, stdout: bytes) -> tuple[str, ...]:
    """Return what a run came to: what is installed, downloaded, locked, selected or announced."""
    text = stdout.decode("utf-8", "replace")
    found = set(_installed(out))
    if site is not None:
        found |= set(_installed(site))
    for path in sorted(out.rglob("*")):
        if path.suffix == ".whl":
            found.add(path.name)
        elif path.name == "pylock.toml":
            found |= set(_WHEEL.findall(path.read_text("utf-8", "replace")))
    found |= announced(text)
    if text.startswith("{"):
        try:
            found.add(f"selected {json.loads(text).get('selected')}")
        except ValueError:
            found.add("JSON is not valid")
    return tuple(sorted(found))


def announced(text: str) -> set[str]:
    """Return what a run would install, as NAME-VERSION or NAME-VERSION-LABEL."""
    return {name for line in _WOULD.findall(text) for name in line.split()}


def _installed(folder: Path) -> Iterator[str]:
    """Yield the installed distributions in a folder, each with the label of its variant."""
    for info in sorted(folder.glob("*.dist-info")):
        if not info.is_dir():
            continue
        label, document = "", info / "variant.json"
        try:
            if document.is_file():  # else it may be a FIFO
                label = ",".join(json.loads(document.read_bytes())["variants"])
            elif os.path.lexists(document):
                label = "?"
        except (OSError, ValueError, LookupError, TypeError):
            label = "?"
        yield f"{info.name.removesuffix('.dist-info')} {label}".rstrip()
