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

PYTHONS = ("3.10", "3.11", "3.12", "3.13")
THIS_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
VERSION = "25.1.dev0+pep-xxx-wheel-variants"

# What would make a child process another one than the test describes.
_CALLERS_OWN = re.compile(r"(PIP|PYTHON|HATCH|VIRTUAL_ENV|PYENV|COV).*|_PIP.*|NV_VARIANT.*")


def online_env(**extra: str) -> dict[str, str]:
    """Return an environment in which pip finds the index that this machine is set up for."""
    kept = {key: value for key, value in os.environ.items() if not _CALLERS_OWN.fullmatch(key)}
    kept |= {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    return kept | {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        **extra,
    }


def offline_env(**extra: str) -> dict[str, str]:
    """Return an environment in which pip knows no index and no configuration."""
    kept = {key: value for key, value in online_env().items() if not key.startswith("PIP_")}
    return kept | {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INDEX": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        **extra,
    }


def run(
    *command: str | Path,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    status: int = 0,
    quiet: bool = True,
) -> str:
    """Run *command*, offline unless *env* says otherwise, and return what it said.

    It must end with *status* and, unless it may be loud, leave stderr empty.
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
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert not (quiet and done.stderr), said
    return said


@cache
def interpreter(version: str) -> Path | None:
    """Return a Python of this version that starts: ours, or from PATH, or a pyenv behind PATH."""
    if version == THIS_PYTHON:
        return Path(sys._base_executable)  # type: ignore[attr-defined] # typeshed leaves it out
    found = shutil.which(f"python{version}")
    if found is None:
        return None
    # A shim of pyenv exists for every installed version and starts only the selected ones.
    behind = Path(found).parent.parent.glob(f"versions/{version}.*/bin/python{version}")
    for candidate in (Path(found), *sorted(behind)):
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
        """What `pip --version` prints while the patched pip is in charge."""
        python = self.site.parent.name.removeprefix("python")
        return f"pip {VERSION} from {self.site}/pip_variants/_vendor/pip (python {python})\n"

    @property
    def stock(self) -> str:
        """What `pip --version` prints while the stock pip is in charge."""
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
        """Return what `python -m pip --version` prints, with these options of the interpreter."""
        return self.run(*options, "-m", "pip", "--version", env=offline_env(**extra))

    def install(self, *args: str | Path, env: dict[str, str] | None = None) -> str:
        """Install with `bin/pip` and return what it said."""
        return run(self.root / "bin" / "pip", "install", *args, env=env)

    def copy(self, root: Path) -> Venv:
        """Return a copy of it at *root*."""
        shutil.copytree(self.root, root, symlinks=True)
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
    """Return *path*, made by *make* in exactly one of the processes of this test run."""
    done = path.with_name(f"{path.name}.done")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(path)
            done.touch()
    return path
