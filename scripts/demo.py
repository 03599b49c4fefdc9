"""Show the variant pip at work: `python3 scripts/demo.py`.

Builds the wheel, installs it into a venv in a temporary folder, serves an index with a stand-in for
torch 2.8.0 on a free loopback port and shows, as a user's transcript, what pip selects on different
machines. Exit status: 0, or 1 if a step failed, with that step's output. All files are removed at
the end unless `--keep` is given.
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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where `tests.support` is

from build import BuildError, build_wheel

from tests.support.stand_in import IndexServer, machine_tag, write_torch_index

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORCE_CUDA = "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION"
FORCE_SM = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH"
# Settings of pip that change neither what it finds nor what it does: they stay in force.
_HARMLESS = {"cache-dir", "cert", "client-cert", "disable-pip-version-check", "retries", "timeout"}


class StepError(Exception):
    """A step of the demo failed; the text is one sentence, `output` what the step printed."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


@dataclass(frozen=True, slots=True)
class Machine:
    """The driver and the GPU to simulate; None is what this machine really has."""

    cuda: str | None = None
    sm: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the provider simulates this machine."""
        forced = {FORCE_CUDA: self.cuda, FORCE_SM: self.sm}
        return {name: value for name, value in forced.items() if value is not None}

    def __str__(self) -> str:
        facts = [f"CUDA {self.cuda}"] if self.cuda else []
        facts += [f"compute capability {self.sm}"] if self.sm else []
        return f"A machine with {' and '.join(facts)}" if facts else "This machine as it is"


MACHINES = (Machine("12.9", "7.5"), Machine("12.8", "9.0"), Machine("12.5"), Machine())


@dataclass(frozen=True, slots=True)
class Workspace:
    """The demo's folder, with the venv and the index, and the interpreter that the venv is of."""

    folder: Path
    python: Path = Path(sys.executable)

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
        """Make the venv; raise StepError if that fails."""
        command = ("python", "-m", "venv", str(self.venv))
        self._run(self.python, command, _environment(configured=True))

    def _run(self, program: Path, command: tuple[str, ...], environment: dict[str, str]) -> str:
        # In its own process group, so that an interrupted step ends with all its children: none of
        # them may write files after the folder is removed.
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
    """Return this process's environment without what changes Python or simulates a machine.

    Unless `configured`, also without pip's configuration: a further index or folder of wheels would
    compete with the demo's index.
    """
    dropped = ("PYTHON", "NV_VARIANT_PROVIDER_") + (() if configured else ("PIP_",))
    variables = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    # Requests to the loopback address must not go to a configured proxy.
    direct = variables.get("NO_PROXY") or variables.get("no_proxy")
    no_proxy = f"{direct},127.0.0.1" if direct else "127.0.0.1"
    variables |= {"NO_PROXY": no_proxy, "no_proxy": no_proxy}
    return variables | {"PYTHONUTF8": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def set_up(workspace: Workspace, wheel: Path | None) -> None:
    """Make the venv, build the wheel unless one is given, install it, and write the index.

    Raise StepError if one of these fails.
    """
    dist = workspace.folder / "dist"
    if wheel is None:
        wheel = _build(dist)
    elif wheel.is_file():
        dist.mkdir()
        wheel = Path(shutil.copy(wheel, dist))
    else:
        raise StepError(f"There is no file {wheel}.")
    print("# A new venv, with the pip that it came with:")
    workspace.make_venv()
    workspace.show("pip", "install", "-qq", f"dist/{wheel.name}", configured=True)
    write_torch_index(workspace.index, machine_tag(workspace.program("python")))


def _build(folder: Path) -> Path:
    try:
        return build_wheel(folder, report=lambda step: print("#", step))
    except (BuildError, OSError) as error:
        raise StepError(f"The wheel could not be built: {error}") from error


def transcript(workspace: Workspace, url: str, machines: tuple[Machine, ...]) -> None:
    """Show what a user sees: versions, dry runs on `machines`, an install on the first one.

    Raise StepError if a command fails.
    """
    workspace.show("pip", "--version")
    workspace.show("variantlib", "--version")
    _mute_other_settings(workspace)
    workspace.show("pip", "config", "set", "--site", "global.index-url", f"{url}simple/")
    for machine in machines:
        print(f"# {machine}:")
        workspace.show("pip", "install", "--dry-run", "torch", machine=machine)
    print(f"# {machines[0]}, now for real:")
    workspace.show("pip", "install", "torch", machine=machines[0])
    workspace.show("python", "-c", "import torch")


def _mute_other_settings(workspace: Workspace) -> None:
    """Switch off, for the demo's venv, what the machine's pip configuration files set.

    A further index or folder of wheels may have a torch. pip treats an empty value in the venv's
    own file as "not set".
    """
    listed = workspace.run("pip", "config", "list").splitlines()
    # Only the settings of files, not the warnings that pip prints between them.
    found = (re.match(r"([a-z0-9-]+\.[a-z0-9-]+)=", line) for line in listed)
    set_names = [match[1] for match in found if match]
    names = [name for name in set_names if name.partition(".")[2] not in _HARMLESS]
    for name in names:
        workspace.run("pip", "config", "set", "--site", name, "")
    if names:
        print("# Switched off in this venv, so that only the demo's index is used:", *names)


def keep_serving(workspace: Workspace) -> None:
    """Print how to use the venv; return when the user presses Ctrl-C."""
    print(f"# venv and index are in {workspace.folder}; remove it when you are done.")
    print("# To go on, in another terminal, simulate another machine, for example:")
    configuring = sorted(name for name in os.environ if name.startswith("PIP_"))
    if configuring:
        print("#   unset", *configuring)
    pip = shlex.join([str(workspace.program("pip")), "install", "--dry-run", "--force-reinstall"])
    print(f"#   {FORCE_CUDA}=12.6 {FORCE_SM}=8.9 {pip} torch")
    print("# The index is served until you press Ctrl-C here.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    """Make a temporary folder; remove it at the end, also after an error, unless `keep` is true."""
    folder = Path(tempfile.mkdtemp(prefix="variant-pip-demo-"))
    # An interrupted step does not remove its own temporary files: they go with the folder.
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
    parser.add_argument("--cuda", metavar="V", help="simulate a machine with this CUDA version")
    parser.add_argument("--sm", metavar="V", help="simulate a GPU of this compute capability")
    parser.add_argument(
        "--keep", action="store_true", help="keep venv and index, and go on serving"
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="PATH", help="install this wheel instead of building one"
    )
    return parser.parse_args()


def main() -> int:
    """Run the demo and return the exit status."""
    options = _arguments()
    machines = (Machine(options.cuda, options.sm),) if options.cuda or options.sm else MACHINES
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True, errors="replace")
    # SIGTERM cleans up like Ctrl-C. A shell starts background jobs with SIGINT ignored; it must end
    # the demo there too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _folder(keep=options.keep) as folder, IndexServer(folder / "index") as server:
            workspace = Workspace(folder)
            set_up(workspace, options.wheel)
            transcript(workspace, server.url, machines)
            if options.keep:
                keep_serving(workspace)
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
