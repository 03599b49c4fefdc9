"""What the benchmark runs: stock pip, ours and uv, each in an environment of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build import CHECKOUT, BuildError, build_wheel, install, make_environment

# What would make a tool do something else than its arguments say; a proxy must not be asked for
# the loopback address.
_UNWANTED = re.compile(r"(PIP|UV|PYTHON|NV_VARIANT|VIRTUAL_ENV)_?.*|.*_PROXY", re.IGNORECASE)
_METADATA = "*.dist-info"


class BenchError(Exception):
    """The tools cannot be compared; the text says why, and what a tool printed."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that installs: how it is started, and what each task is called there."""

    name: str
    version: str
    listing: tuple[str, ...]
    installing: tuple[str, ...]
    start: tuple[str, ...]

    def run(self, arguments: Sequence[str]) -> float:
        """Return the seconds that it takes with these arguments; raise BenchError if it fails."""
        kept = {key: value for key, value in os.environ.items() if not _UNWANTED.fullmatch(key)}
        command = [*self.start, *arguments]
        start = time.perf_counter()
        done = subprocess.run(
            command,
            check=False,
            # Python puts the current folder first on its path.
            cwd=Path(self.start[0]).parent,
            env=kept
            | {
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_ROOT_USER_ACTION": "ignore",
                "UV_NO_CONFIG": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        seconds = time.perf_counter() - start
        if done.returncode:
            raise BenchError(f"`{shlex.join(command)}` failed:\n{done.stdout}")
        return seconds

    def install(self, requirement: str, index: str, cache: Path, target: Path | None) -> float:
        """Return the seconds to install into a folder or, without one, to say what would be."""
        where = ("--dry-run",) if target is None else ("--target", str(target))
        options = ("--index-url", index, "--cache-dir", str(cache))
        return self.run([*self.installing, *options, *where, requirement])


def make_tools(folder: Path) -> dict[str, Tool]:
    """Build the wheel and make the environments below *folder*; raise BuildError.

    The two pips differ in our wheel alone: what it depends on is installed beside both.
    """
    pinned = re.findall(r'"(variantlib\S*==\S+)"', (CHECKOUT / "pyproject.toml").read_text("utf-8"))
    upstream = _upstream_version()
    wheel = build_wheel(folder / "dist", say=lambda _: None)
    tools = {}
    for name in ("stock", "ours"):
        python = make_environment(folder / name)
        install(python, f"pip=={upstream}", *pinned)
        if name == "ours":
            install(python, "--no-index", "--no-deps", str(wheel))
        tools[name] = _pip(name, python)
    uv = make_environment(folder / "uv")
    install(uv, "uv")
    tools["uv"] = _uv(uv.with_name(f"uv{uv.suffix}"), Path(tools["stock"].start[0]))
    return tools


def _upstream_version() -> str:
    series = (CHECKOUT / "patches" / "pip-25.1.1" / "series.toml").read_text(encoding="utf-8")
    found = re.search(r'name = "pip"\nversion = "([0-9.]+)"', series)
    if found is None:
        raise BuildError("series.toml does not name the version of pip.")
    return found[1]


def _pip(name: str, python: Path) -> Tool:
    start = (str(python), "-m", "pip")
    version = _say_version(start).partition(" from ")[0]
    # Without TLS it is only from a trusted host that pip keeps anything in its cache.
    installing = ("install", "--trusted-host", "127.0.0.1")
    return Tool(name, version, ("list", "--path"), installing, start)


def _uv(uv: Path, python: Path) -> Tool:
    """Return uv with its preview of variants on, which an environment's interpreter is named to."""
    installing = ("pip", "install", "--preview-features", "wheel-variants", "--python", str(python))
    version = _say_version((str(uv),))
    return Tool("uv", version, ("pip", "list", "--target"), installing, (str(uv),))


def _say_version(start: Sequence[str]) -> str:
    return subprocess.check_output([*start, "--version"], text=True).strip()


def builds(target: Path) -> frozenset[str]:
    """Return what is installed in a folder: `name-version`, and the label if there is one."""
    found = set()
    for info in target.glob(_METADATA):
        metadata = info / "variant.json"
        labels = (
            re.findall(r'"variants": \{\s*"([^"]+)"', metadata.read_text("utf-8"))
            if (metadata.is_file())
            else []
        )
        found.add("-".join([info.name.removesuffix(".dist-info"), *labels]))
    return frozenset(found)
