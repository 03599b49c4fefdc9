"""Recorded facts of real machines, and what the architecture documents say that they support."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pip_variants.providers import cpu
from pip_variants.providers.detected import Detected

FOLDER = Path(__file__).parents[1] / "data" / "machines"


@dataclass(frozen=True, slots=True)
class Machine:
    """What was recorded of a machine, by kind, and what it supports.

    ``reached`` are its levels or versions, best first, ``on`` the instruction sets in the order of
    the published provider.
    """

    recorded: Mapping[str, object]
    reached: tuple[str, ...]
    on: tuple[str, ...]

    def lines(self) -> str:
        """Return the recorded ``/proc/cpuinfo``."""
        found = self.recorded["cpuinfo"]
        assert isinstance(found, list)
        return "\n".join([*found, ""])

    def sysctl(self) -> dict[str, str]:
        """Return the recorded values of sysctl."""
        found = self.recorded["sysctl"]
        assert isinstance(found, dict)
        return found

    def supports(self, feature: str) -> Detected:
        """Return what a provider must say of it."""
        return Detected(((feature, self.reached), *((name, ("on",)) for name in self.on)))


def machines(architecture: str, feature: str) -> dict[str, Machine]:
    """Return every recorded machine of an architecture by its name."""
    found = {}
    for path in sorted((FOLDER / architecture).glob("*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        found[path.stem] = Machine(
            recorded, tuple(recorded[feature].split()), tuple(recorded["on"].split())
        )
    return found


def on_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, architecture: str, text: str | bytes
) -> Path:
    """Make this machine a Linux with such a ``/proc/cpuinfo``, and return where that lies."""
    path = tmp_path / "cpuinfo"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    monkeypatch.setattr(cpu, "CPUINFO", path)
    pretend(monkeypatch, architecture, "linux")
    return path


def pretend(
    monkeypatch: pytest.MonkeyPatch, architecture: str, platform: str, *, bits: int = 64
) -> None:
    """Make this interpreter one for another architecture and system."""
    monkeypatch.setattr(cpu, "machine", lambda: architecture)
    monkeypatch.setattr(cpu.sys, "platform", platform)  # type: ignore[attr-defined] # cpu's own sys
    monkeypatch.setattr(cpu.sys, "maxsize", 2 ** (bits - 1) - 1)  # type: ignore[attr-defined]


def failing(error: Exception) -> Callable[[], frozenset[str]]:
    """Return a reader that raises."""

    def read() -> frozenset[str]:
        raise error

    return read
