"""Measure `make` and `index`: `python3 scripts/bench publish [--size GB] [--wheels N]`.

Makes a wheel of that size and copies it by `cp` and by `make`; makes that many small wheels, of
four labels each, and runs `index --all` on them with an empty cache, then with nothing changed.
Prints seconds, processor seconds and the largest memory of each command.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from build import build_wheel, install, make_environment

from bench.report import table
from bench.tools import clean_environment
from tests.support.stand_in_wheel import Json, write_wheel

_LABELS = ("fast", "slow", "middle")
_DOCUMENT: Json = {
    "default-priorities": {"namespace": ["speed"]},
    "providers": {"speed": {"static-properties": {"level": [*_LABELS]}}},
    "variants": {"null": {}, **{label: {"speed": {"level": [label]}} for label in _LABELS}},
}
_PYPROJECT = """\
[variant.default-priorities]
namespace = ["speed"]

[variant.providers.speed.static-properties]
level = ["fast", "slow", "middle"]
"""
_MIB = 1024 * 1024
_LIBRARIES = 3


def write_large_wheel(folder: Path, mebibytes: int) -> Path:
    """Write a valid wheel of about this size, with libraries that cannot be compressed."""
    path = folder / "large-1.0-py3-none-any.whl"
    small = write_wheel(folder / "small", path.name)
    block = os.urandom(_MIB)
    count = mebibytes // _LIBRARIES
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(block)
    encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    with zipfile.ZipFile(path, "w") as target, zipfile.ZipFile(small) as source:
        rows = []
        for number in range(_LIBRARIES):
            entry = zipfile.ZipInfo(f"large/library{number}.so")
            entry.external_attr = 0o755 << 16
            with target.open(entry, "w", force_zip64=True) as file:
                for _ in range(count):
                    file.write(block)
            rows.append(f"{entry.filename},sha256={encoded},{count * _MIB}\n")
        for name in source.namelist():
            text = source.read(name)
            target.writestr(name, "".join(rows).encode() + text if "RECORD" in name else text)
    return path


def write_small_wheels(root: Path, count: int) -> None:
    """Write this many wheels, those of ten projects, each in a folder of its own."""
    for number in range(count):
        version, label = divmod(number // 10, 4)
        project = f"project_{number % 10}"
        name = f"{project}-{version}.0-py3-none-any-{('null', *_LABELS)[label]}.whl"
        folder = root / project.replace("_", "-")
        write_wheel(folder, name, variant_json=_DOCUMENT, requires_python=">=3.9")


def measured(title: str, command: Sequence[str | Path], folder: Path) -> tuple[str, ...]:
    """Return the row of a command: seconds, processor seconds, memory."""
    os.sync()  # what others wrote is not counted
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=clean_environment(), stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, [*map(str, command)])
    memory = usage.ru_maxrss / (1024 if sys.platform != "darwin" else _MIB)
    processor = usage.ru_utime + usage.ru_stime
    return title, f"{seconds:.1f}", f"{processor:.1f}", f"{memory:.0f} MB"


def main(arguments: list[str]) -> None:
    """Print the table; raise BuildError, CalledProcessError or OSError."""
    parser = argparse.ArgumentParser(
        prog="bench publish", description="Measure `pip variants make` and `pip variants index`."
    )
    parser.add_argument("--size", type=float, default=5, metavar="GB", help="of the wheel (5)")
    parser.add_argument("--wheels", type=int, default=10_000, help="number of small ones (10000)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pip-bench-publish-") as temp:
        folder = Path(temp)
        python = make_environment(folder / "venv")
        install(python, str(build_wheel(folder / "built")))
        (folder / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
        wheel = write_large_wheel(folder, int(options.size * 1024))
        pip: tuple[str | Path, ...] = (python, "-m", "pip", "--cache-dir", folder / "cache")
        made = ("--label", "fast", "-p", "speed :: level :: fast", wheel)
        rows = [measured(f"copy of {options.size:g} GB", ("cp", wheel, "copy"), folder)]
        (folder / "copy").unlink()
        rows.append(measured("make", (*pip, "variants", "make", *made), folder))
        write_small_wheels(folder / "simple", options.wheels)
        command = (*pip, "variants", "index", "--all", "simple")
        rows += [
            measured(f"index of {options.wheels:,} wheels, {state}", command, folder)
            for state in ("cold", "again", "unchanged")
        ]
    print(table(["", "seconds", "processor", "memory"], rows), end="")
