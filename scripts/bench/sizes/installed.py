"""What an installation leaves in an environment, to compare what installers leave.

Bytecode is left out, and so are the files in which installers write about themselves.
"""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.sizes.wheel import sha256

_OWN = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json", "variant.json"}
_OUTSIDE = "../"


@dataclass(frozen=True, slots=True)
class File:
    """A file: its hash and size according to RECORD, and the hash and the mode that it has.

    Of a script, in which the path of its environment is, nothing but its mode is known.
    """

    recorded: tuple[str, str] | None
    found: str | None
    mode: int


def installed_files(site: Path, template: Path) -> dict[str, File]:
    """Return the files that are new in *site*, by path; *template* is what was there before.

    A file that is in no RECORD is among them, with the hash that it has.
    """
    rows = dict(_rows(site, template))
    names = set(rows) | {name for name in _below(site) if not (template / name).exists()}
    return {
        name: _file(site / name, rows.get(name), outside=name.startswith(_OUTSIDE))
        for name in sorted(names)
        if not _left_out(name)
    }


def differing(one: Mapping[str, File], other: Mapping[str, File], *, modes: bool) -> list[str]:
    """Return the paths of the files that are not the same, with or without their modes."""

    def seen(files: Mapping[str, File], name: str) -> object:
        file = files.get(name)
        return file and (file.recorded, file.found, file.mode if modes else None)

    return [name for name in sorted({*one, *other}) if seen(one, name) != seen(other, name)]


def _rows(site: Path, template: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    for record in site.glob("*.dist-info/RECORD"):
        if not (template / record.relative_to(site)).exists():
            with record.open(encoding="utf-8", newline="") as file:
                yield from ((name, (digest, size)) for name, digest, size in csv.reader(file))


def _below(site: Path) -> Iterator[str]:
    for folder, _, names in os.walk(site):
        for name in names:
            yield Path(folder, name).relative_to(site).as_posix()


def _left_out(name: str) -> bool:
    own = ".dist-info/" in name and name.rpartition("/")[2] in _OWN
    return own or name.endswith(".pyc")


def _file(path: Path, recorded: tuple[str, str] | None, *, outside: bool) -> File:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return File(recorded, None, 0)
    return File(None, "", mode) if outside else File(recorded, sha256(path), mode)
