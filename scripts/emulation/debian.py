"""Emulators and Pythons of other architectures, from Debian's packages, without installing them.

Packages come from where apt of this machine is configured to get them, into a folder with apt's
state for another architecture in it. Nothing needs to be root, and nothing of the machine changes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Older ones do not emulate AVX.
OLDEST_QEMU = (7, 2)
# The wheel needs it.
OLDEST_PYTHON = (3, 10)

_LINKS = ("bin", "lib", "lib64", "sbin")


class EmulationError(Exception):
    """Something that emulation needs cannot be had; the text is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """A Python, or uv, under an emulator; `root` has its libraries, None: this machine."""

    qemu: Path
    python: Path
    root: Path | None = None

    def command(self, cpu: str, *arguments: str) -> list[str]:
        """Return the command line that runs the Python on a CPU."""
        libraries = [] if self.root is None else ["-L", str(self.root)]
        return [str(self.qemu), "-cpu", cpu, *libraries, str(self.python), *arguments]

    def write_program(self, path: Path, cpu: str) -> None:
        """Write a program that runs the Python on a CPU: a script, which every kernel starts."""
        qemu, *arguments = self.command(cpu)
        # What Python is called tells it which virtual environment it runs in.
        start = f'exec {shlex.quote(qemu)} -0 "$0" {shlex.join(arguments)} "$@"'
        path.write_text(f"#!/bin/sh\n{start}\n")
        path.chmod(0o755)


def qemu_version(text: str) -> tuple[int, int] | None:
    """Return the version in the output of `qemu-x86_64 --version`, or None."""
    match = re.search(r"\bversion (\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def installed_qemu(architecture: str) -> Path | None:
    """Return the emulator of an architecture that is on PATH and new enough, or None."""
    for name in _qemu_names(architecture):
        found = shutil.which(name)
        if found is not None and _is_new_enough(Path(found)):
            return Path(found)
    return None


def qemu(architecture: str, folder: Path) -> Path:
    """Return an emulator of an architecture: the installed one, or that of Debian's packages.

    Raise EmulationError.
    """
    found = installed_qemu(architecture)
    if found is not None:
        return found
    root = folder / "qemu"
    if not root.exists():
        fetch(root, "qemu-user-static", None)
    for name in _qemu_names(architecture):
        path = root / "usr" / "bin" / name
        # That of the package `qemu-user` of some releases needs libraries that are not there.
        if path.exists() and _is_new_enough(path):
            return path
    wanted = ".".join(map(str, OLDEST_QEMU))
    raise EmulationError(
        f"qemu-user-static of this machine's apt has no qemu-{architecture} {wanted} or newer;"
        " older ones do not emulate AVX."
    )


def python(root: Path, debian: str) -> Path:
    """Return Debian's Python of an architecture, unpacked in `root`; raise EmulationError."""
    if not root.exists():
        fetch(root, "python3-venv", debian)
    found = (root / "usr" / "bin" / "python3").resolve()
    version = re.fullmatch(r"python3\.(\d+)", found.name)
    if version is None or not found.is_file():
        raise EmulationError(f"There is no Python in Debian's package python3-venv for {debian}.")
    if (3, int(version[1])) < OLDEST_PYTHON:
        raise EmulationError(f"Debian's {found.name} for {debian} is too old: 3.10 is needed.")
    return found


def fetch(root: Path, package: str, debian: str | None) -> None:
    """Unpack a package and all that it depends on, for an architecture, into a new folder `root`.

    None is the architecture of this machine. Raise EmulationError; then there is no such folder.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise EmulationError(f"There is no {tool} here, with which {package} is fetched.")
    state = root.with_name(f"{root.name}-apt")
    shutil.rmtree(state, ignore_errors=True)
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()
    options = apt_options(state, debian)
    what = f"{package} for {debian}" if debian else package
    _run(f"The lists of packages for {what} could not be fetched", "apt-get", *options, "update")
    install = ("install", "--yes", "--download-only", "--no-install-recommends", package)
    _run(f"{what} could not be fetched", "apt-get", *options, *install)
    unpacked = root.with_name(f"{root.name}-unpacked")
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    for file in sorted((state / "archives").glob("*.deb")):
        _run(f"{file.name} could not be unpacked", "dpkg-deb", "-x", str(file), str(unpacked))
    _merge_usr(unpacked)
    unpacked.rename(root)
    shutil.rmtree(state)


def apt_options(state: Path, debian: str | None) -> list[str]:
    """Return the options that give apt a state of its own, and another architecture."""
    settings = {
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        # No package is installed: all that is needed is fetched.
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Cache::Archives": state / "archives",
        "Acquire::Languages": "none",
        # Its own user could not write into this folder.
        "APT::Sandbox::User": "root",
    }
    if debian is not None:
        settings |= {"APT::Architecture": debian, "APT::Architectures": debian}
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def last_error(output: str) -> str:
    """Return the last error or warning that apt printed, or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line[3:] for line in lines if line.startswith(("E: ", "W: "))]
    return (errors or lines or ["no output"])[-1]


def _run(failed: str, *command: str) -> None:
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=_environment(),
    )
    if done.returncode:
        raise EmulationError(f"{failed}: {last_error(done.stdout)}")


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}


def _merge_usr(root: Path) -> None:
    """Make `/lib` and its like where packages have all files below `/usr`."""
    for name in _LINKS:
        if (root / "usr" / name).is_dir() and not (root / name).exists():
            (root / name).symlink_to(Path("usr") / name)


def _qemu_names(architecture: str) -> Sequence[str]:
    return f"qemu-{architecture}-static", f"qemu-{architecture}"


def _is_new_enough(path: Path) -> bool:
    try:
        done = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return False
    return (qemu_version(done.stdout) or (0, 0)) >= OLDEST_QEMU
