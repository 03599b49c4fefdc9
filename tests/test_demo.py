"""The demo as a user runs it: its transcript, its errors, and that no files or processes remain."""

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

from tests.support.stand_in import write_wheel
from tests.support.waiting import becomes

DEMO = Path(__file__).parents[1] / "scripts" / "demo.py"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="remaining processes are found in the /proc of Linux"
)

of_the_default_release = pytest.mark.parametrize("upstream", ["25.1.1"], indirect=True)

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
    """The environment of a demo; all its files must be in `temporary`, and be removed."""

    temporary: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the demo in its own process group."""
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
        """Return the running processes that inherited the environment of this box."""
        mark = f"TMPDIR={self.temporary}".encode()
        running = Path("/proc").glob("[0-9]*/environ")
        return [path.parent.name for path in running if _has(path, mark)]

    def assert_nothing_left(self) -> None:
        """Check that no file is left and soon no process."""
        becomes(self.processes, [])
        assert list(self.temporary.iterdir()) == []


def _has(path: Path, mark: bytes) -> bool:
    try:
        return mark in path.read_bytes()
    except OSError:  # the process has ended
        return False


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """Configure a newer torch by a variable and by a file, and simulate a machine by a variable."""
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
    """Return the commands and their results, without ports and folders."""
    shown = re.compile(r"[$#] |pip |Would install |Successfully installed |torch |ERROR|WARNING")
    lines = [line for line in transcript.splitlines() if shown.match(line)]
    # The settings that are switched off depend on the machine that runs the test.
    lines = [line for line in lines if not line.startswith("# Switched off in this venv")]
    lines = [re.sub(r"127\.0\.0\.1:\d+", "HOST", line) for line in lines]
    return [re.sub(r"(?<=from )/.*", "PLACE", line) for line in lines]


@of_the_default_release
def test_demo_selects_a_variant_for_each_of_four_machines(box: Box, wheel: Path) -> None:
    """Four dry runs and an install that works; exit status 0 and no files left."""
    status, out, err = box.run("--wheel", str(wheel))
    assert (status, err) == (0, ""), out
    lines = story(out)
    real = lines.pop(17)
    assert lines == [
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
    # The GPU of the test's machine decides which variant this is.
    assert real in {
        f"Would install torch-2.8.0-{x}" for x in ("00000000", "cu126", "cu128", "cu129")
    }
    assert re.search(r"^# Switched off in this venv.*\binstall\.find-links\b", out, re.MULTILINE)
    box.assert_nothing_left()


@of_the_default_release
def test_demo_with_keep_serves_until_interrupted(box: Box, wheel: Path) -> None:
    """The given machine is simulated, the venv works while the demo waits, Ctrl-C ends it."""
    with box.start("--wheel", str(wheel), "--cuda", "12.6", "--sm", "9.0", "--keep") as demo:
        assert demo.stdout is not None
        lines = list(
            iter(demo.stdout.readline, "# The index is served until you press Ctrl-C here.\n")
        )
        hint = next(line for line in lines if line.startswith(f"#   {CUDA_126}"))
        clean = {k: v for k, v in box.environment.items() if not k.startswith("PIP_")}
        done = subprocess.run(
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
    assert "Would install torch-2.8.0-cu126\n" in done.stdout, done.stderr
    (folder,) = box.temporary.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["dist", "index", "temporary", "venv"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_demo_removes_files_and_processes(
    box: Box, tmp_path: Path, ending: signal.Signals
) -> None:
    """SIGINT or SIGTERM while a step runs: exit status 130, no files and no processes left."""
    wheel = write_wheel(tmp_path, "hello-1-py3-none-any.whl")
    with box.start("--wheel", str(wheel)) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline() == "# A new venv, with the pip that it came with:\n"
        # A child of the step's child writes now: it must end before the folder is removed.
        while not any(box.temporary.glob("*/venv/lib/*/site-packages/pip")):
            time.sleep(0.01)
        demo.send_signal(ending)
        _, err = demo.communicate(timeout=30)
    assert (demo.returncode, err) == (130, "demo: interrupted.\n")
    box.assert_nothing_left()


def test_missing_wheel_is_reported_in_one_sentence(box: Box, tmp_path: Path) -> None:
    """The demo ends before it makes anything."""
    missing = tmp_path / "missing.whl"
    assert box.run("--wheel", str(missing)) == (1, "", f"demo: There is no file {missing}.\n")
    box.assert_nothing_left()


def test_failing_step_shows_its_output_and_its_command(box: Box, tmp_path: Path) -> None:
    """The output of the failing command, then one sentence that names it."""
    wheel = tmp_path / "broken-1-py3-none-any.whl"
    wheel.write_bytes(b"no zip")
    status, out, err = box.run("--wheel", str(wheel))
    assert (status, err) == (
        1,
        f"demo: `pip install -qq dist/{wheel.name}` failed with exit status 1.\n",
    )
    shown, command, output = out.partition(f"$ pip install -qq dist/{wheel.name}\n")
    assert shown + command == "\n".join([SETUP[0], f"$ pip install -qq dist/{wheel.name}", ""])
    assert "broken-1-py3-none-any.whl" in output
    box.assert_nothing_left()


def test_failing_build_is_reported_in_one_sentence(box: Box) -> None:
    """Without an index the wheel cannot be built: the sentence of the build, no traceback."""
    nothing = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(box.temporary)}
    status, out, err = box._replace(environment=box.environment | nothing).run()
    assert status == 1
    assert [line for line in out.splitlines() if not line.startswith("# ")] == []
    assert re.fullmatch(r"demo: The wheel could not be built: Cannot install hatchling.*\.\n", err)
    box.assert_nothing_left()
