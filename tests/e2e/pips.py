"""A real pip on a described machine: run it, and read what it said in a form that can be pinned."""

from __future__ import annotations

import ctypes
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from stand_in import IndexServer

from tests.venvs import offline_env

FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"

QUERYING = """\
  Querying variant providers: started
  Querying variant providers: finished with status 'done'
"""

_server = re.compile(r"http://127\.0\.0\.1:[0-9]+/").sub
_size = re.compile(r" \([0-9.]+ (?:bytes|kB)\)$", re.MULTILINE).sub


@dataclass(frozen=True, slots=True)
class Machine:
    """What the driver and the GPU are said to be; an empty string is what this machine has."""

    cuda: str = ""
    sm: str = ""


NEW = Machine("12.9", "9.0")
"""Runs every build of torch 2.8.0."""

OLD = Machine("12.5", "9.0")
"""Runs none of them but the null variant."""

OLD_WHY = "cu126 needs nvidia :: cuda_version_lower_bound :: 12.6, this machine has up to 12.5"

THIS = Machine()


@dataclass(frozen=True, slots=True)
class Said:
    """What pip printed, without what differs between two runs of a test.

    Addresses of servers are "INDEX/", the wheel tag of this machine is "TAG", the size of a file is
    "SIZE", and the folder in which pip ran is "HERE".
    """

    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stdout."""
        return self.out.splitlines()[-1]


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of a venv. It runs in `folder`, which also holds its cache."""

    python: Path
    folder: Path
    tag: str

    def run(self, *args: str | Path, machine: Machine = NEW, status: int = 0, **extra: str) -> Said:
        """Run pip on `machine`; it must end with `status` and never print a traceback."""
        return self.start("-m", "pip", *args, machine=machine, status=status, **extra)

    def start(
        self, *args: str | Path, machine: Machine = NEW, status: int = 0, **extra: str
    ) -> Said:
        """Run the interpreter on `machine`, without any configuration of pip."""
        env = offline_env(PIP_CACHE_DIR=str(self.folder / "cache"), NO_PROXY="127.0.0.1", **extra)
        del env["PIP_NO_INDEX"]
        env |= {FORCE_CUDA: machine.cuda, FORCE_SM: machine.sm}
        done = subprocess.run(
            [str(part) for part in (self.python, *args)],
            env=env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        said = Said(self._pinnable(done.stdout), self._pinnable(done.stderr))
        assert "Traceback" not in said.out + said.err, said.err
        assert done.returncode == status, said
        return said

    def dry_run(
        self, url: str, *args: str, machine: Machine = NEW, status: int = 0, **extra: str
    ) -> Said:
        """Run `pip install --dry-run` with the index at `url` as the only one."""
        command = ("install", "--dry-run", "--index-url", url, *args)
        return self.run(*command, machine=machine, status=status, **extra)

    def _pinnable(self, text: str) -> str:
        text = _size(" (SIZE)", _server("INDEX/", text))
        return text.replace(self.tag, "TAG").replace(str(self.folder), "HERE")


def banner(label: str, *properties: str) -> str:
    """Return what interface.md shows for a variant of torch 2.8.0, with the empty lines around."""
    title = f" torch==2.8.0; variant_hash={label} "
    lines = [title.center(80, "#"), *(f"Variant-property: {text}" for text in properties)]
    return "".join(f"{line}\n" for line in ("", *lines, "#" * 80, ""))


def asked(server: IndexServer) -> list[str]:
    """Return every request as "GET path status", in order."""
    return [f"{item.method} {item.path} {item.status}" for item in server.requests]


def downloaded(said: Said) -> list[str]:
    """Return the addresses of the files that pip downloaded."""
    lines: Iterable[str] = (line.strip() for line in said.out.splitlines())
    return [line.split()[1] for line in lines if line.startswith("Downloading ")]


def has_driver() -> bool:
    """Return whether an NVIDIA driver is installed here."""
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


without_driver = pytest.mark.skipif(has_driver(), reason="this machine has an NVIDIA driver")
