"""Stand-alone script: a process that has imported pip and runs it in a fork for each request.

``python pip_process.py FOLDER...`` with the interpreter of an environment; nothing is written but
below those folders, where ``confined.py`` can see to that. Each line on stdin is a JSON
object, answered by a line on stdout: ``{"modules": [..]}`` imports modules, anything else is a run,
with the keys of ``Run.request`` in ``pip_runs.py``. A run is what ``python -m pip`` is; only the
start of the interpreter and the imports are left out. Linux only.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import resource
import runpy
import select
import signal
import sys
import sysconfig
import threading
import time
import traceback
from pathlib import Path
from typing import Any

_SUBREAPER = 36
_DROP_CAPABILITY = 24
_OVERRIDES = (1, 2)
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: with them the mode of a file means nothing."""
_CAPABILITY_VERSION = 0x20080522
_NEW_MOUNTS = 0x20000
_PRIVATE = 0x40000 | 0x4000
_ADDRESS_SPACE = 3 << 30
_GRACE = 1.0
"""Seconds that a killed process may take to end."""

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Answer requests until stdin ends."""
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    del sys.path[0]  # the folder of this script
    runpy.run_path(str(Path(__file__).parents[1] / "confined.py"))["confine"](sys.argv[1:])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import pip._internal.cli.main  # noqa: F401, PLC0415 - what a fork need not do again

    for line in sys.stdin:
        request = json.loads(line)
        if "modules" in request:
            answer: dict[str, Any] = {}
            for name in request["modules"]:
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        else:
            answer = _run(request)
        print(json.dumps(answer), file=answers, flush=True)


def _run(request: dict[str, Any]) -> dict[str, Any]:
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(request)
    poll = select.poll()
    file = os.pidfd_open(pid)
    try:
        poll.register(file, select.POLLIN)
        in_time = bool(poll.poll(request["seconds"] * 1000))
    finally:
        os.close(file)
    if not in_time:
        os.kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - start
    return {
        "status": os.waitstatus_to_exitcode(status) if in_time else None,
        "seconds": seconds,
        "bytes": usage.ru_maxrss * 1024,
        "left": _end_left() if in_time else _end_left(0),
    }


def _end_left(grace: float = _GRACE) -> list[str]:
    """Kill what the run left behind and return the command lines of what was alive.

    Orphans become children of this process.
    """
    end = time.monotonic() + grace
    alive: dict[int, str] = {}
    while children := _children():
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if time.monotonic() > end:
            for child in children:
                with contextlib.suppress(OSError):
                    command = Path(f"/proc/{child}/cmdline").read_bytes()
                    alive[child] = command.replace(b"\0", b" ").decode("utf-8", "replace")
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    return [*alive.values()]


def _children() -> list[int]:
    return [*map(int, Path("/proc/self/task", str(os.getpid()), "children").read_text().split())]


def _child(request: dict[str, Any]) -> None:
    """Run pip and end this process."""
    status = 1
    try:
        _prepare(request)
        try:
            runpy.run_module("pip", run_name="__main__", alter_sys=True)
            status = 0
        except SystemExit as stop:
            status = _status(stop.code)
        except BaseException:  # noqa: BLE001 - as the interpreter does
            traceback.print_exc()
        modules_file: str | None = request["modules_file"]
        if modules_file:
            Path(modules_file).write_text(json.dumps(sorted(sys.modules)))
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - as the interpreter does
        atexit._run_exitfuncs()  # noqa: SLF001
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        status = 120
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(status)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _prepare(request: dict[str, Any]) -> None:
    os.setsid()
    for stream, target in ((1, request["stdout"]), (2, request["stderr"])):
        file = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, stream)
        os.close(file)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.closerange(3, 256)
    coding = request["encoding"]
    sys.stdin = open(0, encoding=coding, closefd=False)  # noqa: SIM115 - for good
    sys.stdout = open(1, "w", encoding=coding, closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding=coding, errors="backslashreplace", closefd=False, buffering=1
    )
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    sys.argv = ["pip", *request["arguments"]]
    if request["prefix"]:
        _use_prefix(request["prefix"])
    if request["plugin_seconds"]:
        _limit_plugins(request["plugin_seconds"])
    for path, size in request["small_disks"]:
        _mount_small_disk(path, size)
    _drop_overrides()
    resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))


def _use_prefix(prefix: str) -> None:
    """Make this the pip of another virtual environment, which need not contain it."""
    old = sys.prefix
    sys.path = [entry.replace(old, prefix, 1) for entry in sys.path]
    sys.prefix = sys.exec_prefix = prefix
    sysconfig.get_config_vars().update(base=prefix, platbase=prefix, prefix=prefix)


def _limit_plugins(seconds: float) -> None:
    from pip_variants.providers import plugin  # noqa: PLC0415 - it is there once pip has run

    (plugin.query.__kwdefaults__ or {})["time_limit"] = seconds


def _mount_small_disk(path: str, size: int) -> None:
    """Mount a file system of this size, seen by this process and its children alone."""
    if _libc.unshare(_NEW_MOUNTS) != 0 or _libc.mount(b"none", b"/", None, _PRIVATE, None) != 0:
        return  # only root may
    _libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, f"size={size}".encode())


def _drop_overrides() -> None:
    """Make the modes of files hold for root, too."""
    for capability in _OVERRIDES:
        _libc.prctl(_DROP_CAPABILITY, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    if _libc.capget(header, sets) == 0:
        for number in range(3):
            sets[number] &= ~sum(1 << capability for capability in _OVERRIDES)
        _libc.capset(header, sets)


if __name__ == "__main__":
    main()
