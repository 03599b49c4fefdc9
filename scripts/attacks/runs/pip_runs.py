"""Whole runs of an installed pip, many a second: each is a fork of a process that imported it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("pip_process.py")
_OWN = ("pip", "pip_variants")
TIME_LIMIT = 20.0
"""Seconds of one run."""

LARGEST_FILE = 32 << 20
"""Bytes of one file that a run may write; those of the universes have some kilobytes."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of pip: its arguments, what it runs in, and its limits.

    ``prefix`` is the virtual environment that it takes for its own. ``small_disks`` are folders
    and the bytes that fit into them. ``plugin_seconds`` is how long a plugin may take; None: as
    long as it may for users.
    """

    arguments: tuple[str, ...]
    folder: Path
    environ: tuple[tuple[str, str], ...] = ()
    prefix: Path | None = None
    plugin_seconds: float | None = None
    small_disks: tuple[tuple[Path, int], ...] = ()
    encoding: str = "utf-8"

    def request(self, output: Path, modules_file: Path | None = None) -> dict[str, Any]:
        """Return the request for ``pip_process.py``; pip prints to files in ``output``."""
        return {
            "arguments": self.arguments,
            "folder": str(self.folder),
            "environ": dict(self.environ),
            "prefix": str(self.prefix) if self.prefix else None,
            "plugin_seconds": self.plugin_seconds,
            "small_disks": [(str(path), size) for path, size in self.small_disks],
            "encoding": self.encoding,
            "seconds": TIME_LIMIT,
            "file_bytes": LARGEST_FILE,
            "stdout": str(output / "stdout"),
            "stderr": str(output / "stderr"),
            "modules_file": str(modules_file) if modules_file else None,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``status`` is None after TIME_LIMIT, negative after a signal.

    ``memory`` is in bytes, of the largest process; ``left`` are the command lines of processes that
    were alive after it.
    """

    status: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    memory: int
    left: tuple[str, ...] = ()


class PipProcess:
    """The process of one environment; it keeps its output in ``folder``, beside those of its runs.

    Where it is confined, it writes there and to temporary files alone.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.python = python
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [str(python), str(_SCRIPT), str(folder.parent), tempfile.gettempdir()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=dict(environ_of(folder, folder, folder)),
        )

    def run(self, run: Run) -> Outcome:
        """Return how a run ended."""
        return self._outcome(self._ask(run.request(self.folder)))

    def learn(self, run: Run) -> Outcome:
        """Run it and import, for all runs after it, the modules of pip that it has imported."""
        file = self.folder / "modules.json"
        outcome = self._outcome(self._ask(run.request(self.folder, file)))
        with contextlib.suppress(FileNotFoundError):
            names = json.loads(file.read_text(encoding="utf-8"))
            own = [name for name in names if name.partition(".")[0] in _OWN]
            self._ask({"modules": [name for name in own if not name.endswith("__main__")]})
            file.unlink()
        return outcome

    def close(self) -> None:
        """End the process."""
        with self._process, contextlib.suppress(BrokenPipeError):
            if self._process.stdin:
                self._process.stdin.close()

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        pipe, answers = self._process.stdin, self._process.stdout
        if pipe is None or answers is None:
            raise ValueError("the process has no pipes")
        pipe.write(f"{json.dumps(request)}\n")
        pipe.flush()
        answer: dict[str, Any] = json.loads(answers.readline())
        return answer

    def _outcome(self, answer: Mapping[str, Any]) -> Outcome:
        return Outcome(
            status=answer["status"],
            stdout=(self.folder / "stdout").read_bytes(),
            stderr=(self.folder / "stderr").read_bytes(),
            seconds=answer["seconds"],
            memory=answer["bytes"],
            left=tuple(answer["left"]),
        )


def started(python: Path, run: Run) -> Outcome:
    """Return how the same run ends as a process of its own, which the forked ones are held to."""
    done = subprocess.run(
        [str(python), "-m", "pip", *run.arguments],
        cwd=run.folder,
        env=dict(run.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr, 0, 0)


def environ_of(
    home: Path, cache: Path, temporary: Path, **extra: str
) -> tuple[tuple[str, str], ...]:
    """Return the environment of a run, in which nothing of this machine's configuration counts."""
    own: Sequence[tuple[str, str]] = (
        ("HOME", str(home)),
        ("LC_ALL", "C.UTF-8"),
        ("NO_PROXY", "*"),
        ("PATH", "/usr/bin:/bin"),
        ("PIP_CACHE_DIR", str(cache)),
        ("PIP_CONFIG_FILE", "/dev/null"),
        ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ("PIP_ROOT_USER_ACTION", "ignore"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("ROCM_BOOTSTRAP_DISABLE_DETECTION", "1"),
        ("TMPDIR", str(temporary)),
    )
    return (*own, *extra.items())
