"""One thing that is wrong, or worth knowing, in a published file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]

KINDS: Mapping[str, Severity] = {
    # The file itself.
    "unreadable": "error",
    "broken": "error",
    "schema": "warning",
    "file-name": "error",
    # One document.
    "namespace-without-provider": "error",
    "namespace-without-priority": "warning",
    "priority-without-provider": "warning",
    "variant-without-static-value": "error",
    "static-feature-without-variant": "warning",
    "marker": "error",
    "null-label": "note",
    "unsorted": "note",
    # One wheel.
    "own-metadata": "error",
    "marker-elsewhere": "error",
    "tag-of-no-machine": "error",
    # All files of one version.
    "no-combined-file": "warning",
    "second-combined-file": "warning",
    "contradiction": "error",
    "label-without-wheel": "warning",
    "wheel-without-label": "error",
    "no-null-variant": "note",
    "one-platform": "note",
    "platform-missing": "note",
    "provider-off": "warning",
}
"""Every kind of finding and how bad it usually is: an error keeps a wheel from being chosen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: in which file, at which value of it (or ""), in one sentence."""

    severity: Severity
    kind: str
    file: str
    path: str
    message: str

    @property
    def line(self) -> str:
        """The finding as one line."""
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{self.severity}: {place}: {self.message}"

    def entry(self) -> dict[str, str]:
        """Return the finding as ``--json`` shows it."""
        return {
            "severity": self.severity,
            "file": self.file,
            "path": self.path,
            "message": self.message,
        }


def finding(
    kind: str, file: str, path: str, message: str, severity: Severity | None = None
) -> Finding:
    """Return a finding of ``kind``, of the severity that the kind has if none is given."""
    return Finding(severity or KINDS[kind], kind, file, path, message)


def summary(findings: Sequence[Finding], files: int) -> str:
    """Return one sentence on how many findings of each severity are in how many files."""
    where = f"in {_counted(files, 'file')}"
    severities: tuple[Severity, ...] = ("error", "warning", "note")
    numbers = {name: sum(item.severity == name for item in findings) for name in severities}
    parts = [_counted(number, name) for name, number in numbers.items() if number]
    return f"{', '.join(parts) or 'No findings'} {where}."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
