"""Downloads, unpacking and requests side by side: what they leave, save and never do."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.indexes import PURE_TAG, torch_files
from tests.e2e.pips import Pip, request_lines
from tests.e2e.running import environment, leftovers, on_linux, started, wait_until
from tests.support.index_server import IndexServer, _Handler
from tests.support.stand_in import Listed, Reply, dump, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json
from tests.support.venvs import Venv

MEGABYTE = 1_000_000
pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")


@dataclass
class Line:
    """The connections to a server: what breaks them, and what they have carried.

    A response with more than ``breaks_after`` bytes breaks there. Between blocks of 64 kB is a
    ``pause`` in seconds. ``broken`` is called whenever a connection breaks.
    """

    breaks_after: int | None = None
    pause: float = 0.0
    respects_if_range: bool = False
    broken: Callable[[], None] = lambda: None
    sent: dict[str, int] = field(default_factory=collections.Counter)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    """Every request by its path and headers, when it has come."""
    counted: str = ""
    """How the paths end whose responses are counted: now, and the most at once."""
    most: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, server: IndexServer) -> Line:
        """Use this line for a server, and return it."""
        line = self

        class Handler(_Handler):
            def _respond(self) -> None:
                with line.lock:
                    line.now += self.path.endswith(line.counted)
                    line.most = max(line.most, line.now)
                self._respond_by(line)

            def _respond_by(self, line: Line) -> None:
                body = self.server.index.source(self.path)
                etag = f'"{hashlib.sha256(body or b"").hexdigest()[:32]}"'
                if line.respects_if_range and self.headers.get("If-Range", etag) != etag:
                    del self.headers["Range"]
                headers = {name.lower(): value for name, value in self.headers.items()}
                line.requests.append((self.path, headers))
                wire = _Wire(self, line)
                sock, self.wfile = self.wfile, wire  # type: ignore[assignment]
                try:
                    super()._respond()
                finally:
                    self.wfile = sock
                    wire.end()

        server._http.RequestHandlerClass = Handler
        return self


class _Wire:
    """Writes to the connection of a handler as its line allows."""

    def __init__(self, handler: _Handler, line: Line) -> None:
        self._write = handler.wfile.write
        self._handler = handler
        self._line = line
        self._is_body = False
        self._is_at_end = False

    def end(self) -> None:
        """Count the response as over, before the client can send another request."""
        with self._line.lock:
            is_counted = self._handler.path.endswith(self._line.counted)
            self._line.now -= is_counted and not self._is_at_end
            self._is_at_end = True

    def write(self, data: bytes) -> None:
        """Write headers, then the body."""
        if not self._is_body:
            self._is_body = True
            self._write(data)
            return
        line, path = self._line, self._handler.path
        end = len(data) if line.breaks_after is None else min(len(data), line.breaks_after)
        step = 65536 if line.pause else max(end, 1)
        for start in range(0, end, step):
            block = data[start : min(end, start + step)]
            if start + step >= end:
                self.end()
            self._write(block)
            line.sent[path] = line.sent.get(path, 0) + len(block)
            if line.pause and self._handler.server.index.stopping.wait(line.pause):
                raise ConnectionError
        if end < len(data):
            line.broken()
            raise ConnectionError

    def flush(self) -> None:
        """Do nothing: there is no buffer."""


def noise(size: int, seed: int = 0) -> bytes:
    """Return bytes that cannot be compressed, always the same ones."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - nothing is secret


def write_index(
    root: Path,
    tag: str,
    projects: Mapping[str, Sequence[Path]],
    *,
    hashed: bool = True,
    core_metadata: bool = True,
) -> None:
    """Write an index of torch's variant cu129 and other projects.

    Without ``core_metadata`` it is read by range requests, by which the sizes become known.
    """
    wheel, variants_json = torch_files(root / "files", tag, ["cu129"])
    pages = {
        name: [Listed(path, core_metadata=core_metadata, hashed=hashed) for path in paths]
        for name, paths in projects.items()
    }
    pages["torch"] = [Listed(wheel, core_metadata=True), Listed(variants_json)]
    write_simple_index(root, pages)


def large_wheel(folder: Path, name: str, size: int = MEGABYTE, version: str = "1.0") -> Path:
    """Write a wheel of this size and return its path."""
    data = {f"{name}/data.bin": noise(size, len(name))}
    return write_wheel(folder, f"{name}-{version}-{PURE_TAG}.whl", files=data)


def write_parts(folder: Path, version: str, extra: Mapping[str, bytes]) -> Path:
    """Write a wheel that has one of everything and return its path."""
    data, info = f"parts-{version}.data", f"parts-{version}.dist-info"
    script = b"#!python\nimport parts\n"
    path = write_wheel(
        folder,
        f"parts-{version}-{PURE_TAG}.whl",
        files={
            "parts/empty.py": b"",
            "parts/broken.py": b"x = = 1\n",
            "parts/deep/er/module.py": b"def f():\n    return 1\n",
            "parts/deep/er/py.typed": b"",
            "parts/tool.sh": b"#!/bin/sh\n",
            "parts/run.py": b"#!/usr/bin/env python\n",
            "parts/twice.py": b"x = 1\n",
            "parts/lib.so": noise(100_000),
            "parts/names/h\u00e9.py": b"x = 1\n",
            f"{data}/scripts/parts-script": script,
            f"{data}/scripts/parts-binary": b"\x7fELF",
            f"{data}/data/share/parts/file.txt": b"data\n",
            f"{data}/purelib/parts_more/__init__.py": b"y = 2\n",
            f"{data}/headers/parts.h": b"/* */\n",
            f"{info}/entry_points.txt": b"[console_scripts]\nparts-run = parts:main\n",
            f"{info}/licenses/LICENSE": b"MIT\n",
            **extra,
        },
    )
    executable = {"parts/tool.sh", "parts/run.py", f"{data}/scripts/parts-script"}
    with zipfile.ZipFile(path) as archive:
        members = [(item, archive.read(item)) for item in archive.infolist()]
    members += [(item, content) for item, content in members if item.filename == "parts/twice.py"]
    with zipfile.ZipFile(path, "w") as archive:
        for item, content in members:
            item.compress_type = zipfile.ZIP_DEFLATED
            if item.filename in executable:
                item.external_attr = 0o100755 << 16
            archive.writestr(item, content)
    return path


def tree(root: Path, *, without: str = "torch") -> dict[str, object]:
    """Return every path below a folder with mode and content; of bytecode only that it is there.

    The path of the interpreter in scripts is left out, with what depends on it in RECORD.
    """
    found: dict[str, object] = {}
    for path in sorted(path for path in root.rglob("*") if without not in str(path)):
        name = str(path.relative_to(root))
        if path.suffix == ".pyc":
            found[name] = None
            continue
        content = b"" if path.is_dir() else path.read_bytes()
        if path.parent.name in {"bin", "Scripts"}:
            content = content.partition(b"\n")[2]
        if path.name == "RECORD":
            lines = content.decode().splitlines()
            content = "\n".join(
                line.split(",")[0] if "/bin/" in line else line for line in lines
            ).encode()
        found[name] = (oct(path.stat().st_mode), content)
    return found


def installed(pip: Pip) -> dict[str, str]:
    """Return the versions of what a test has installed."""
    names = (path.name for path in Venv(pip.python.parents[1]).site.glob("*.dist-info"))
    found = dict(name.removesuffix(".dist-info").rsplit("-", 1) for name in names)
    return {name: found[name] for name in sorted(found) if name not in {"pip", "setuptools"}}


@pytest.fixture
def url(server: IndexServer) -> str:
    """Return the address of the index."""
    return f"{server.url}simple/"


PLACES = {
    "target": ["--target", "there"],
    "prefix": ["--prefix", "there"],
    "root": ["--root", "there"],
    "no bytecode": ["--prefix", "there", "--no-compile"],
}


@pytest.mark.parametrize("place", PLACES)
def test_same_files_wherever_they_go(
    pip: Pip, stock_pip: Pip, tmp_path: Path, url: str, tag: str, place: str
) -> None:
    """They have the paths, modes and contents of `--variant-jobs 1` and of stock pip."""
    root = tmp_path / "index"
    write_index(root, tag, {"parts": [write_parts(root / "files", "1.0", {})]})
    there = pip.folder / "there"
    trees = []
    runs = [(pip, ["torch"]), (pip, ["torch", "--variant-jobs", "1"])]
    # The stock pip has an environment and so a prefix of its own.
    runs += [(stock_pip, [])] if place in {"target", "prefix", "no bytecode"} else []
    for program, more in runs:
        args = ("install", "--quiet", "--index-url", url, *PLACES[place], "parts", *more)
        folder = program.folder / "there"
        program.run(*args, "--no-warn-script-location")
        trees.append(tree(folder))
        shutil.rmtree(folder)
    assert not there.exists()
    assert any(name.endswith("module.py") for name in trees[0])
    assert any(name.endswith("module.pyc") or "module.cpython" in name for name in trees[0]) == (
        place != "no bytecode"
    )
    for other in trees[1:]:
        assert trees[0] == other


NO_THREADS = """\
import runpy, threading
def start(_): raise RuntimeError("can't start new thread")
threading.Thread.start = start
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""
"""Runs pip as with a limit on processes that is reached."""


@pytest.mark.every_release
def test_where_no_thread_starts_all_is_done_without(
    pip: Pip, tmp_path: Path, url: str, tag: str
) -> None:
    """With variants and without, and a progress bar."""
    root = tmp_path / "index"
    write_index(root, tag, {"large": [large_wheel(root / "files", "large")]})
    options = ("install", "--progress-bar", "on", "--index-url", url, "--target", "there")
    for args, installed_ones in (
        (("large", "torch"), "large-1.0 torch-2.8.0-cu129"),
        (("--upgrade", "large"), "large-1.0"),
    ):
        output = pip.run_python("-c", NO_THREADS, *options, *args)
        assert output.last_line == f"Successfully installed {installed_ones}"


def test_same_files_of_a_user(own_pip: Pip, tmp_path: Path, url: str, tag: str) -> None:
    """With `--user` they are in the folder of the user, as with one job."""
    root = tmp_path / "index"
    write_index(root, tag, {"parts": [write_parts(root / "files", "1.0", {})]})
    config = own_pip.python.parents[1] / "pyvenv.cfg"
    config.write_text(config.read_text().replace("packages = false", "packages = true"))
    args = ("install", "--quiet", "--user", "--index-url", url, "torch", "parts")
    trees = []
    for jobs in ((), ("--variant-jobs", "1")):
        folder = own_pip.folder / "there"
        own_pip.run(*args, *jobs, "--no-warn-script-location", PYTHONUSERBASE=str(folder))
        trees.append(tree(folder))
        shutil.rmtree(folder)
    assert trees[0] == trees[1]


def test_upgrade_leaves_the_same_files(own_pip: Pip, tmp_path: Path, url: str, tag: str) -> None:
    """The old version is gone, the new one is there as with one job, and nothing else is."""
    root = tmp_path / "index"
    old = write_parts(root / "files", "1.0", {"parts/old.py": b"x = 1\n"})
    write_index(root, tag, {"parts": [old, write_parts(root / "files", "2.0", {})]})
    venv = Venv(own_pip.python.parents[1])
    trees = []
    for jobs in ((), ("--variant-jobs", "1")):
        for version in ("1.0", "2.0"):
            requirement = ("--upgrade", "torch", f"parts=={version}")
            args = ("install", "--quiet", "--index-url", url, *requirement)
            process = started(own_pip, *args, *jobs).process
            assert process.communicate() == ("", "")
        trees.append(tree(venv.root))
        own_pip.run("uninstall", "--quiet", "--yes", "torch", "parts")
        assert leftovers(own_pip) == []
    assert trees[0] == trees[1]
    assert "parts/old.py" not in "".join(trees[0])


def test_bytecode_is_used(own_pip: Pip, tmp_path: Path, url: str, tag: str) -> None:
    """Python accepts it: an import does not compile again, and tracebacks show the right file."""
    root = tmp_path / "index"
    write_index(root, tag, {"parts": [write_parts(root / "files", "1.0", {})]})
    own_pip.run("install", "--quiet", "--index-url", url, "torch", "parts")
    code = "import parts.deep.er.module as m; print(m.f.__code__.co_filename == m.__file__)"
    process = subprocess.run(
        [own_pip.python, "-v", "-c", code],
        env=environment(own_pip, own_pip.folder / "temp", PYTHONDONTWRITEBYTECODE=""),
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.endswith("True\n")
    (line,) = (
        line
        for line in process.stderr.splitlines()
        if "code object from" in line and "module" in line
    )
    assert line.endswith(
        "module.cpython-" + "".join(tag.split("-", maxsplit=1)[0].removeprefix("cp")) + ".pyc'"
    )


def test_bytecode_may_have_a_folder_of_its_own(
    pip: Pip, tmp_path: Path, url: str, tag: str
) -> None:
    """With PYTHONPYCACHEPREFIX it is written there, whose folders do not exist yet."""
    root = tmp_path / "index"
    write_index(root, tag, {"parts": [write_parts(root / "files", "1.0", {})]})
    trees = []
    for jobs in ((), ("--variant-jobs", "1")):
        prefix = pip.folder / "bytecode"
        args = ("install", "--quiet", "--index-url", url, "--prefix", "there", "torch", "parts")
        pip.run(*args, *jobs, "--no-warn-script-location", PYTHONPYCACHEPREFIX=str(prefix))
        trees.append((tree(pip.folder / "there"), tree(prefix)))
        shutil.rmtree(pip.folder / "there")
        shutil.rmtree(prefix)
    assert trees[0] == trees[1]
    assert any(name.endswith(".pyc") for name in trees[0][1])


INTERRUPTED = ("receiving", "waiting", "unpacking")


@on_linux
@pytest.mark.parametrize("moment", INTERRUPTED)
def test_ctrl_c_ends_everything(
    own_pip: Pip, server: IndexServer, tmp_path: Path, url: str, tag: str, moment: str
) -> None:
    """Soon there is no process and no file any more."""
    root = tmp_path / "index"
    wheels = {name: [large_wheel(root / "files", name, 3 * MEGABYTE)] for name in ("one", "two")}
    if moment == "unpacking":
        text = "".join(f"def f{n}(x): return [x for x in range({n})]\n" for n in range(300))
        modules = {f"many/m{n}.py": text.encode() for n in range(800)}
        wheels["many"] = [write_wheel(root / "files", f"many-1.0-{PURE_TAG}.whl", files=modules)]
    write_index(root, tag, wheels)
    line = Line().of(server)
    if moment == "receiving":
        line.pause = 0.3
    if moment == "waiting":
        for name in wheels:
            path = f"/files/{name}-1.0-{PURE_TAG}.whl"
            server.replies[path] = Reply(delay=30.0)
    before = tree(Venv(own_pip.python.parents[1]).site)
    run = started(own_pip, "install", "--index-url", url, "torch", *wheels)
    site = Venv(own_pip.python.parents[1]).site
    conditions: dict[str, Callable[[], object]] = {
        "receiving": lambda: line.sent.get(f"/files/one-1.0-{PURE_TAG}.whl", 0) > 100_000,
        "waiting": lambda: f"/files/one-1.0-{PURE_TAG}.whl" in dict(line.requests),
        "unpacking": lambda: len(list(site.glob("pip-run-*/pip-variants-*/*/*.pyc"))) > 20,
    }
    wait_until(conditions[moment], run.process)
    run.interrupt()
    assert run.process.returncode == 1
    assert leftovers(own_pip) == []
    # What pip has installed before stays, as always.
    assert moment == "unpacking" or tree(site) == before


FAILURES = {
    "missing file": ("404", Reply(404)),
    "other content": ("DO NOT MATCH THE HASHES", Reply(body=b"no wheel")),
}


@pytest.mark.parametrize("jobs", [(), ("--variant-jobs", "1")], ids=["side by side", "one job"])
@pytest.mark.parametrize("failure", FAILURES)
def test_failure_of_one_wheel_leaves_all_as_it_was(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    url: str,
    tag: str,
    failure: str,
    jobs: Sequence[str],
) -> None:
    """Nothing is installed, the old version is still there, and no file is left."""
    files = tmp_path / "index" / "files"
    names = ("one", "two", "three")
    wheels = {name: [large_wheel(files, name, version=v) for v in ("1.0", "2.0")] for name in names}
    write_index(tmp_path / "index", tag, wheels)
    own_pip.run("install", "--quiet", "--no-deps", str(wheels["one"][0]))
    before = tree(Venv(own_pip.python.parents[1]).root)
    text, reply = FAILURES[failure]
    server.replies[f"/files/two-2.0-{PURE_TAG}.whl"] = reply
    command = ("install", "--index-url", url, "--upgrade", *names, "torch", *jobs)
    run = started(own_pip, *command)
    _, errors = run.process.communicate()
    assert run.process.returncode == 1
    assert text in errors
    assert "Traceback" not in errors
    assert installed(own_pip)["one"] == "1.0"
    assert tree(Venv(own_pip.python.parents[1]).root) == before
    assert leftovers(own_pip) == []


def test_broken_wheel_brings_back_the_old_version(
    own_pip: Pip, tmp_path: Path, url: str, tag: str
) -> None:
    """A member that cannot be unpacked is found by pip's installer, which rolls back."""
    files = tmp_path / "index" / "files"
    old, new = (large_wheel(files, "one", version=version) for version in ("1.0", "2.0"))
    content = bytearray(new.read_bytes())
    content[content.index(noise(100, 3)) + 50] ^= 0xFF
    write_index(tmp_path / "index", tag, {"one": [old, new]})
    new.write_bytes(content)
    write_index(tmp_path / "index", tag, {"one": [old, new]})
    own_pip.run("install", "--quiet", "--no-deps", str(old))
    before = tree(Venv(own_pip.python.parents[1]).site / "one")
    run = started(own_pip, "install", "--index-url", url, "--upgrade", "one", "torch")
    _, errors = run.process.communicate()
    assert run.process.returncode != 0
    assert "Bad CRC-32" in errors
    assert installed(own_pip)["one"] == "1.0"
    assert tree(Venv(own_pip.python.parents[1]).site / "one") == before
    assert leftovers(own_pip) == []


@pytest.mark.parametrize("validator", ["respected", "ignored", "none", "weak"])
def test_line_that_breaks_costs_no_byte_twice(
    pip: Pip, server: IndexServer, tmp_path: Path, url: str, tag: str, validator: str
) -> None:
    """Every megabyte it breaks; the wheel arrives with nearly as many bytes as it has."""
    wheel = large_wheel(tmp_path / "index" / "files", "large", 8 * MEGABYTE)
    write_index(tmp_path / "index", tag, {"large": [wheel]})
    line = Line(MEGABYTE + 200_000, respects_if_range=validator == "respected").of(server)
    server.cacheable = validator in {"respected", "ignored"}
    path = f"/files/{wheel.name}"
    if validator == "weak":
        server.replies[path] = Reply(headers=(("ETag", 'W/"v1"'),))
    pip.run("install", "--index-url", url, "--target", "there", "torch", "large")
    size = wheel.stat().st_size
    assert size <= line.sent[path] <= 1.05 * size
    assert (pip.folder / "there/large/data.bin").stat().st_size == 8 * MEGABYTE
    continued = [headers for name, headers in line.requests if name == path][1:]
    assert len(continued) == 6
    assert {"if-range" in headers for headers in continued} == {server.cacheable}
    assert all("range" in headers for headers in continued)


def test_file_that_changes_meanwhile_comes_from_the_start(
    pip: Pip, server: IndexServer, tmp_path: Path, url: str, tag: str
) -> None:
    """What is installed is the new file, not a mixture."""
    files = tmp_path / "index" / "files"
    wheel = large_wheel(files, "large", 3 * MEGABYTE)
    write_index(tmp_path / "index", tag, {"large": [wheel]}, hashed=False)
    other = write_wheel(
        tmp_path / "other", wheel.name, files={"large/data.bin": noise(3 * MEGABYTE, 99)}
    )
    line = Line(2 * MEGABYTE, respects_if_range=True).of(server)

    def replace() -> None:
        line.breaks_after = None
        shutil.copy(other, wheel)

    line.broken = replace
    server.cacheable = True
    pip.run("install", "--index-url", url, "--target", "there", "torch", "large")
    assert (pip.folder / "there/large/data.bin").read_bytes() == noise(3 * MEGABYTE, 99)
    assert line.sent[f"/files/{wheel.name}"] == 2 * MEGABYTE + other.stat().st_size


@pytest.mark.parametrize(("retries", "requests"), [("0", 1), ("2", 3)])
def test_exhausted_retries_are_one_error(
    own_pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    url: str,
    tag: str,
    retries: str,
    requests: int,
) -> None:
    """The old version is kept, and the error is one line."""
    files = tmp_path / "index" / "files"
    old, new = (large_wheel(files, "one", version=version) for version in ("1.0", "2.0"))
    write_index(tmp_path / "index", tag, {"one": [old, new]})
    own_pip.run("install", "--quiet", "--no-deps", str(old))
    line = Line(200_000).of(server)
    args = ("--upgrade", "one", "torch", "--resume-retries", retries)
    output = own_pip.run("install", "--index-url", url, *args, status=1)
    errors = [text for text in output.stderr.splitlines() if text.startswith("ERROR: ")]
    assert len(errors) == 1
    assert new.name in errors[0]
    path = f"/files/{new.name}"
    assert [name for name, _ in line.requests].count(path) == requests
    assert installed(own_pip)["one"] == "1.0"


needs_mounts = pytest.mark.skipif(
    not Path("/proc/self").exists()
    or os.geteuid() != 0
    or shutil.which("unshare") is None
    or subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    ).returncode
    != 0,
    reason="needs root and mounts of its own",
)


def mounted(folder: Path, options: str) -> list[str]:
    """Return the start of a command that sees an own file system in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o {options} tmpfs "$0" && exec "$@"'
    return ["unshare", "-m", "sh", "-c", script, str(folder)]


@needs_mounts
@pytest.mark.parametrize("full", ["temp", "temp, size unknown", "site"])
def test_too_little_space_is_one_error_before_anything_is_removed(
    own_pip: Pip, tmp_path: Path, url: str, tag: str, full: str
) -> None:
    """It names the folder and how much is missing."""
    files = tmp_path / "index" / "files"
    old, new = (large_wheel(files, "one", 3 * MEGABYTE, version) for version in ("1.0", "2.0"))
    is_known = full == "temp"
    write_index(tmp_path / "index", tag, {"one": [old, new]}, core_metadata=not is_known)
    site = Venv(own_pip.python.parents[1]).site
    folder = own_pip.folder / ("there" if full == "site" else "temp")
    command = ("install", "--index-url", url, "--no-cache-dir", "--upgrade", "one", "torch")
    place = ("--prefix", str(folder)) if full == "site" else ()
    own_pip.run("install", "--quiet", "--no-deps", str(old))
    before = tree(site)
    run = started(own_pip, *command, *place, command=mounted(folder, "size=2m"))
    output, errors = run.process.communicate()
    assert run.process.returncode == 1, output
    (error,) = (text for text in errors.splitlines() if text.startswith("ERROR: "))
    assert error.startswith(f"ERROR: There is not enough space in {folder}")
    assert "MB are missing. Nothing was installed." in error or " kB are missing." in error
    assert "Traceback" not in errors
    assert tree(site) == before
    assert leftovers(own_pip) == []


CACHES = {"another file system": "size=64m", "read-only": "size=64m,ro", "full": "size=100k"}


@needs_mounts
@pytest.mark.parametrize("cache", CACHES)
def test_cache_that_cannot_help_costs_nothing(
    own_pip: Pip, tmp_path: Path, url: str, tag: str, cache: str
) -> None:
    """A cache on another file system, one that is read-only and one that is full."""
    wheel = large_wheel(tmp_path / "index" / "files", "one", 2 * MEGABYTE)
    write_index(tmp_path / "index", tag, {"one": [wheel]})
    args = ("--index-url", url, "--trusted-host", "127.0.0.1", "torch", "one")
    command = mounted(own_pip.folder / "cache", CACHES[cache])
    process = started(own_pip, "install", *args, command=command).process
    output, errors = process.communicate()
    assert (process.returncode, "Traceback" in errors) == (0, False), errors
    assert "Successfully installed one-1.0 torch-2.8.0" in output
    assert installed(own_pip)["one"] == "1.0"
    assert leftovers(own_pip) == []


def test_second_installation_gets_wheels_from_the_cache(
    pip: Pip, server: IndexServer, tmp_path: Path, url: str, tag: str
) -> None:
    """No body of a wheel comes from the server; what is cached is the file itself."""
    wheels = {name: [large_wheel(tmp_path / "index/files", name)] for name in ("one", "two")}
    write_index(tmp_path / "index", tag, wheels)
    server.cacheable = True
    args = ("--index-url", url, "--trusted-host", "127.0.0.1", "torch", "one", "two")
    trees = []
    for expected in (2, 0):
        line = Line().of(server)
        pip.run("install", "--quiet", *args, "--target", "there")
        trees.append(tree(pip.folder / "there"))
        shutil.rmtree(pip.folder / "there")
        assert len([name for name in line.sent if name.endswith(".whl")]) >= expected
        if not expected:
            assert [name for name in line.sent if name.endswith(".whl")] == []
    assert trees[0] == trees[1]


def test_temporary_files_take_no_more_than_the_three_largest_wheels(
    own_pip: Pip, server: IndexServer, tmp_path: Path, url: str, tag: str
) -> None:
    """Without a cache a wheel that is unpacked makes room for the next one."""
    names = ("one", "two", "three", "fourth", "number5", "number66", "number777")
    files = tmp_path / "index" / "files"
    wheels = {name: [large_wheel(files, name, 2 * MEGABYTE)] for name in names}
    write_index(tmp_path / "index", tag, wheels, core_metadata=False)
    Line(pause=0.005).of(server)
    run = started(own_pip, "install", "--no-cache-dir", "--index-url", url, "torch", *names)
    most = 0
    while run.process.poll() is None:
        most = max(most, space(run.temp))
        time.sleep(0.005)
    output, errors = run.process.communicate()
    assert run.process.returncode == 0, errors
    assert "Successfully installed" in output
    assert MEGABYTE < most < 1.1 * 3 * 2 * MEGABYTE
    assert leftovers(own_pip) == []


def space(folder: Path) -> int:
    """Return the bytes that the files below a folder take on the disk."""
    found = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # it is gone meanwhile
                found += Path(parent, name).stat().st_blocks * 512
    return found


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_wheels_that_are_not_installed_arrive_as_well(
    pip: Pip, tmp_path: Path, url: str, tag: str, command: str
) -> None:
    """Without a cache more of them than the three largest lie on the disk, where they belong."""
    names = ("one", "two", "three", "fourth", "number5")
    wheels = {name: [large_wheel(tmp_path / "index/files", name, 100_000)] for name in names}
    write_index(tmp_path / "index", tag, wheels)
    folder = {"download": "--dest", "wheel": "--wheel-dir"}[command]
    pip.run(command, "--no-cache-dir", "--index-url", url, folder, "there", "torch", *names)
    found = {path.name: path.read_bytes() for path in (pip.folder / "there").iterdir()}
    for (wheel,) in wheels.values():
        assert found[wheel.name] == wheel.read_bytes()
    assert len(found) == len(names) + 1


INVALID_JOBS = {
    "0": "option --variant-jobs: 0 is less than 1",
    "-1": "option --variant-jobs: -1 is less than 1",
    "x": "option --variant-jobs: invalid integer value: 'x'",
}


@pytest.mark.parametrize("jobs", INVALID_JOBS)
def test_invalid_number_of_jobs_is_an_error(pip: Pip, jobs: str) -> None:
    """On the command line, and in the environment."""
    output = pip.run("install", f"--variant-jobs={jobs}", "x", status=2)
    assert output.stderr.splitlines()[-1] == INVALID_JOBS[jobs]
    configured = pip.run("list", status=2, PIP_VARIANT_JOBS=jobs)
    assert configured.stderr.splitlines()[-1] == INVALID_JOBS[jobs]


@pytest.mark.parametrize(
    ("args", "extra", "most"),
    [
        pytest.param((), {}, (2, 4), id="default"),
        pytest.param(("--variant-jobs", "2"), {}, (2, 2), id="option"),
        pytest.param((), {"PIP_VARIANT_JOBS": "1"}, (1, 1), id="environment"),
        pytest.param((), {"PIP_CONFIG_FILE": "[global]\nvariant-jobs = 1\n"}, (1, 1), id="file"),
        pytest.param(("--variant-jobs=2",), {"PIP_VARIANT_JOBS": "1"}, (2, 2), id="override"),
    ],
)
def test_number_of_jobs_is_the_most_connections(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    url: str,
    tag: str,
    args: Sequence[str],
    extra: dict[str, str],
    most: tuple[int, int],
) -> None:
    """Of downloads, from the command line, the environment and pip.conf, in this order."""
    names = ("one", "two", "three", "fourth", "number5")
    wheels = {name: [large_wheel(tmp_path / "index/files", name, 200_000)] for name in names}
    write_index(tmp_path / "index", tag, wheels)
    line = Line(pause=0.02, counted=".whl").of(server)
    if "PIP_CONFIG_FILE" in extra:
        file = pip.folder / "pip.conf"
        file.write_text(extra["PIP_CONFIG_FILE"])
        extra = {"PIP_CONFIG_FILE": str(file)}
    command = ("download", "--quiet", "--dest", "there", "--index-url", url, "torch", *names)
    process = started(pip, *command, *args, **extra).process
    assert process.communicate() == ("", "")
    assert most[0] <= line.most <= max(most[1], os.cpu_count() or 1)


def test_output_has_one_line_for_each_wheel(
    own_pip: Pip, tmp_path: Path, url: str, tag: str, upstream: str
) -> None:
    """Its URL and size, in the order of the requirements; the result names labels."""
    wheels = {name: [large_wheel(tmp_path / "index/files", name)] for name in ("one", "two")}
    write_index(tmp_path / "index", tag, wheels, core_metadata=False)
    output = own_pip.run("install", "--index-url", url, "torch", "one", "two")
    lines = [text for text in output.stdout.splitlines() if "Downloading " in text]
    names = [text.split()[1].rpartition("/")[2] for text in lines if ".metadata" not in text]
    assert sorted(names) == sorted(
        ["torch-2.8.0-TAG-cu129.whl", *(wheels[name][0].name for name in wheels)]
    )
    assert all(text.lstrip().startswith("Downloading ") for text in lines)
    assert output.last_line == "Successfully installed one-1.0 torch-2.8.0-cu129 two-1.0"
    assert output.stderr == ""
    assert upstream in {"25.1.1", "26.3"}


def test_runs_without_variants_have_nothing_of_it(
    pip: Pip, stock_pip: Pip, server: IndexServer, tmp_path: Path, url: str
) -> None:
    """They do not import the engine in pip, and send what stock pip sends."""
    files = tmp_path / "index/files"
    wheels = [large_wheel(files, name, 100_000) for name in ("one", "two")]
    write_simple_index(tmp_path / "index", {w.name.split("-")[0]: [Listed(w)] for w in wheels})
    args = ["install", "-qq", "--target", "there", "--index-url", url, "one", "two"]
    code = (
        "import sys\n"
        "from pip._internal.cli.main import main\n"
        f"assert main({args!r}) == 0\n"
        "print([m for m in sys.modules if m.startswith(('pip_variants.', 'concurrent'))])\n"
    )
    found = []
    for program in (pip, stock_pip):
        server.requests.clear()
        output = program.run_python("-c", code)
        found.append((request_lines(server), tree(program.folder / "there")))
        if program is pip:
            assert "pip_adapter" not in output.stdout
            assert "workers" not in output.stdout
    assert found[0] == found[1]


COUNT = 12


def level_metadata(project: str) -> Json:
    """Return the metadata of a project whose label a is preferred to b."""
    static = {"level": ["a", "b"], "of": [project]}
    return {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": ["test"]},
        "providers": {"test": {"static-properties": static, "feature-order": [*static]}},
        "variants": {label: {"test": {"level": [label]}} for label in "ab"},
    }


def write_level(root: Path) -> None:
    """Write an index of a project `app` that needs many others, all of them with variants."""
    folder = root / "files"
    names = [f"p{number}" for number in range(COUNT)]
    pages = {}
    for name, requires in {"app": names, **{name: [] for name in names}}.items():
        metadata = level_metadata(name)
        document = folder / f"{name}-1.0-variants.json"
        wheels = [
            write_wheel(
                folder,
                f"{name}-1.0-{PURE_TAG}-{label}.whl",
                requires=requires,
                variant_json=metadata,
            )
            for label in "ab"
        ]
        document.write_bytes(dump(metadata))
        pages[name] = [Listed(path, core_metadata=True) for path in wheels] + [Listed(document)]
    write_simple_index(root, pages)


def test_many_projects_are_requested_side_by_side(
    pip: Pip, server: IndexServer, tmp_path: Path, url: str
) -> None:
    """Pages and metadata come at once; no request is sent that is not needed, and none twice."""
    write_level(tmp_path / "index")
    seconds, requests, most = [], [], []
    delay = 0.1
    for server.delay in (0.0, delay):
        line = Line().of(server)
        start = time.monotonic()
        output = pip.run("install", "--dry-run", "--no-cache-dir", "--index-url", url, "app")
        seconds.append(time.monotonic() - start)
        requests.append(sorted(name for name, _ in line.requests))
        most.append(line.most)
        assert output.last_line.split()[2:] == sorted(
            f"{name}-1.0-a" for name in ("app", *(f"p{n}" for n in range(COUNT)))
        )
    assert requests[0] == requests[1]
    assert len(set(requests[1])) == len(requests[1])
    assert most[1] >= 6
    assert seconds[1] - seconds[0] < 0.8 * delay * len(requests[1])
