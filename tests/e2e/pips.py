"""A real pip on a described machine: how a test runs it, and its output in a comparable form."""

from __future__ import annotations

import ctypes
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pytest

from tests.support.stand_in import IndexServer
from tests.support.venvs import offline_env

FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
FORCE_DEVICE_IP = "INTEL_VARIANT_PROVIDER_FORCE_DEVICE_IP"
LEGACY_RESOLVER = "--use-deprecated=legacy-resolver"

RESOLVERS: dict[str, tuple[str, ...]] = {"new": (), "legacy": (LEGACY_RESOLVER,)}
each_resolver = pytest.mark.parametrize("resolver", RESOLVERS.values(), ids=RESOLVERS)

INDEX_LINE = "Looking in indexes: INDEX/simple/\n"
IGNORING = "WARNING: Ignoring the variant wheels of torch 2.8.0: "
READING = (
    "WARNING: Reading the variant metadata of torch 2.8.0 from its wheels, not from"
    " torch-2.8.0-variants.json: "
)
UNREAD = "ERROR: Cannot select a variant of torch 2.8.0, because the metadata of "
USE_NO_VARIANTS = " To install without variants, use --no-variants.\n"
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.8.0)
ERROR: No matching distribution found for torch
"""
QUERYING = """\
  Querying variant providers: started
  Querying variant providers: finished with status 'done'
"""

WORDINGS = (
    (re.compile(r"^( *(?:Downloading|Using cached) )\S*/(?=[^/]+ \(SIZE\)$)", re.MULTILINE), r"\1"),
    (re.compile(r"(No matching distribution found for [^\s:]+) \(from [^)]+\)"), r"\1"),
    (re.compile(r"(The user requested \(constraint\) [^\s]+) \(from [^)]+\)"), r"\1"),
)
"""The wording of each release in that of all.

Some show the URL of a wheel, others its name; some tell which project a missing one is required by,
or the wheel to which a constraint leads.
"""


KEPT_PAGES = ("26.3",)
"""The releases that use a cached page for as long as its server allows; others revalidate it."""

BROKEN_STDOUT = {"25.1.1": 1, "26.3": 120}
"""The exit status of a release where nothing can be written to stdout."""

READS_LOCKS = ("26.3",)
"""The releases that install from a lock; others take it for a file of requirements."""

_OTHER_STATUSES: Mapping[str, Mapping[int, Sequence[str]]] = {
    "26.3": {
        # It unpacks what the name of the archive promises, and of a bad member warns.
        0: (
            *("zip behind tar.gz", "zip behind tar.bz2", "zip behind tar.xz", "zip behind tar"),
            *("sent as a zip", "named as a zip"),
            "hard link to a file of the user, no filter",
            "hard link to a file beside, no filter",
        ),
        # A part at another offset ends the download. Nothing else is compared: what is put
        # together is refused for its hash or, here, because it is no wheel. A link to a folder is
        # refused unless that has a member of its own.
        1: (
            *("another offset", "an earlier offset", "another total", "an end before the end"),
            *("an end behind the end", "another unit", "negative offset", "no numbers"),
            *("several parts", "links within an sdist, no filter", "zip named as a tar"),
        ),
    },
}
"""The exit status of attacks that a release answers in a way of its own, and the reason."""

PARTIAL_INSTALLS = ("26.3",)
"""The releases that keep what they installed of a wheel before the member that they refuse."""

_server = re.compile(r"http://127\.0\.0\.1:[0-9]+/").sub
_size = re.compile(r" \([0-9.]+ (?:bytes|kB)\)$", re.MULTILINE).sub


@dataclass(frozen=True, slots=True)
class Machine:
    """The forced CUDA version, compute capability and device IP of Intel.

    An empty string leaves the real one. No build is for the device IP that is the default.
    """

    cuda: str = ""
    sm: str = ""
    device_ip: str = "12.0.0"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that force all this."""
        return {FORCE_CUDA: self.cuda, FORCE_SM: self.sm, FORCE_DEVICE_IP: self.device_ip}


NEW_DRIVER = Machine("12.9", "9.0")
"""Supports every variant of torch 2.8.0."""

MIDDLE_DRIVER = Machine("12.6", "9.0")
"""Supports cu126 and the null variant."""

OLD_DRIVER = Machine("12.5", "9.0")
"""Supports the null variant alone."""


def needs_driver(label: str, needed: str, found: str) -> str:
    """Return why a variant that needs a CUDA version does not fit a machine with another."""
    needs = f"{label} needs nvidia :: cuda_version_lower_bound :: {needed}"
    words = f"a driver with CUDA {needed} or newer is required"
    return f"{words} ({needs}, this machine has up to {found})"


NO_AMD_GPU = "amd: ROCM_BOOTSTRAP_DISABLE_DETECTION is set"
"""Why no machine of these tests supports anything of the namespace, unless that is forced."""


def needs_intel_gpu(*device_ips: str) -> str:
    """Return why xpu, which is for these device IPs in their order, does not fit a machine."""
    needs = f"xpu needs intel :: device_ip :: one of {', '.join(device_ips)}"
    *others, last = device_ips
    words = f"an Intel GPU of device IP {', '.join(others)} or {last} is required"
    return f"{words} ({needs}, this machine has {REAL_MACHINE.device_ip})"


OLD_DRIVER_REASON = needs_driver("cu126", "12.6", "12.5")

OTHER_MACHINE = "; to choose for another machine, describe it with --variant-platform"
"""The end of an error about a machine."""

ABI_HINT = "only what is installed, or needed by something else that is being installed, counts"

CROSS_TARGET_REASON = "the target is a different machine, so this machine is not queried"

REAL_MACHINE = Machine()

QUERY_FAILS = Machine("bad", "bad")
"""Querying the nvidia provider on this machine is an error."""


class Variables(TypedDict, total=False):
    """Environment variables by which a user configures pip."""

    COLUMNS: str
    PIP_BUILD_CONSTRAINT: str
    PIP_CONFIG_FILE: str
    PIP_CONSTRAINT: str
    PIP_NO_VARIANTS: str
    PIP_VARIANT: str


@dataclass(frozen=True, slots=True)
class Output:
    """What pip printed, without what differs between two runs of a test.

    Addresses of servers are "INDEX/", the wheel tag of this machine is "TAG", the size of a file is
    "SIZE", and the folder in which pip ran is "HERE".
    """

    stdout: str
    stderr: str

    @property
    def last_line(self) -> str:
        """The last line on stdout."""
        return self.stdout.splitlines()[-1]


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of a venv. It runs in `folder`, which also holds its cache."""

    python: Path
    folder: Path
    tag: str

    def run(
        self, *args: str | Path, machine: Machine = NEW_DRIVER, status: int = 0, **extra: str
    ) -> Output:
        """Run pip on `machine`; it must end with `status`.

        It must print no traceback.
        """
        return self.run_python("-m", "pip", *args, machine=machine, status=status, **extra)

    def run_python(
        self, *args: str | Path, machine: Machine = NEW_DRIVER, status: int = 0, **extra: str
    ) -> Output:
        """Run the interpreter on `machine`, without any configuration of pip."""
        env = offline_env(
            **{"PIP_CACHE_DIR": str(self.folder / "cache"), "NO_PROXY": "127.0.0.1", **extra}
        )
        del env["PIP_NO_INDEX"]
        env |= machine.variables
        done = subprocess.run(
            [str(part) for part in (self.python, *args)],
            env=env,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = Output(self._comparable(done.stdout), self._comparable(done.stderr))
        assert "Traceback" not in output.stdout + output.stderr, output.stderr
        assert done.returncode == status, output
        return output

    def dry_run(
        self, url: str, *args: str, machine: Machine = NEW_DRIVER, status: int = 0, **extra: str
    ) -> Output:
        """Run `pip install --dry-run` with the index at `url` as the only one."""
        command = ("install", "--dry-run", "--index-url", url, *args)
        return self.run(*command, machine=machine, status=status, **extra)

    def _comparable(self, text: str) -> str:
        text = _size(" (SIZE)", _server("INDEX/", text))
        for pattern, replacement in WORDINGS:
            text = pattern.sub(replacement, text)
        return text.replace(self.tag, "TAG").replace(str(self.folder), "HERE")


def status_of(upstream: str, attack: str, usual: int = 1) -> int:
    """Return the exit status with which the patched pip of a release answers an attack."""
    statuses = _OTHER_STATUSES.get(upstream, {}).items()
    return next((status for status, attacks in statuses if attack in attacks), usual)


def title(project: str, version: str, label: str) -> str:
    """Return the first line of a banner."""
    return f" {project}=={version}; variant_hash={label} ".center(80, "#")


def null_banner(project: str, version: str, label: str) -> str:
    """Return the banner of a null variant, with the empty lines around it."""
    return f"\n{title(project, version, label)}\n{'#' * 80}\n\n"


def banner(label: str, *properties: str) -> str:
    """Return the banner of a variant of torch 2.8.0, with the empty lines around it."""
    lines = [
        title("torch", "2.8.0", label),
        *(f"Variant-property: {text}" for text in properties),
        "#" * 80,
    ]
    return "".join(f"{line}\n" for line in ("", *lines, ""))


def collecting(name: str) -> str:
    """Return pip's lines about a download from the index."""
    return f"Collecting torch\n  Downloading {name} (SIZE)\n"


def would_download(*paths: str) -> str:
    """Return the lines of a dry run about the files of an index that it would download."""
    files = "1 file" if len(paths) == 1 else f"{len(paths)} files"
    lines = [f"  Would download INDEX/{path} (SIZE)\n" for path in paths]
    return "".join([*lines, f"Would download {files} (SIZE)\n"])


def request_lines(server: IndexServer) -> list[str]:
    """Return every request as "GET path status", in order."""
    return [f"{item.method} {item.path} {item.status}" for item in server.requests]


def cross_download(pip: Pip, url: str, platform: str, requirement: str, status: int = 0) -> str:
    """Download for CPython 3.13 on another platform; return all that pip printed."""
    command = ("download", "--dest", "wheels", "--no-deps", "--only-binary=:all:")
    target = ("--python-version", "3.13", "--platform", platform)
    args = (*command, *target, "--index-url", url, requirement)
    output = pip.run(*args, machine=QUERY_FAILS, status=status)
    return output.stdout + output.stderr


def whole_files(server: IndexServer) -> list[str]:
    """Return the paths of the wheels that a server was asked to send whole."""
    return [
        request.path
        for request in server.requests
        if (request.method, request.status) == ("GET", 200) and request.path.endswith(".whl")
    ]


def planned_downloads(output: Output) -> list[str]:
    """Return the paths of the files on an index that a dry run would download."""
    line = re.compile(r"^  Would download INDEX(/\S+)", re.MULTILINE)
    return line.findall(output.stdout)


def downloads(output: Output) -> list[str]:
    """Return the names of the files that pip downloaded, or would download."""
    line = re.compile(r"^ +(?:Downloading|Would download) (?:INDEX/\S*/)?(\S+) \(", re.MULTILINE)
    return line.findall(output.stdout)


def installed_label(pip: Pip) -> str | None:
    """Return the label of the installed torch, or None if a plain wheel is installed."""
    found = json.loads(pip.run("list", "--format=json").stdout)
    (entry,) = (item for item in found if item["name"] == "torch")
    label: str | None = entry.get("variant")
    return label


def write_pip_conf(pip: Pip, text: str) -> Path:
    """Write pip.conf and return its path."""
    path = pip.folder / "pip.conf"
    path.write_text(text)
    return path


def has_driver() -> bool:
    """Return whether an NVIDIA driver is installed on this machine."""
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return False
    return True


without_driver = pytest.mark.skipif(has_driver(), reason="this machine has an NVIDIA driver")
