"""The demo as a user runs it: the story that it tells, and that nothing is left behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from stand_in import write_wheel

DEMO = Path(__file__).parents[1] / "scripts" / "demo.py"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="leftovers are looked for in /proc, as Linux has it"
)

CUDA_129 = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.9"
CUDA_128 = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.8"
CUDA_126 = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.6"
CUDA_125 = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.5"
SM_75 = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH=7.5"
SM_90 = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH=9.0"
SETUP = [
    "# A new venv, with the pip that it came with:",
    "$ pip install -qq dist/pep_xxx_wheel_variants-1.0.0-py3-none-any.whl",
    "$ pip --version",
    "pip 25.1.dev0+pep-xxx-wheel-variants from PLACE",
    "$ variantlib --version",
]
DRY_RUN = "pip install --dry-run torch"


class Box(NamedTuple):
    """Where a demo runs: what it makes must be in `temporary`, and go."""

    temporary: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the demo as the leader of a process group of its own."""
        return subprocess.Popen(
            [sys.executable, str(DEMO), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run the demo to its end; return exit status, stdout and stderr."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    def processes(self) -> list[str]:
        """Return the processes that inherited this box's environment and still run."""
        mark = f"TMPDIR={self.temporary}".encode()
        running = Path("/proc").glob("[0-9]*/environ")
        return [path.parent.name for path in running if _has(path, mark)]

    def assert_nothing_left(self) -> None:
        """Check that the folder and, after a moment for the kernel, the processes are gone."""
        deadline = time.monotonic() + 2
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self.processes() == []
        assert list(self.temporary.iterdir()) == []


def _has(path: Path, mark: bytes) -> bool:
    try:
        return mark in path.read_bytes()
    except OSError:  # it ended meanwhile
        return False


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Set traps: a newer torch in a variable, in a configuration file, and a forced machine."""
    trap = tmp_path / "trap"
    write_wheel(trap, "torch-99-py3-none-any.whl")
    home = tmp_path / "home"
    (home / ".pip").mkdir(parents=True)
    (home / ".pip" / "pip.conf").write_text(f"[install]\nfind-links = {trap}\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    settings = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    links = f"{os.environ.get('PIP_FIND_LINKS', '')} {trap}".strip()
    environment = os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": settings,
        "TMPDIR": str(temporary),
        "PIP_FIND_LINKS": links,
        "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION": "no version",
    }
    return Box(temporary, environment)


def story(transcript: str) -> list[str]:
    """Return the lines that tell what was done and what came of it, without ports and folders."""
    told = re.compile(r"[$#] |pip |Would install |Successfully installed |torch |ERROR|WARNING")
    lines = [line for line in transcript.splitlines() if told.match(line)]
    # What is switched off depends on the machine that the test runs on.
    lines = [line for line in lines if not line.startswith("# Switched off in this venv")]
    lines = [re.sub(r"127\.0\.0\.1:\d+", "HOST", line) for line in lines]
    return [re.sub(r"(?<=from )/.*", "PLACE", line) for line in lines]


def test_the_demo_tells_its_story(box: Box, wheel: Path) -> None:
    """Four machines, four choices, an install that works; exit 0 and nothing left behind."""
    status, out, err = box.run("--wheel", str(wheel))
    assert (status, err) == (0, ""), out
    told = story(out)
    real = told.pop(17)
    assert told == [
        *SETUP,
        "$ pip config set --site global.index-url http://HOST/simple/",
        "# A machine with CUDA 12.9 and compute capability 7.5:",
        f"$ {CUDA_129} {SM_75} {DRY_RUN}",
        "Would install torch-2.8.0-cu129",
        "# A machine with CUDA 12.8 and compute capability 9.0:",
        f"$ {CUDA_128} {SM_90} {DRY_RUN}",
        "Would install torch-2.8.0-cu128",
        "# A machine with CUDA 12.5:",
        f"$ {CUDA_125} {DRY_RUN}",
        "Would install torch-2.8.0-00000000",
        "# This machine as it is:",
        f"$ {DRY_RUN}",
        "# A machine with CUDA 12.9 and compute capability 7.5, now for real:",
        f"$ {CUDA_129} {SM_75} pip install torch",
        "Successfully installed torch-2.8.0-cu129",
        "$ python -c 'import torch'",
        "torch 2.8.0, build cu129",
    ]
    # Whatever GPU the test's machine has, it is one of the builds.
    assert real in {
        f"Would install torch-2.8.0-{x}" for x in ("00000000", "cu126", "cu128", "cu129")
    }
    assert re.search(r"^# Switched off in this venv.*\binstall\.find-links\b", out, re.MULTILINE)
    box.assert_nothing_left()


def test_a_kept_demo_serves_until_interrupted(box: Box, wheel: Path) -> None:
    """The machine asked for is shown, the venv works on while the demo waits, Ctrl-C ends it."""
    with box.start("--wheel", str(wheel), "--cuda", "12.6", "--sm", "9.0", "--keep") as demo:
        assert demo.stdout is not None
        lines = list(
            iter(demo.stdout.readline, "# The index is served until you press Ctrl-C here.\n")
        )
        hint = next(line for line in lines if line.startswith(f"#   {CUDA_126}"))
        clean = {k: v for k, v in box.environment.items() if not k.startswith("PIP_")}
        went_on = subprocess.run(
            ["env", *shlex.split(hint.removeprefix("#"))],
            env=clean,
            check=False,
            capture_output=True,
            text=True,
        )
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=30)
    assert box.processes() == []
    assert (demo.returncode, out, err) == (0, "", "")
    assert story("".join(lines))[:14] == [
        *SETUP,
        "$ pip config set --site global.index-url http://HOST/simple/",
        "# A machine with CUDA 12.6 and compute capability 9.0:",
        f"$ {CUDA_126} {SM_90} {DRY_RUN}",
        "Would install torch-2.8.0-cu126",
        "# A machine with CUDA 12.6 and compute capability 9.0, now for real:",
        f"$ {CUDA_126} {SM_90} pip install torch",
        "Successfully installed torch-2.8.0-cu126",
        "$ python -c 'import torch'",
        "torch 2.8.0, build cu126",
    ]
    assert "Would install torch-2.8.0-cu126\n" in went_on.stdout, went_on.stderr
    (kept,) = box.temporary.iterdir()
    assert sorted(path.name for path in kept.iterdir()) == ["dist", "index", "temporary", "venv"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_cleans_up(box: Box, tmp_path: Path, ending: signal.Signals) -> None:
    """Ctrl-C, or a polite kill, while a step runs: exit 130, nothing left."""
    wheel = write_wheel(tmp_path, "hello-1-py3-none-any.whl")
    with box.start("--wheel", str(wheel)) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline() == "# A new venv, with the pip that it came with:\n"
        # A child of the step's child is writing now: it must not go on after the folder is gone.
        while not any(box.temporary.glob("*/venv/lib/*/site-packages/pip")):
            time.sleep(0.01)
        demo.send_signal(ending)
        _, err = demo.communicate(timeout=30)
    assert (demo.returncode, err) == (130, "demo: interrupted.\n")
    box.assert_nothing_left()


def test_a_missing_wheel_is_one_sentence(box: Box, tmp_path: Path) -> None:
    """A path that leads nowhere ends the demo before it starts."""
    missing = tmp_path / "missing.whl"
    assert box.run("--wheel", str(missing)) == (1, "", f"demo: There is no file {missing}.\n")
    box.assert_nothing_left()


def test_a_failing_step_shows_its_output(box: Box, tmp_path: Path) -> None:
    """The failing command's own words, then one sentence that names it."""
    wheel = tmp_path / "broken-1-py3-none-any.whl"
    wheel.write_bytes(b"no zip")
    status, out, err = box.run("--wheel", str(wheel))
    assert (status, err) == (
        1,
        f"demo: `pip install -qq dist/{wheel.name}` failed with exit status 1.\n",
    )
    shown, command, said = out.partition(f"$ pip install -qq dist/{wheel.name}\n")
    assert shown + command == "\n".join([SETUP[0], f"$ pip install -qq dist/{wheel.name}", ""])
    assert "broken-1-py3-none-any.whl" in said
    box.assert_nothing_left()


def test_a_failing_build_is_one_sentence(box: Box) -> None:
    """Without an index there is no wheel: the builder's own sentence, no traceback."""
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(box.temporary)}
    status, out, err = box._replace(environment=box.environment | nothing).run()
    assert status == 1
    assert [line for line in out.splitlines() if not line.startswith("# ")] == []
    assert re.fullmatch(r"demo: The wheel could not be built: Cannot install hatchling.*\.\n", err)
    box.assert_nothing_left()
