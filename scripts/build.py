"""Build the wheel: `python3 scripts/build.py [--upstream VERSION | --all]` writes it to dist/.

Needs only Python 3.10 or later and a package index that pip can reach: the build backend goes into
a temporary environment. dist/ gets a complete wheel or, if the build fails, stays as it was.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent

# Variables of the caller that would change what the children build, or where they write it.
_DROPPED = re.compile(r"HATCH_.*|PYTHON(PATH|HOME)|PIP_(TARGET|PREFIX|ROOT|DRY_RUN|PYTHON)")


# Selects an upstream release in hatch_build.py.
_UPSTREAM = "PIP_VARIANTS_UPSTREAM"


class BuildError(Exception):
    """The wheel cannot be built; the text is one sentence for the user."""


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def build_requirements(pyproject: str) -> list[str]:
    """Return `build-system.requires` of the text of a pyproject.toml; raise BuildError."""
    return toml_array(pyproject.partition("[build-system]\n")[2], "requires")


def toml_array(text: str, key: str) -> list[str]:
    """Return the first array of strings with this key in a TOML text; raise BuildError.

    Python 3.10 has no TOML reader; such an array is the same in TOML and in Python.
    """
    match = re.search(rf"^{key} = (\[.*?\])$", text, re.MULTILINE | re.DOTALL)
    if not match:
        raise BuildError(f"There is no array `{key}` where one is expected.")
    return [str(item) for item in ast.literal_eval(match[1])]


def toml_string(text: str, key: str) -> str:
    """Return the first string with this key in a TOML text; raise BuildError."""
    match = re.search(rf'^{key} = "([^"]*)"', text, re.MULTILINE)
    if not match:
        raise BuildError(f"There is no string `{key}` where one is expected.")
    return match[1]


def series_of(upstream: str, checkout: Path = CHECKOUT) -> Path:
    """Return the series.toml of a release; raise BuildError if there are no patches for it."""
    for path in (checkout / "patches").glob("*/series.toml"):
        if toml_string(path.read_text(encoding="utf-8"), "upstream") == upstream:
            return path
    known = ", ".join(releases(checkout))
    raise BuildError(f"There are no patches for pip {upstream}, only for {known}.")


def releases(checkout: Path = CHECKOUT) -> tuple[str, ...]:
    """Return the upstream releases for which there are patches, the default one first."""
    found = {}
    for path in sorted((checkout / "patches").glob("*/series.toml")):
        text = path.read_text(encoding="utf-8")
        is_default = re.search(r"^default = true\b", text, re.MULTILINE) is not None
        found[toml_string(text, "upstream")] = is_default
    return tuple(sorted(found, key=lambda upstream: (not found[upstream], version_key(upstream))))


def version_key(release: str) -> tuple[int, ...]:
    """Return the key that sorts final releases of pip by their version."""
    return tuple(int(number) for number in re.findall("[0-9]+", release))


def build_wheel(
    out_dir: Path,
    *,
    checkout: Path = CHECKOUT,
    upstream: str | None = None,
    report: Callable[[str], object] = print,
) -> Path:
    """Build one wheel of *checkout* and return its path in *out_dir*.

    *upstream* is the release of pip to patch, None the default one. *report* gets a line for each
    step. Raise BuildError if a step fails; *out_dir* is then unchanged.
    """
    chosen = (upstream or releases(checkout)[0],)
    (wheel,) = build_wheels(out_dir, chosen, checkout=checkout, report=report)
    return wheel


def build_wheels(
    out_dir: Path,
    upstreams: Sequence[str],
    *,
    checkout: Path = CHECKOUT,
    report: Callable[[str], object] = print,
) -> Iterator[Path]:
    """Build a wheel for each of these releases of pip, all in one environment; yield their paths.

    Raise BuildError, before the first step if there are no patches for one of them.
    """
    for upstream in upstreams:
        series_of(upstream, checkout)
    requires = build_requirements((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="pip-variants-") as temp:
        report(f"Creating a build environment with Python {sys.version.split()[0]}")
        python = make_environment(Path(temp, "env"))
        report(f"Installing {', '.join(requires)}")
        install(python, *requires)
        for upstream in upstreams:
            report(f"Fetching and patching pip {upstream}, packing the wheel")
            built = Path(temp, upstream)
            hatchling = (str(python), "-m", "hatchling", "build", "-t", "wheel", "-d", str(built))
            run("", hatchling, checkout, {_UPSTREAM: upstream})
            (wheel,) = built.glob("*.whl")
            yield _publish(wheel, out_dir)


def fetch_pip(version: str, folder: Path) -> Path:
    """Return upstream's wheel of a version of pip, downloaded to *folder*; raise BuildError."""
    python = make_environment(folder / "env")
    command = (str(python), "-m", "pip", "--disable-pip-version-check", "download", "--quiet")
    options = ("--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest")
    run(f"Cannot fetch pip {version}", (*command, *options, str(folder), f"pip=={version}"), folder)
    return next(folder.glob("pip-*.whl"))


def make_environment(folder: Path) -> Path:
    """Make a virtual environment with pip, return its interpreter; raise BuildError on failure."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", "venv", str(folder))
    run("Cannot create a virtual environment", command, folder.parent)
    return python_of(folder)


def install(python: Path, *arguments: str) -> None:
    """Install with the pip of an environment and its index; raise BuildError on failure."""
    pip = (str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(f"Cannot install {', '.join(arguments)}", (*pip, *arguments), python.parent)


def run(
    failure: str, command: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None
) -> None:
    """Run *command* silently; if it fails, raise BuildError with its last error message.

    With an empty *failure* that message is the whole sentence. *variables* are added to the
    environment.
    """
    env = {key: value for key, value in os.environ.items() if not _DROPPED.fullmatch(key)}
    env |= {"PIP_USER": "0", "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env |= variables or {}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        lines = done.stdout.strip().splitlines() or [f"exit status {done.returncode}"]
        errors = [line for line in lines if line.startswith("ERROR: ")]
        error = (errors or lines)[-1].removeprefix("ERROR: ").rstrip(".")
        raise BuildError(f"{failure}: {error}." if failure else f"{error}.")


def _publish(wheel: Path, out_dir: Path) -> Path:
    """Move *wheel* to *out_dir* atomically, replacing an older one, and return its new path."""
    out_dir.mkdir(parents=True, exist_ok=True)
    # Only a rename is atomic, and only within one file system.
    with tempfile.TemporaryDirectory(prefix=".pip-variants-", dir=out_dir.parent) as near:
        copy = shutil.copy(wheel, near)
        return Path(copy).replace(out_dir / wheel.name)


def main() -> int:
    """Build into dist/; return the exit status."""
    parser = argparse.ArgumentParser(description="Build the wheel into dist/.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--upstream", metavar="VERSION", help="the release of pip to patch")
    group.add_argument("--all", action="store_true", help="one wheel for each release of pip")
    arguments = parser.parse_args()
    try:
        known = releases()
        chosen = known if arguments.all else (arguments.upstream or known[0],)
        start = time.monotonic()
        for wheel in build_wheels(CHECKOUT / "dist", chosen):
            seconds = time.monotonic() - start
            print(f"Built {wheel} ({wheel.stat().st_size:,} bytes) in {seconds:.0f} s")
            start = time.monotonic()
    except (BuildError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
