"""Signals in a run with variants: it ends in order, and then of the signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

FACADE = Path(__file__).parents[2] / "patches" / "common" / "_variants"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")

PROGRAM = f"""\
import os, signal, sys, threading, time
sys.path.insert(0, {str(FACADE)!r})
from signals import SIGNALS
TERM, HUP = signal.SIGTERM, signal.SIGHUP
def kill(number=TERM):
    os.kill(os.getpid(), number)
    time.sleep(0.01)
def run(body=lambda: None):
    try:
        SIGNALS.catch()
        body()
    except KeyboardInterrupt:
        print("cancelled", flush=True)
    finally:
        SIGNALS.interrupts = False
        print("closed", flush=True)
"""

# What a program does, what it prints, and its exit status.
PROGRAMS: dict[str, tuple[str, str, int]] = {
    "nothing comes": ("run(); SIGNALS.end(); print('lives')", "closed lives", 0),
    "SIGTERM": ("run(kill); SIGNALS.end(); print('lives')", "cancelled closed", -15),
    "SIGHUP": ("run(lambda: kill(HUP)); SIGNALS.end()", "cancelled closed", -1),
    "while the run is closed": (
        "run(); kill(); print('cleared'); SIGNALS.end(); print('lives')",
        "closed cleared",
        -15,
    ),
    "twice": (
        (
            "def body():\n    try: kill()\n    except KeyboardInterrupt: kill()\n"
            "run(body); SIGNALS.end()"
        ),
        "",
        -15,
    ),
    "lost on the way": (
        (
            "def body():\n    try: kill()\n    except KeyboardInterrupt: print('ignored')\n"
            "run(body); SIGNALS.end(); print('lives')"
        ),
        "ignored closed",
        -15,
    ),
    "between two runs": ("run(); kill(); run(); SIGNALS.end()", "closed cancelled closed", -15),
    "after the command": ("run(); SIGNALS.end(); kill(); print('lives')", "closed", -15),
    "ignored": (
        (
            "signal.signal(HUP, signal.SIG_IGN); run(lambda: kill(HUP)); SIGNALS.end()\n"
            "print(signal.getsignal(HUP) is signal.SIG_IGN)"
        ),
        "closed True",
        0,
    ),
    "handled by another": (
        "signal.signal(TERM, lambda *_: print('own')); run(kill); SIGNALS.end(); kill()",
        "own closed own",
        0,
    ),
    "another thread": (
        (
            "thread = threading.Thread(target=run); thread.start(); thread.join()\n"
            "print(signal.getsignal(TERM) == signal.SIG_DFL)"
        ),
        "closed True",
        0,
    ),
    "stdout is gone": (
        "run(kill); os.close(1); sys.stdout = None; SIGNALS.end()",
        "cancelled closed",
        -15,
    ),
    # The kernel does not let it die of the signal.
    "first process of a container": (
        "signal.raise_signal = lambda _: None; run(kill); SIGNALS.end()",
        "cancelled closed",
        143,
    ),
}


@pytest.mark.parametrize(("code", "printed", "status"), PROGRAMS.values(), ids=PROGRAMS)
def test_signal_ends_a_run_in_order(code: str, printed: str, status: int) -> None:
    """Only where it would have ended the process at once, and never without an effect."""
    done = subprocess.run(
        [sys.executable, "-c", f"{PROGRAM}{code}\n"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    assert (" ".join(done.stdout.split()), done.returncode) == (printed, status)
