"""Families with a defect each, which processes of their own have to import."""

from __future__ import annotations

import os
import signal
from random import Random

from attacks.family import Finding
from attacks.readers.guard import Case, InProcess, outcome, promise

from pip_variants.core.errors import FetchError

KIB = 1024


class Sound(InProcess):
    """Keeps every promise."""

    name = "planted"
    seconds = 1.0
    waits = 1.0

    def draw(self, rng: Random) -> Case:
        """Return a number, of which half of the readers have a defect."""
        number = rng.randrange(2)
        return Case(number, lambda: self.read(number) if number else None)

    def read(self, number: int) -> object:
        """Read a number, which is 1."""
        return number


class Raising(Sound):
    """Raises what is not documented."""

    def read(self, number: int) -> object:
        """Raise KeyError."""
        raise KeyError(number)


class Hanging(Sound):
    """Does not end."""

    def read(self, number: int) -> object:
        """Count for ever."""
        while True:
            number += 1


class Waiting(Sound):
    """Waits for what does not come."""

    def read(self, number: int) -> object:
        """Read from a pipe to which nobody writes."""
        return os.read(os.pipe()[0], number)


class Deaf(Sound):
    """Hangs in code that no signal reaches."""

    def read(self, number: int) -> object:
        """Count for ever, without signals."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM})
        while True:
            number += 1


class Dying(Sound):
    """Ends its process."""

    def read(self, number: int) -> object:
        """Exit."""
        os._exit(number + 2)


class RawError(FetchError):
    """Has a text as it comes, unlike all errors of the engine."""

    def __str__(self) -> str:
        return str(self.args[0])


class Escaping(Sound):
    """Has an error that is printed raw."""

    def read(self, number: int) -> object:
        """Raise an error with an escape character."""

        def fetch() -> None:
            raise RawError(f"\x1b[{number}m")

        return outcome(fetch)


class Wordy(Sound):
    """Has an error without end."""

    def read(self, number: int) -> object:
        """Raise a long error."""

        def fetch() -> None:
            raise FetchError("x" * 2000 * number)

        return outcome(fetch)


class Greedy(Sound):
    """Takes memory, which takes a busy machine its time as well."""

    seconds = waits = 15.0

    def read(self, number: int) -> object:
        """Take 350 MB."""
        return bytearray(b"x") * (number * 350 * KIB * KIB)


class Differing(Sound):
    """Has another result than it should."""

    def read(self, number: int) -> object:
        """Break the promise of the family."""
        promise(number == 0, "one is none")
        return None


class Broken(Sound):
    """Cannot draw a case."""

    def draw(self, rng: Random) -> Case:
        """Fail."""
        raise NotImplementedError(rng.random())


class Unprepared(Sound):
    """Cannot even be prepared."""

    def setup(self) -> None:
        """Exit."""
        os._exit(4)


class Slow:
    """A family that is not of this kind, with a finding in each case."""

    name = "slow"

    def setup(self) -> None:
        """Prepare nothing."""

    def attempt(self, rng: Random) -> Finding | None:
        """Return one of two findings."""
        return Finding(f"problem {rng.randrange(2)}", "detail\nof two lines")

    def close(self) -> None:
        """Remove nothing."""
