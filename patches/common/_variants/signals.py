"""SIGTERM and SIGHUP in a run with variants: it ends as with a Ctrl-C, then of the signal.

So nothing of it is left in temporary folders. Signals that something else handles or ignores are
left alone, and so are all where pip does not run in the main thread.
"""

from __future__ import annotations

import contextlib
import signal
import sys

_NAMES = ("SIGTERM", "SIGHUP")


class Signals:
    """What a process does about the signals that end it, while it runs a command."""

    def __init__(self) -> None:
        self._caught: list[int] = []
        self._received = 0
        self.interrupts = False
        """Whether a signal raises KeyboardInterrupt; else it only ends the process in the end."""

    def catch(self) -> None:
        """Handle the signals that would end this process at once."""
        self.interrupts = True
        if self._received:
            raise KeyboardInterrupt
        for number in (getattr(signal, name, None) for name in _NAMES):
            if number is None or signal.getsignal(number) is not signal.SIG_DFL:
                continue
            try:
                signal.signal(number, self._handle)
            except ValueError:  # not the main thread
                return
            self._caught.append(number)

    def end(self) -> None:
        """Leave the signals to the system again, and end the process if one has come."""
        for number in self._caught:
            signal.signal(number, signal.SIG_DFL)
        self._caught.clear()
        if self._received:
            self._die()

    def _handle(self, number: int, _: object) -> None:
        again, self._received = self._received, number
        if again:
            self._die()
        if self.interrupts:
            raise KeyboardInterrupt

    def _die(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        signal.signal(self._received, signal.SIG_DFL)
        signal.raise_signal(self._received)
        # The first process of a container does not die of it.
        sys.exit(128 + self._received)


SIGNALS = Signals()
