"""Show the variant pip at work, from nothing: `python3 scripts/demo.py`.

Builds the wheel, installs it into a venv in a temporary folder, serves an index with a stand-in for
torch 2.8.0 on a free loopback port and shows, as a user's transcript, what pip chooses on different
machines. Exit status: 0, or 1 if a step failed, with that step's output; nothing is left behind
unless `--keep` is given.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build import BuildError, build_wheel
from stand_in import IndexServer, machine_tag, write_torch_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
# Settings of pip that do not change what it finds or does: they stay as the machine has them.
_HARMLESS = {"cache-dir", "cert", "client-cert", "disable-pip-version-check", "retries", "timeout"}


class StepError(Exception):
    """A step of the demo failed; the text is one sentence, `output` what the step printed."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True, slots=True)
class Machine:
    """What the driver and the GPU are said to be; None is what this machine really has."""

    cuda: str | None = None
    sm: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the provider see this machine."""
        forced = {FORCE_CUDA: self.cuda, FORCE_SM: self.sm}
        return {name: value for name, value in forced.items() if value is not None}

    def __str__(self) -> str:
        said = [f"CUDA {self.cuda}"] if self.cuda else []
        said += [f"compute capability {self.sm}"] if self.sm else []
        return f"A machine with {' and '.join(said)}" if said else "This machine as it is"


MACHINES = (Machine("12.9", "7.5"), Machine("12.8", "9.0"), Machine("12.5"), Machine())


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's folder: the venv in it, and the index."""

    folder: Path

    @property
    def venv(self) -> Path:
        """The venv's folder."""
        return self.folder / "venv"

    @property
    def index(self) -> Path:
        """The served folder."""
        return self.folder / "index"

    def program(self, name: str) -> Path:
        """Return the path of a command of the venv."""
        scripts, suffix = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
        return self.venv / scripts / f"{name}{suffix}"

    def show(self, *command: str, machine: Machine | None = None, configured: bool = False) -> None:
        """Run a command of the venv; print it and its output as a transcript.

        The machine's own pip settings count only if `configured`. Raise StepError if it fails.
        """
        forced = machine.environment if machine else {}
        print("$", *(f"{name}={value}" for name, value in forced.items()), shlex.join(command))
        output = self.run(*command, forced=forced, configured=configured)
        print(output)

    def run(
        self, *command: str, forced: Mapping[str, str] | None = None, configured: bool = False
    ) -> str:
        """Run a command of the venv and return its output; raise StepError if it fails."""
        environment = _environment(configured=configured) | dict(forced or {})
        return self._run(self.program(command[0]), command, environment)

    def make_venv(self) -> None:
        """Make the venv with this interpreter; raise StepError if that fails."""
        command = ("python", "-m", "venv", str(self.venv))
        self._run(Path(sys.executable), command, _environment(configured=True))

    def _run(self, program: Path, command: tuple[str, ...], environment: dict[str, str]) -> str:
        # A group of its own, so that an interrupted step takes its own children along: what an
        # installer writes after the folder is removed would stay.
        with subprocess.Popen(
            [str(program), *command[1:]],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate()
            except BaseException:
                _kill_group(process)
                raise
        if process.returncode:
            failed = f"`{shlex.join(command)}` failed with exit status {process.returncode}."
            raise StepError(failed, output)
        return output


def _kill_group(process: subprocess.Popen[str]) -> None:
    """End a step and what it started (on Windows the step alone)."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


def _environment(*, configured: bool) -> dict[str, str]:
    """Return this process's environment without what changes Python or describes a machine.

    Unless `configured`, also without what configures pip: an index or a folder of wheels named
    there would mix with the demo's index.
    """
    dropped = ("PYTHON", "NV_VARIANT_PROVIDER_") + (() if configured else ("PIP_",))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # A proxy, if one is configured, must not be asked for the loopback address.
    direct = kept.get("NO_PROXY") or kept.get("no_proxy")
    kept["NO_PROXY"] = kept["no_proxy"] = f"{direct},127.0.0.1" if direct else "127.0.0.1"
    kept["PYTHONUTF8"] = kept["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    return kept


def set_up(place: Place, wheel: Path | None) -> None:
    """Make the venv, build the wheel unless one is given, install it, and write the index.

    Raise StepError if one of these fails.
    """
    dist = place.folder / "dist"
    if wheel is None:
        wheel = _build(dist)
    elif wheel.is_file():
        dist.mkdir()
        wheel = Path(shutil.copy(wheel, dist))
    else:
        raise StepError(f"There is no file {wheel}.")
    print("# A new venv, with the pip that it came with:")
    place.make_venv()
    place.show("pip", "install", "-qq", f"dist/{wheel.name}", configured=True)
    write_torch_index(place.index, machine_tag(place.program("python")))


def _build(folder: Path) -> Path:
    try:
        return build_wheel(folder, say=lambda step: print("#", step))
    except (BuildError, OSError) as error:
        raise StepError(f"The wheel could not be built: {error}") from error


def transcript(place: Place, url: str, machines: tuple[Machine, ...]) -> None:
    """Show what a user sees: versions, dry runs on `machines`, an install on the first of them.

    Raise StepError if a command fails.
    """
    place.show("pip", "--version")
    place.show("variantlib", "--version")
    _mute_other_settings(place)
    place.show("pip", "config", "set", "--site", "global.index-url", f"{url}simple/")
    for machine in machines:
        print(f"# {machine}:")
        place.show("pip", "install", "--dry-run", "torch", machine=machine)
    print(f"# {machines[0]}, now for real:")
    place.show("pip", "install", "torch", machine=machines[0])
    place.show("python", "-c", "import torch")


def _mute_other_settings(place: Place) -> None:
    """Switch off, for the demo's venv, what the machine's pip configuration files set.

    A further index or folder of wheels could answer for torch. pip takes an empty value in the
    venv's own file as "not set".
    """
    listed = place.run("pip", "config", "list").splitlines()
    # Only settings of files: no environment, and no warning that pip prints among them.
    found = (re.match(r"([a-z0-9-]+\.[a-z0-9-]+)=", line) for line in listed)
    set_names = [match[1] for match in found if match]
    names = [name for name in set_names if name.partition(".")[2] not in _HARMLESS]
    for name in names:
        place.run("pip", "config", "set", "--site", name, "")
    if names:
        print("# Switched off in this venv, so that only the demo's index answers:", *names)


def keep_serving(place: Place) -> None:
    """Say how to use the venv, and return when the user has had enough."""
    print(f"# venv and index are in {place.folder}, which you remove when you are done.")
    print("# To go on, in another terminal, describe a machine and ask again, for example:")
    configuring = sorted(name for name in os.environ if name.startswith("PIP_"))
    if configuring:
        print("#   unset", *configuring)
    pip = shlex.join([str(place.program("pip")), "install", "--dry-run", "--force-reinstall"])
    print(f"#   {FORCE_CUDA}=12.6 {FORCE_SM}=8.9 {pip} torch")
    print("# The index is served until you press Ctrl-C here.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """Make a temporary folder; remove it at the end, whatever happened, unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="variant-pip-demo-"))
    # A step that is interrupted leaves its own temporary files behind: they go with the folder too.
    temporary = folder / "temporary"
    temporary.mkdir()
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    tempfile.tempdir = None
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Show the variant pip at work.")
    parser.add_argument("--cuda", metavar="V", help="show a machine with this CUDA version instead")
    parser.add_argument("--sm", metavar="V", help="and with a GPU of this compute capability")
    parser.add_argument("--keep", action="store_true", help="keep venv and index, go on serving")
    parser.add_argument("--wheel", type=Path, metavar="PATH", help="use this wheel, build none")
    return parser.parse_args()


def main() -> int:
    """Run the demo and return the exit status."""
    asked = _arguments()
    machines = (Machine(asked.cuda, asked.sm),) if asked.cuda or asked.sm else MACHINES
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="replace")
    # Ended from outside, it cleans up as after Ctrl-C.
    # A shell starts background jobs with SIGINT ignored; it must end the demo all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _folder(keep=asked.keep) as folder, IndexServer(folder / "index") as server:
            place = Place(folder)
            set_up(place, asked.wheel)
            transcript(place, server.url, machines)
            if asked.keep:
                keep_serving(place)
    except StepError as error:
        print(error.output, end="")
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("demo: interrupted.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
