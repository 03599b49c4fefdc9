"""Variants built, published and installed as README.md says, under CPUs of three x86-64 levels.

The commands of the section for maintainers are taken out of that file and run as they stand; then
each line of our pip and uv install from the folder, served by `http.server`, on each CPU; a build
for a better CPU must die there. Building and serving are not emulated. Nor is
`/proc/cpuinfo`, which uv reads instead of asking the CPU: that of each CPU is written for it.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from build import BuildError, build_wheels, releases
from demo import StepError, Workspace

from . import debian
from .cpus import X86_64
from .debian import Emulated, EmulationError
from .product import Step, run_steps

README = Path(__file__).resolve().parents[2] / "README.md"
UV = "uv==0.13.9"

CPUS = (("qemu64", "v1"), ("Nehalem", "v2"), ("Haswell", "v3"))
"""A CPU of qemu for each level."""

# Counting bits is one instruction from v2 on; v3 has wide registers. With a folder: what becomes of
# a child that takes the extension from there.
_COUNT = """\
import os, subprocess, sys
if sys.argv[1:]:
    environment = {**os.environ, "PYTHONPATH": sys.argv[1]}
    print(subprocess.run([sys.executable, __file__], env=environment).returncode)
else:
    from bitarray import bitarray
    print(bitarray("1011" * 100).count())
"""


def instructions(readme: str) -> tuple[str, list[str]]:
    """Return the `pyproject.toml` and the commands of the section, before a server is started."""
    section = readme.partition("\n## For people who publish variants\n")[2].partition("\n## ")[0]
    blocks = [
        "".join(f"{line[4:]}\n" for line in block.splitlines())
        for block in re.findall(r"(?:^(?: {4}.*)?\n)+", section, re.MULTILINE)
    ]
    toml = next(block for block in blocks if "\n[variant.default-priorities]" in block)
    commands = re.findall(r"^ {4}\$ (.*)$", section, re.MULTILINE)
    server = next(n for n, command in enumerate(commands) if "http.server" in command)
    return f"{toml.strip()}\n", commands[:server]


def steps(level: str, beyond: Sequence[Path]) -> Iterator[Step]:
    """Yield what is tried on a CPU of a level; `beyond` has builds for better ones, unpacked."""
    label = f"x86_64_{level}"
    installed = (f"^Successfully installed bitarray-.*-{label}$",)
    yield Step("pip install --force-reinstall bitarray", installed)
    yield Step("python count.py", ("^300$",))
    for folder in beyond:
        # Minus the number of the signal: an illegal instruction.
        yield Step(f"python count.py {shlex.quote(str(folder))}", ("^-4$",))


def uv_steps(level: str, url: str) -> Iterator[Step]:
    """Yield what is tried with uv on a CPU of a level."""
    options = f"--preview --no-config --no-cache --reinstall --python venv --index-url {url}"
    yield Step(f"uv pip install {options} bitarray", (r"^ [+~] bitarray==",))
    yield Step("python count.py", ("^300$",))
    yield Step("pip variants list", (rf"^bitarray +\S+ +x86_64_{level}\b",))


def check(folder: Path) -> int:
    """Build, publish and install, print what is done, and return the exit status.

    Raise EmulationError if something that is needed is not there.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise EmulationError("--publish needs Linux on x86_64, for which it builds.")
    if shutil.which("cc") is None:
        raise EmulationError("There is no C compiler here (cc), with which bitarray is built.")
    qemu = debian.qemu("x86_64", folder)
    place = folder / "publish"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    try:
        wheels = [*build_wheels(place / "wheels", releases(), report=lambda step: print("#", step))]
        workspaces = [_workspace(place / wheel.name.split("-")[1], wheel) for wheel in wheels]
        simple = _publish(workspaces[-1])
        uv = _uv(place)
    except (BuildError, StepError) as error:
        output = error.output if isinstance(error, StepError) else ""
        raise EmulationError(f"{error}\n{output}".strip()) from error
    with _http_server(simple) as url:
        wrong = _install(workspaces, Emulated(qemu, uv), simple, url)
    return 1 if wrong else 0


def _install(workspaces: Sequence[Workspace], uv: Emulated, simple: Path, url: str) -> int:
    """Install on each CPU, with uv into the last workspace; return how many steps went wrong."""
    builds = {level: _unpacked(simple, level) for _, level in CPUS}
    prefix = simple.parent / "emulated"
    python = Emulated(uv.qemu, _emulated_prefix(workspaces, prefix), prefix / "root")
    wrong = 0
    for workspace in workspaces:
        for number, (cpu, level) in enumerate(CPUS):
            print(f"# {cpu}, with the wheel {workspace.folder.name}:")
            python.write_program(prefix / "bin" / "python", cpu)
            (prefix / "root" / "proc" / "cpuinfo").write_text(cpuinfo(cpu), encoding="ascii")
            beyond = [builds[better] for _, better in CPUS[number + 1 :]]
            wrong += run_steps(workspace, steps(level, beyond), url)
            if workspace is workspaces[-1]:
                uv.write_program(workspace.program("uv"), cpu)
                wrong += run_steps(workspace, uv_steps(level, url), url)
    return wrong


def _workspace(folder: Path, wheel: Path) -> Workspace:
    """Return a workspace whose venv has our wheel, not yet emulated."""
    folder.mkdir()
    workspace = Workspace(folder)
    workspace.make_venv()
    workspace.run("pip", "install", "-qq", str(wheel), configured=True)
    (folder / "count.py").write_text(_COUNT, encoding="utf-8")
    return workspace


def _publish(workspace: Workspace) -> Path:
    """Do what README.md says, and return the folder that is an index."""
    folder = workspace.folder / "author"
    folder.mkdir()
    toml, commands = instructions(README.read_text(encoding="utf-8"))
    (folder / "pyproject.toml").write_text(toml, encoding="utf-8")
    programs = workspace.program("python").parent
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        print("$", command, flush=True)
        done = subprocess.run(
            ["sh", "-c", command],
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        print(done.stdout, end="", flush=True)
        if done.returncode:
            raise StepError(f"`{command}` failed with exit status {done.returncode}.")
    return folder / "simple"


def _uv(place: Path) -> Path:
    """Return uv, installed in an environment of its own."""
    folder = place / "uv"
    folder.mkdir()
    workspace = Workspace(folder)
    workspace.make_venv()
    workspace.run("pip", "install", "-qq", UV, configured=True)
    return workspace.program("uv")


def _unpacked(simple: Path, level: str) -> Path:
    (wheel,) = simple.glob(f"bitarray/*-x86_64_{level}.whl")
    folder = simple.parent / "unpacked" / level
    shutil.unpack_archive(wheel, folder, "zip")
    return folder


def cpuinfo(model: str) -> str:
    """Return `/proc/cpuinfo` of a CPU of x86_64, as far as it decides about levels."""
    (cpu,) = (cpu for cpu in X86_64.cpus if cpu.model == model)
    # Linux has its own name for SSE3.
    flags = " ".join(sorted("pni" if flag == "sse3" else flag for flag in cpu.flags))
    return f"processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: {flags}\n\n"


def _emulated_prefix(workspaces: Sequence[Workspace], prefix: Path) -> Path:
    """Make a prefix with the library of the venvs' Python, and it that of the venvs.

    Return the Python. What lies in the prefix as `python` serves whatever starts that of a venv or,
    as uv does, the one that the venv is of.
    """
    real = workspaces[0].program("python").resolve()
    for name in ("bin", "root/proc"):
        (prefix / name).mkdir(parents=True)
    for name in ("lib", "lib64"):
        if (real.parents[1] / name).is_dir():
            (prefix / name).symlink_to(real.parents[1] / name)
    # A venv calls the Python that it is of by its own name.
    for name in {"python3", real.name} - {"python"}:
        (prefix / "bin" / name).symlink_to("python")
    for workspace in workspaces:
        for link in workspace.program("python").parent.glob("python*"):
            link.unlink()
            link.symlink_to(prefix / "bin" / "python")
        config = workspace.venv / "pyvenv.cfg"
        home = re.sub(r"(?m)^home = .*$", lambda _: f"home = {prefix / 'bin'}", config.read_text())
        config.write_text(home)
    return real


@contextmanager
def _http_server(folder: Path) -> Iterator[str]:
    """Serve a folder with Python's own server, and yield its address."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            # Serving HTTP on 127.0.0.1 port 40759 (http://127.0.0.1:40759/) ...
            line = process.stdout.readline() if process.stdout else ""
            yield line.partition("(")[2].partition(")")[0]
        finally:
            process.terminate()
