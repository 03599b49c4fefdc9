"""Real interpreters and real virtual environments for the tests."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import hatch_build

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
THIS_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
RELEASES = {
    release.wheel_version: release for release in hatch_build.releases(Path(__file__).parents[2])
}
"""The patched releases of pip by the version of our wheel."""

# Variables of the caller that would change what a child process does.
_CALLERS_VARIABLES = re.compile(
    r"(PIP|PYTHON|HATCH|VIRTUAL_ENV|PYENV|COV|ROCM|ROCR|HSA).*|_PIP.*|[A-Z]+_VARIANT_PROVIDER_.*"
)


def online_env(**extra: str) -> dict[str, str]:
    """Return an environment in which pip uses the index that this machine configures."""
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if name.startswith("PIP_") or not _CALLERS_VARIABLES.fullmatch(name)
        },
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def offline_env(**extra: str) -> dict[str, str]:
    """Return an environment in which pip has no index, no configuration and no AMD GPU."""
    return {
        **{name: value for name, value in online_env().items() if not name.startswith("PIP_")},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INDEX": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "ROCM_BOOTSTRAP_DISABLE_DETECTION": "1",
        **extra,
    }


def run(
    *command: str | Path,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    status: int = 0,
    quiet: bool = True,
) -> str:
    """Run *command*, offline unless *env* is given, and return its output.

    It must exit with *status* and, if *quiet*, print nothing to stderr.
    """
    done = subprocess.run(
        [str(part) for part in command],
        env=offline_env() if env is None else env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == status, output
    assert not (quiet and done.stderr), output
    return output


@cache
def interpreter(version: str) -> Path | None:
    """Return a Python of this version that starts: this one, one on PATH, or one of pyenv's."""
    if version == THIS_PYTHON:
        return Path(sys._base_executable)  # type: ignore[attr-defined] # typeshed leaves it out
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    # A shim of pyenv exists for every installed version and starts only the selected ones.
    real = Path(found).parent.parent.glob(f"versions/{version}.*/bin/python{version}")
    for candidate in (Path(found), *sorted(real)):
        done = subprocess.run(
            [candidate, "-I", "-c", "import ensurepip, sys; print(sys.executable)"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return Path(done.stdout.strip())
    return None


# Runs a test once with each Python we support, as the argument `python`: "3.11".
each_python = pytest.mark.parametrize(
    "python",
    [
        pytest.param(
            version,
            marks=pytest.mark.skipif(
                interpreter(version) is None, reason=f"no python{version} on PATH that starts"
            ),
        )
        for version in PYTHONS
    ],
)


@dataclass(frozen=True, slots=True)
class Venv:
    """A virtual environment on disk."""

    root: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.root / "bin" / "python"

    @property
    def site(self) -> Path:
        """Its site directory."""
        return next(self.root.glob("lib/python*/site-packages"))

    @property
    def patched(self) -> str:
        """The output of `pip --version` where the patched pip runs."""
        python = self.site.parent.name.removeprefix("python")
        location = f"{self.site}/pip_variants/_vendor/pip"
        return f"pip {self.release.pip_version} from {location} (python {python})\n"

    @property
    def release(self) -> hatch_build.Release:
        """The release of pip in our wheel, by the version of the installed wheel."""
        (info,) = self.site.glob("pep_xxx_wheel_variants-*.dist-info")
        return RELEASES[info.name.removesuffix(".dist-info").rpartition("-")[2]]

    @property
    def stock(self) -> str:
        """The output of `pip --version` where the stock pip runs."""
        python = self.site.parent.name.removeprefix("python")
        (info,) = self.site.glob("pip-*.dist-info")
        version = info.name.removeprefix("pip-").removesuffix(".dist-info")
        return f"pip {version} from {self.site}/pip (python {python})\n"

    def run(
        self, *args: str | Path, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        """Run its interpreter with *args* and return stdout; it must succeed without a warning."""
        return run(self.python, *args, env=env, cwd=cwd)

    def version(self, *options: str, **extra: str) -> str:
        """Return the output of `python -m pip --version`, with these options of the interpreter."""
        return self.run(*options, "-m", "pip", "--version", env=offline_env(**extra))

    def install(self, *args: str | Path, env: dict[str, str] | None = None) -> str:
        """Install with `bin/pip` and return its output."""
        return run(self.root / "bin" / "pip", "install", *args, env=env)

    def copy(self, root: Path, *, link: bool = False) -> Venv:
        """Return a copy of it at *root*.

        With *link* it shares its library files (hard links), which is several times as fast: the
        copy may get and lose files, but none of them may be changed in place.
        """
        library = str(self.root / "lib")

        def copy_file(source: str, target: str) -> None:
            if link and source.startswith(library):
                os.link(source, target)
            else:
                shutil.copy2(source, target)

        shutil.copytree(self.root, root, symlinks=True, copy_function=copy_file)
        for script in (root / "bin").iterdir():
            if not script.is_symlink() and script.is_file():
                script.write_bytes(script.read_bytes().replace(bytes(self.root), bytes(root)))
        return Venv(root)

    def files(self) -> dict[str, str]:
        """Return every path below it, with the sha256 of each file; "" for a folder."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            if path.is_file()
            else ""
            for path in self.root.rglob("*")
        }


def make_venv(root: Path, python: Path, *options: str) -> Venv:
    """Create a virtual environment, with `python -m venv` and these options, and return it."""
    run(python, "-m", "venv", *options, root)
    return Venv(root)


def once(path: Path, make: Callable[[Path], object]) -> Path:
    """Return *path* after exactly one process of this test run has called *make* with it."""
    done = path.with_name(f"{path.name}.done")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(path)
            done.touch()
    return path
