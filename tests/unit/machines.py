"""Recorded facts of real machines, and the features that each supports by its documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest

from pip_variants.core.properties import ordered_features
from pip_variants.providers import cpu
from pip_variants.providers.result import ProviderResult
from tests.support.machine_files import machines


@dataclass(frozen=True, slots=True)
class Machine:
    """The recorded facts of a machine, by kind, and what it supports.

    ``levels`` are its levels or versions, best first, ``on`` the instruction sets in the order of
    the published provider.
    """

    recorded: Mapping[str, object]
    levels: tuple[str, ...]
    on: tuple[str, ...]

    def cpuinfo(self) -> str:
        """Return the recorded ``/proc/cpuinfo``."""
        found = self.recorded["cpuinfo"]
        assert isinstance(found, list)
        return "\n".join([*found, ""])

    def features(self) -> frozenset[str]:
        """Return the flags that all cores have, by the recorded ``/proc/cpuinfo`` of an ARM CPU."""
        lines = (line.partition(":") for line in self.cpuinfo().splitlines())
        return frozenset.intersection(
            *(frozenset(words.split()) for key, _, words in lines if key.strip() == "Features")
        )

    def sysctl(self) -> dict[str, str]:
        """Return the recorded values of sysctl."""
        found = self.recorded["sysctl"]
        assert isinstance(found, dict)
        return found

    def expected_result(self, feature: str) -> ProviderResult:
        """Return the result of a provider on this machine; ``feature`` is that of its levels."""
        features = [(feature, self.levels), *((name, ("on",)) for name in self.on)]
        return ProviderResult(ordered_features(features))


def recorded_machines(architecture: str, feature: str) -> dict[str, Machine]:
    """Return every recorded machine of an architecture, by name."""
    return {
        name: Machine(recorded, tuple(recorded[feature].split()), tuple(recorded["on"].split()))
        for name, recorded in machines(architecture).items()
    }


def fake_system(
    monkeypatch: pytest.MonkeyPatch, architecture: str, platform: str, *, bits: int = 64
) -> None:
    """Make this interpreter one for another architecture and system."""
    monkeypatch.setattr(cpu, "machine", lambda: architecture)
    monkeypatch.setattr(cpu.sys, "platform", platform)  # type: ignore[attr-defined] # cpu's own sys
    monkeypatch.setattr(cpu.sys, "maxsize", 2 ** (bits - 1) - 1)  # type: ignore[attr-defined]


def failing_reader(error: Exception) -> Callable[..., frozenset[str]]:
    """Return a reader that raises."""

    def read(*_: object) -> frozenset[str]:
        raise error

    return read
