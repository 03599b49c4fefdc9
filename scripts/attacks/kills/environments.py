"""A virtual environment with our wheel, an index beside it, and what runs of pip leave in both."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from build import CHECKOUT, build_wheel, make_environment, releases

from tests.support.stand_in import (
    TORCH_280,
    IndexServer,
    machine_tag,
    write_simple_index,
    write_wheel,
)
from tests.support.stand_in_wheel import Json, dump

OURS = "pep-xxx-wheel-variants"
PROJECT = OURS.replace("-", "_")
_MARK = "PIP_VARIANTS_ATTACK"
_PURE = "py3-none-any"
_COLUMNS = 3
_TIME_LIMIT = 120.0
_UNPACKED = "pip-variants-"
"""How a folder begins in which wheels are unpacked side by side."""
_PLUGIN = """\
from collections import namedtuple
Config = namedtuple("Config", "name values multi_value")
class Plugin:
    namespace = "gpu"
    @classmethod
    def get_supported_configs(cls):
        return [Config("arch", ["b", "a"], True)]
"""
_GPU: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {
        "gpu": {"requires": ["gpu-provider>=1"], "plugin-api": "gpu_provider.plugin:Plugin"}
    },
    "variants": {"fast": {"gpu": {"arch": ["b"]}}, "null": {}},
}
_INSTALLED = ("app==1.0", "torch==2.8.0", "one", "two")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of pip ended: its exit status, and all that it printed."""

    status: int
    output: str

    @property
    def has_traceback(self) -> bool:
        """Whether it ended with an exception that nobody caught."""
        return "Traceback (most recent call last)" in self.output


class Environment:
    """A virtual environment and its folders, all below ``root``, that begin anew for each case.

    ``case`` holds `venv`, `cache`, `tmp`, `home` and `work`, in which pip runs.
    """

    def __init__(self, wheels: Sequence[Path] = ()) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="kill-and-resume-")).resolve()
        self.case = self.root / "case"
        self._wheels = tuple(path.resolve() for path in wheels)
        self.server = IndexServer(self.root / "index")

    @property
    def python(self) -> Path:
        """The interpreter of the virtual environment."""
        return self.case / "venv" / "bin" / "python"

    @property
    def site(self) -> Path:
        """The site directory of the virtual environment."""
        return next(self.case.glob("venv/lib/python*/site-packages"))

    @property
    def upgrade(self) -> Path:
        """The wheel of ours to which the installed one is upgraded."""
        return self._wheels[-1]

    def prepare(self) -> None:
        """Serve the index; make an environment with our wheel, and one with packages besides."""
        if not self._wheels:
            built = self.root / "dist"
            self._wheels = tuple(
                build_wheel(built, checkout=CHECKOUT, upstream=release, report=lambda _: None)
                for release in releases()
            )
        (self.root / "index").mkdir()
        self._clear()
        make_environment(self.case / "venv")
        tag = machine_tag(self.python)
        self._succeed("install", "--no-index", self._wheels[0])
        _write_index(self.root / "index", tag)
        self.server.__enter__()
        self._keep("bare")
        self._succeed("install", *_INSTALLED)
        self._keep("full")

    def close(self) -> None:
        """Stop the server and remove all files."""
        self.server.__exit__(None, None, None)
        shutil.rmtree(self.root)

    def begin(self, template: str) -> None:
        """Begin a case with a new copy of an environment, an empty cache and no other files."""
        self._clear()
        # Hard links: what changes a file here replaces it.
        copy = ("cp", "-al", self.root / template, self.case / "venv")
        subprocess.run(copy, check=True, capture_output=True)

    def start(self, *args: str | Path) -> subprocess.Popen[str]:
        """Start pip, in a process group of its own."""
        return subprocess.Popen(
            [str(part) for part in (self.python, "-m", "pip", *args)],
            env=self._environ(),
            cwd=self.case / "work",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def pip(self, *args: str | Path) -> Ended:
        """Run pip to its end, or to a time limit, which is a status of its own."""
        process = self.start(*args)
        try:
            output, _ = process.communicate(timeout=_TIME_LIMIT)
        except subprocess.TimeoutExpired:
            end_all(self.running())
            output, _ = process.communicate()
        return Ended(process.returncode, output)

    def is_ours(self) -> bool:
        """Return whether the pip of the virtual environment is ours."""
        return OURS.removesuffix("-wheel-variants") in self.pip("--version").output

    def interpreter(self) -> str:
        """Return what an interpreter prints that does nothing."""
        done = subprocess.run(
            [self.python, "-c", "pass"],
            env=self._environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr + ("" if done.returncode == 0 else "failed")

    def running(self) -> list[int]:
        """Return the processes of this environment that have not ended."""
        mark = f"{_MARK}={self.root}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                is_ours = mark in (folder / "environ").read_bytes().split(b"\0")
                if is_ours and (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(int(folder.name))
        return found

    def files(self, *, content: bool = True) -> dict[str, str]:
        """Return each file of the virtual environment and of `work`, with a hash of its content.

        Bytecode has the time of its source in it, and no hash.
        """
        return {
            str(path.relative_to(self.case)): _hash(path) if content else ""
            for part in ("venv", "work")
            for path in _files(self.case / part)
            if not any(name.startswith(("~", _UNPACKED)) for name in path.parts)
        }

    def leftovers(self) -> dict[str, list[str]]:
        """Return what should be nowhere after a run, by place."""
        site = sorted(path.name for path in self.site.iterdir())
        found = {
            "the folder for temporary files": sorted(
                str(path.relative_to(self.case / "tmp")) for path in (self.case / "tmp").rglob("*")
            ),
            "site-packages": [name for name in site if name.startswith("~")],
            "the folder beside the target": [name for name in site if name.startswith(_UNPACKED)],
            "the cache": sorted(
                str(path.relative_to(self.case / "cache"))
                for path in (self.case / "cache").rglob("*")
                if path.name.startswith(".") or path.name.endswith(".tmp")
            ),
        }
        return {place: names for place, names in found.items() if names}

    def damaged(self) -> list[str]:
        """Return, for each distribution that counts as installed, what of it is not there."""
        # What begins with "~" is no distribution to any installer.
        return [text for info in self.site.glob("[!~]*.dist-info") for text in _damage(info)]

    def _environ(self) -> Mapping[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.case / "home"),
            "TMPDIR": str(self.case / "tmp"),
            "PIP_CACHE_DIR": str(self.case / "cache"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": f"{self.server.url}simple/",
            "PIP_ROOT_USER_ACTION": "ignore",
            "NO_PROXY": "127.0.0.1",
            "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "12.9",
            "NV_VARIANT_PROVIDER_FORCE_SM_ARCH": "9.0",
            "ROCM_BOOTSTRAP_DISABLE_DETECTION": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            _MARK: str(self.root),
        }

    def _clear(self) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self.case)
        for name in ("cache", "tmp", "home", "work"):
            (self.case / name).mkdir(parents=True)

    def _keep(self, template: str) -> None:
        shutil.copytree(self.case / "venv", self.root / template, symlinks=True)

    def _succeed(self, *args: str | Path) -> None:
        ended = self.pip(*args)
        if ended.status:
            raise RuntimeError(ended.output)


def end_all(processes: Iterable[int]) -> None:
    """Kill these processes."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def wait_for(processes: Iterable[int], seconds: float) -> list[int]:
    """Return which of these processes have not ended after so many seconds."""
    end = time.monotonic() + seconds
    left = list(processes)
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = [process for process in left if _runs(process)]
    return left


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield Path(parent, name)


def _hash(path: Path) -> str:
    if path.suffix == ".pyc":
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _damage(info: Path) -> Iterator[str]:
    if not (info / "METADATA").is_file() or b"Name:" not in (info / "METADATA").read_bytes():
        yield f"{info.name} has no METADATA"
    if not (info / "RECORD").is_file():
        yield f"{info.name} has no RECORD"
        return
    try:
        rows = list(csv.reader((info / "RECORD").read_text(errors="replace").splitlines()))
    except csv.Error as error:
        yield f"{info.name} has no table as its RECORD: {error}"
        return
    for row in rows:
        path = info.parent / row[0].replace("\0", "") if row else info
        if len(row) != _COLUMNS or not path.is_file():
            yield f"{info.name} has no {path.name}"
        elif row[2] and path.stat().st_size != int(row[2]):
            yield f"{info.name} has another {path.name}"


def _write_index(root: Path, tag: str) -> None:
    """Write the index: torch in variants, an app with dependencies, a provider of a namespace."""
    files = root / "files"
    labels = ("00000000", "cu128", "cu129")
    torch = [
        write_wheel(
            files,
            f"torch-2.8.0-{tag}-{label}.whl",
            variant_json=TORCH_280,
            files=_modules("torch", 12),
        )
        for label in labels
    ]
    (files / "torch-2.8.0-variants.json").write_bytes(dump(TORCH_280))
    apps = [
        write_wheel(
            files,
            f"app-{version}-{_PURE}.whl",
            requires=["torch", "one", "two"],
            files={**_modules("app", 6), **_script("app", version)},
        )
        for version in ("1.0", "1.1")
    ]
    plain = {
        name: [
            write_wheel(
                files,
                f"{name}-{version}-{_PURE}.whl",
                files={**_modules(name, 8), **_script(name, version), **_data(name, version)},
            )
            for version in ("1.0", "2.0")[: 1 if name == "one" else 2]
        ]
        for name in ("one", "two")
    }
    fast = [
        write_wheel(files, f"kernels-1.0-{tag}-{label}.whl", variant_json=_GPU)
        for label in ("fast", "null")
    ]
    (files / "kernels-1.0-variants.json").write_bytes(dump(_GPU))
    entries = b"[variant_plugins]\ngpu = gpu_provider.plugin:Plugin\n"
    provider = write_wheel(
        files,
        f"gpu_provider-1.0-{_PURE}.whl",
        requires=["two"],
        files={
            "gpu_provider/plugin.py": _PLUGIN.encode(),
            "gpu_provider-1.0.dist-info/entry_points.txt": entries,
        },
    )
    write_simple_index(
        root,
        {
            **plain,
            "torch": [*torch, files / "torch-2.8.0-variants.json"],
            "app": apps,
            "kernels": [*fast, files / "kernels-1.0-variants.json"],
            "gpu-provider": [provider],
        },
    )


def _modules(package: str, number: int) -> dict[str, bytes]:
    text = "VALUES = " + json.dumps([*range(200)])
    return {f"{package}/part{count}.py": f"{text}\n".encode() for count in range(number)}


def _script(name: str, version: str) -> dict[str, bytes]:
    entries = f"[console_scripts]\n{name} = {name}.part0:main\n"
    return {f"{name}-{version}.dist-info/entry_points.txt": entries.encode()}


def _data(name: str, version: str) -> dict[str, bytes]:
    return {
        f"{name}-{version}.data/data/share/{name}.txt": b"data\n",
        f"{name}.pth": b"",
        f"z_{name}.py": b"last = True\n",
    }


@dataclass(slots=True)
class InEnvironment:
    """What the families here have in common: the environment that all cases begin with.

    ``wheels`` are of ours, from the one that is installed to its upgrade; none: they are built.
    In the places ``unjudged`` something may be left.
    """

    wheels: Sequence[Path] = ()
    unjudged: Sequence[str] = ()
    _environment: Environment = field(init=False)

    def setup(self) -> None:
        """Make the environment."""
        self._environment = Environment(self.wheels)
        self._environment.prepare()

    def close(self) -> None:
        """Remove it."""
        self._environment.close()
