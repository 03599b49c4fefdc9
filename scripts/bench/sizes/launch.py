"""Run a command and write down what it used: `python -I launch.py RESULT TEMPORARY OUTPUT COMMAND`.

RESULT gets a JSON object: `status`, `seconds`, `cpu` (seconds of the command and all its children),
`largest` (bytes of the largest of these processes), `together` (the highest of the sampled sums of
their proportional set sizes, in bytes; 0 where there is no `/proc`) and `temporary` (the highest of
the sampled sizes of the folder TEMPORARY, in bytes). OUTPUT gets what the command prints. A file
that has been removed while it is open is not sampled.

This is a process of its own because a child's `ru_maxrss` begins with the memory of its parent: it
must be started by something small. It imports little for the same reason.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

_INTERVAL = 0.05
# Sampling may take this share of one core; with many files or processes it becomes less frequent.
_SHARE = 0.04


class Sampler(threading.Thread):
    """Samples the processes below one, and a folder, until `stop` is called."""

    def __init__(self, process: int, temporary: str) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.folder = temporary
        self.together = 0
        self.temporary = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        """Sample in intervals."""
        wait = 0.0
        while not self._stopped.wait(wait):
            start = time.perf_counter()
            self.temporary = max(self.temporary, size_below(self.folder))
            self.together = max(self.together, sum(map(proportional, family(self.process))))
            wait = max(_INTERVAL, (time.perf_counter() - start) / _SHARE)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join()


def size_below(folder: str) -> int:
    """Return the bytes that the files below a folder occupy."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    total += size_below(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    except OSError:  # removed meanwhile
        pass
    return total


def family(process: int) -> list[int]:
    """Return a process and all processes below it."""
    found = [process]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{thread}/children", encoding="ascii") as file:
                    found += map(int, file.read().split())
        except OSError:  # at its end
            continue
    return found


def proportional(process: int) -> int:
    """Return the memory of a process, each shared page divided by its users."""
    try:
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


def main(result: str, temporary: str, output: str, *command: str) -> None:
    """Run *command* in a process group of its own; a signal to end goes on to all of it."""
    start = time.perf_counter()
    process = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setpgroup=0,
    )
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(process, signal.SIGKILL))
    sampler = Sampler(process, temporary)
    sampler.start()
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    sampler.stop()
    used = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "cpu": usage.ru_utime + usage.ru_stime,
        "largest": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "together": sampler.together,
        "temporary": sampler.temporary,
    }
    with open(result, "w", encoding="utf-8") as file:
        json.dump(used, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
