"""One finding about a published file: what is wrong, or worth knowing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pip_variants.core.errors import one_line

Severity = Literal["error", "warning", "note"]

KINDS: Mapping[str, Severity] = {
    # The file itself.
    "unreadable": "error",
    "broken": "error",
    "schema": "warning",
    "file-name": "error",
    # One document.
    "never-reported": "error",
    "namespace-without-provider": "error",
    "namespace-without-priority": "warning",
    "priority-without-provider": "warning",
    "variant-without-static-value": "error",
    "static-feature-without-variant": "warning",
    "marker": "error",
    "null-label": "note",
    "unsorted": "note",
    # One wheel.
    "archive": "error",
    "record": "error",
    "fields": "error",
    "requirement": "error",
    "tags-differ": "warning",
    "own-metadata": "error",
    "marker-elsewhere": "error",
    "tag-of-no-machine": "error",
    # All files of one version.
    "no-index-file": "warning",
    "second-index-file": "warning",
    "contradiction": "error",
    "label-without-wheel": "warning",
    "wheel-without-label": "error",
    "no-null-variant": "note",
    "one-platform": "note",
    "platform-missing": "note",
    "provider-off": "warning",
}
"""Every kind of finding and its usual severity: an error keeps a wheel from being selected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in which file, at which path in it (or ""), in one sentence."""

    severity: Severity
    kind: str
    file: str
    path: str
    message: str

    @property
    def line(self) -> str:
        """The finding as one line."""
        return f"{self.severity}: {self.text}"

    @property
    def text(self) -> str:
        """The finding without its severity."""
        location = f"{self.file}: {self.path}" if self.path else self.file
        return one_line(f"{location}: {self.message}")

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
    """Return a finding of ``kind``, by default with its usual severity."""
    return Finding(severity or KINDS[kind], kind, file, path, message)


def summary(findings: Sequence[Finding], files: int) -> str:
    """Return one sentence with the number of findings of each severity, and of files."""
    where = f"in {_counted(files, 'file')}"
    severities: tuple[Severity, ...] = ("error", "warning", "note")
    numbers = {name: sum(item.severity == name for item in findings) for name in severities}
    parts = [_counted(number, name) for name, number in numbers.items() if number]
    return f"{', '.join(parts) or 'No findings'} {where}."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
