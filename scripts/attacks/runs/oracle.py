"""What every run of pip promises, whatever index, files, plugins and options it has.

``problems`` compares a run with these promises. What was chosen is compared with the choice of a
run without a fault, unless the case changes what there is to choose from.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .pip_runs import Outcome

MOST_MEMORY = 300 << 20
"""Bytes of the largest process of a run."""

MOST_DISK = 64 << 20
"""Bytes that a run may leave on disk; what it was required to install has some kilobytes."""

MOST_OUTPUT = 1 << 20
"""Bytes that it may print."""

LONGEST_LINE = 10_000
"""Bytes of one printed line."""

OUTSIDE = Path(tempfile.gettempdir(), "attack-outside")
"""A path outside of the folders of all cases, which no run may write."""

_TRACES = ("Traceback (most recent call last)", "--- Logging error ---", "Exception ignored in")
"""How a line begins; what a plugin has printed is shown behind its name."""

_ON_PURPOSE = "ERROR: Could not install packages due to an OSError.\n"
"""What precedes a traceback that `pip install -v` shows on purpose."""

_KEPT = b"Check both paths before retrying."
"""How a release of pip ends the error that names what could not be restored, and where it is."""

_GREW = "File too large"
"""What the system says of a file that grows beyond the limit of a process."""

_NOT_READ = re.compile(rf"(?:cannot be read|Ignoring the .*): {_GREW}")
"""What pip says of a file that is too large to be read."""

_EXIT_STATUSES = (0, 1, 2)
_MISCONFIGURED = 3
_WARNS = re.compile(
    r"\s*(?:WARNING|ERROR|error|Usage)\b|Passed over |An error occurred |option --|no such option"
    r"|Invalid |would write |.*\berror: |.* requires .*, (?:which|but) "
    r"|.* is not supported on this platform$"
    r"|Selected: nothing fits$|.*\"selected\": null"
)

Listing = Mapping[str, tuple[int, int, int, str]]
"""Mode, size, time of the last change in ns and target of a link, by path."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folder of a case, and which of its paths, and all below them, a run may write."""

    root: Path
    writable: tuple[Path, ...]
    temporary: Path

    def in_temporary(self) -> frozenset[str]:
        """Return the names in the folder for temporary files."""
        if not self.temporary.is_dir():
            return frozenset()
        return frozenset(path.name for path in self.temporary.iterdir())


def listing(places: Places) -> Listing:
    """Return what there is outside of what a run may write."""
    return dict(_listed(places.root, places))


def _listed(folder: Path, places: Places) -> Iterator[tuple[str, tuple[int, int, int, str]]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if path in places.writable or path == places.temporary:
            continue
        found = entry.stat(follow_symlinks=False)
        target = str(path.readlink()) if entry.is_symlink() else ""
        is_folder = stat.S_ISDIR(found.st_mode)
        size, changed = (0, 0) if is_folder else (found.st_size, found.st_mtime_ns)
        yield str(path.relative_to(places.root)), (found.st_mode, size, changed, target)
        if is_folder:
            yield from _listed(path, places)


def size_of(folders: Sequence[Path]) -> int:
    """Return the bytes of all files in these folders."""
    return sum(
        (Path(parent) / name).lstat().st_size
        for folder in folders
        for parent, _, names in os.walk(folder)
        for name in names
    )


def problems(
    outcome: Outcome,
    places: Places,
    before: Listing,
    temporary: frozenset[str],
    sizes: tuple[int, int],
) -> Iterator[str]:
    """Yield which promises a run broke, one sentence each.

    ``before`` is the listing from before it, ``temporary`` what was in the folder for temporary
    files, ``sizes`` are the bytes of all from before and after it.
    """
    yield from ended_badly(outcome)
    yield from printed_badly(outcome.stdout, "stdout")
    yield from printed_badly(outcome.stderr, "stderr")
    after = listing(places)
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            how = "removed" if path not in after else "changed" if path in before else "written"
            yield f"a path outside was {how}: {Path(path).parts[0]}"
    if OUTSIDE.exists() or OUTSIDE.is_symlink():
        OUTSIDE.unlink()
        yield f"{OUTSIDE} was written"
    if sizes[1] - sizes[0] > MOST_DISK:
        yield f"more than {MOST_DISK >> 20} MiB were written"
    if places.in_temporary() - temporary and _KEPT not in outcome.stderr:
        yield "something was left in the temporary folder"


def ended_badly(outcome: Outcome) -> Iterator[str]:
    """Yield what is wrong with the end of a run."""
    if outcome.status is None:
        yield "it did not end in time"
    elif outcome.status not in _EXIT_STATUSES and not _is_misconfigured(outcome):
        yield f"its exit status was {outcome.status}"
    if outcome.memory > MOST_MEMORY:
        yield f"more than {MOST_MEMORY >> 20} MiB of memory were taken"
    if outcome.left:
        yield "a process was left running"
    if outcome.status and not _warns(outcome):
        yield "it failed without an error"


def _is_misconfigured(outcome: Outcome) -> bool:
    """Return whether pip's own status for variables and configuration files is right."""
    text = outcome.stdout + outcome.stderr
    return outcome.status == _MISCONFIGURED and b"An error occurred during configuration" in text


def printed_badly(output: bytes, stream: str) -> Iterator[str]:
    """Yield what is wrong with an output."""
    try:
        text = output.decode()
    except UnicodeDecodeError:
        yield f"{stream} is not UTF-8"
        return
    unexpected = text.partition(_ON_PURPOSE)[0]
    for trace in _TRACES:
        if re.search(rf"^\s*{re.escape(trace)}", unexpected, re.MULTILINE):
            yield f"{stream} has {trace!r}{_place(text)}"
    if _GREW in _NOT_READ.sub("", text):
        yield f"{stream}: a file grew beyond the limit"
    if len(output) > MOST_OUTPUT:
        yield f"{stream} has more than {MOST_OUTPUT >> 20} MiB"
    elif any(len(line) > LONGEST_LINE for line in text.splitlines()):
        yield f"{stream} has a line of more than {LONGEST_LINE:,} characters"
    raw = sorted({unicodedata.name(char, ascii(char)) for char in text if _is_raw(char)})
    if raw:
        yield f"{stream} has raw {raw[0]}"


def _place(text: str) -> str:
    """Return where the last traceback in a text comes from: the last place in it and its error."""
    places = re.findall(r'File "[^"]*/site-packages/([^"]+)", line \d+, in (\S+)', text)
    errors = re.findall(r"^([A-Za-z_.]+(?:Error|Exception|Exit|Interrupt))\b", text, re.MULTILINE)
    place = f" in {places[-1][0]}:{places[-1][1]}" if places else ""
    return f"{place}, {errors[-1]}" if errors else place


def _is_raw(char: str) -> bool:
    """Return whether a character would do something to a terminal."""
    return char not in "\n\r\t" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs"}


def _warns(outcome: Outcome) -> bool:
    return bool(warnings_of(outcome))


def warnings_of(outcome: Outcome) -> frozenset[str]:
    """Return the lines of an output that are warnings or errors, or why a build was passed over."""
    text = (outcome.stderr + outcome.stdout).decode("utf-8", "replace")
    return frozenset(line.strip() for line in text.splitlines() if _WARNS.match(line))


def chosen_otherwise(
    outcome: Outcome, chosen: Sequence[str], reference: Outcome, expected: Sequence[str]
) -> str | None:
    """Return what is wrong if a run came to another choice than the reference without a word."""
    if chosen == expected or warnings_of(outcome) - warnings_of(reference):
        return None
    return "another choice without a word"
