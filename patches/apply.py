"""How a patch applies: by unique context, without line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path


class BuildError(Exception):
    """The wheel cannot be built; the text is one sentence for the person who builds."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change of a file: its line in the patch, the lines to find, and those in their place."""

    file: str
    number: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def apply_patch(name: str, text: str, root: Path) -> None:
    """Apply the diff *text*, called *name*, to the files below *root*.

    It opens with its reasons; then come, per file, `--- a/FILE`, `+++ b/FILE` and hunks. A hunk
    begins with a line `@@` and has no line numbers: its context and removed lines must occur in the
    file exactly once. Line endings and a missing final newline are preserved. Raise BuildError,
    before the file is changed, with the line of the patch that does not fit.
    """
    for path, hunks in groupby(parse_patch(name, text), key=lambda hunk: hunk.file):
        target = root / path
        listed = list(hunks)
        if not target.is_file():
            raise BuildError(
                f"{name}, line {listed[0].number}: {path} is not a file of the unpacked release."
            )
        source = target.read_bytes().decode()
        newline = "\r\n" if "\r\n" in source else "\n"
        lines = source.split(newline)
        for hunk in listed:
            positions = occurrences(hunk.old, lines)
            if len(positions) != 1:
                found = "gone from" if not positions else f"ambiguous ({len(positions)} times) in"
                raise BuildError(f"{name}, line {hunk.number}: the context is {found} {path}.")
            lines[positions[0] : positions[0] + len(hunk.old)] = hunk.new
        target.write_bytes(newline.join(lines).encode())


def parse_patch(name: str, text: str) -> list[Hunk]:
    """Return the hunks of a patch in order; raise BuildError if it is not of this form."""
    lines = text.removesuffix("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("--- a/")]
    if not starts or not "".join(lines[: starts[0]]).strip():
        raise BuildError(f"{name} must open with its reasons and then change at least one file.")
    hunks: list[Hunk] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        path = lines[start].removeprefix("--- a/")
        if lines[start + 1 : start + 2] != [f"+++ b/{path}"]:
            raise BuildError(f"{name}, line {start + 2}: expected '+++ b/{path}'.")
        hunks += _hunks(name, path, lines, range(start + 2, end))
    return hunks


def occurrences(block: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Return every index of *lines* at which *block* begins."""
    searched = list(block)
    last = len(lines) - len(block)
    return [i for i in range(last + 1) if list(lines[i : i + len(block)]) == searched]


def _hunks(name: str, path: str, lines: Sequence[str], numbers: range) -> Iterator[Hunk]:
    """Yield the hunks of one file.

    Raise BuildError for a line that is not part of a hunk, and for a hunk without effect.
    """
    headers = [i for i in numbers if lines[i] == "@@"]
    if headers[:1] != [numbers.start]:
        raise BuildError(f"{name}, line {numbers.start + 1}: expected a hunk, '@@'.")
    for first, last in zip(headers, [*headers[1:], numbers.stop], strict=True):
        old: list[str] = []
        new: list[str] = []
        for i in range(first + 1, last):
            mark, line = lines[i][:1], lines[i][1:]
            if mark not in {" ", "-", "+"}:
                raise BuildError(f"{name}, line {i + 1}: {lines[i]!r} is not part of a hunk.")
            if mark != "+":
                old.append(line)
            if mark != "-":
                new.append(line)
        if not old or old == new:
            raise BuildError(f"{name}, line {first + 1}: the hunk has no context or no effect.")
        yield Hunk(path, first + 1, tuple(old), tuple(new))
