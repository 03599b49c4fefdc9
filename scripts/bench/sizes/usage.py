"""What one run of a command used, measured by `launch.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """Exit status, seconds, bytes, and the end of the output; `launch.py` says what each one is."""

    status: int
    seconds: float
    cpu: float
    largest: int
    together: int
    temporary: int
    output: str

    @property
    def memory(self) -> int:
        """The peak of the memory: of the largest process, or of all if that is more."""
        return max(self.largest, self.together)


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Usage:
    """Run a command to its end, with a new empty TMPDIR in *folder*, and return what it used."""
    temporary, result, output = folder / "tmp", folder / "usage.json", folder / "output.txt"
    temporary.mkdir()
    launch = [sys.executable, "-I", "-S", str(_LAUNCHER), *map(str, (result, temporary, output))]
    with subprocess.Popen(
        [*launch, *command],
        # `python -m` puts the current folder first on sys.path.
        cwd=temporary,
        env={**environment, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
    ) as process:
        try:
            process.wait()
        except BaseException:
            process.terminate()
            raise
    text = output.read_text(encoding="utf-8", errors="replace")
    return Usage(**json.loads(result.read_bytes()), output=text)
