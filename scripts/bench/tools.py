"""The tools that are compared: stock pip, ours and uv, each in an environment of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from build import CHECKOUT, build_wheel, install, make_environment, releases

# Variables that change what a tool does; a proxy must not get requests to the loopback address.
_DROPPED = re.compile(
    r"(PIP|UV|PYTHON|VIRTUAL_ENV|ROCM|ROCR|HSA|[A-Z]+_VARIANT_PROVIDER)_?.*|.*_PROXY",
    re.IGNORECASE,
)
_METADATA = "*.dist-info"


class BenchError(Exception):
    """Nothing can be measured; the text is the reason, with the output of a tool that failed."""


@dataclass(frozen=True, slots=True)
class Tool:
    """An installer: the command that starts it, and its sub-commands and options."""

    name: str
    version: str
    listing: tuple[str, ...]
    installing: tuple[str, ...]
    start: tuple[str, ...]

    def run(self, arguments: Sequence[str]) -> float:
        """Return the seconds that it takes with these arguments; raise BenchError if it fails."""
        command = [*self.start, *arguments]
        start = time.perf_counter()
        done = subprocess.run(
            command,
            check=False,
            # `python -m` puts the current folder first on sys.path.
            cwd=Path(self.start[0]).parent,
            env=clean_environment(),
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
        """Return the seconds to install into *target* or, without one, for a dry run."""
        where = ("--dry-run",) if target is None else ("--target", str(target))
        options = ("--index-url", index, "--cache-dir", str(cache))
        return self.run([*self.installing, *options, *where, requirement])


def clean_environment(**extra: str) -> dict[str, str]:
    """Return environment variables with which a tool depends on its arguments only."""
    return {
        **{name: value for name, value in os.environ.items() if not _DROPPED.fullmatch(name)},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "UV_NO_CONFIG": "1",
        **extra,
    }


def pinned_variantlib() -> list[str]:
    """Return the requirement of variantlib that pyproject.toml pins for the tests."""
    return re.findall(r'"(variantlib\S*==\S+)"', (CHECKOUT / "pyproject.toml").read_text("utf-8"))


def install_ours(folder: Path) -> Path:
    """Build the wheel, make an environment with it alone, and return its interpreter."""
    wheel = build_wheel(folder / "dist", report=lambda _: None)
    python = make_environment(folder / "venv")
    install(python, "--no-index", str(wheel))
    return python


def make_tools(folder: Path) -> dict[str, Tool]:
    """Build the wheel and make the environments below *folder*; raise BuildError.

    The environments of the two pips differ in our wheel only.
    """
    upstream = releases()[0]
    wheel = build_wheel(folder / "dist", report=lambda _: None)
    tools = {}
    for name in ("stock", "ours"):
        python = make_environment(folder / name)
        install(python, f"pip=={upstream}")
        if name == "ours":
            install(python, "--no-index", str(wheel))
        tools[name] = _pip(name, python)
    uv = make_environment(folder / "uv")
    install(uv, "uv")
    tools["uv"] = _uv(uv.with_name(f"uv{uv.suffix}"), Path(tools["stock"].start[0]))
    return tools


def _pip(name: str, python: Path) -> Tool:
    start = (str(python), "-m", "pip")
    version = _version_output(start).partition(" from ")[0]
    # Without TLS pip caches only what comes from a trusted host.
    installing = ("install", "--trusted-host", "127.0.0.1")
    return Tool(name, version, ("list", "--path"), installing, start)


def _uv(uv: Path, python: Path) -> Tool:
    """Return uv with its preview of variants, which installs for the interpreter *python*."""
    installing = ("pip", "install", "--preview-features", "wheel-variants", "--python", str(python))
    version = _version_output((str(uv),))
    return Tool("uv", version, ("pip", "list", "--target"), installing, (str(uv),))


def _version_output(start: Sequence[str]) -> str:
    return subprocess.check_output([*start, "--version"], text=True).strip()


def installed(target: Path) -> frozenset[str]:
    """Return what is installed in a folder: `name-version`, or `name-version-label`."""
    found = set()
    for info in target.glob(_METADATA):
        metadata = info / "variant.json"
        labels: list[str] = []
        if metadata.is_file():
            labels = re.findall(r'"variants": \{\s*"([^"]+)"', metadata.read_text("utf-8"))
        found.add("-".join([info.name.removesuffix(".dist-info"), *labels]))
    return frozenset(found)


@contextmanager
def fresh_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one run, and remove it after that run."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
