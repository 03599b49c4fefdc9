"""The archive of a wheel: its members, its ``*.dist-info`` folder and RECORD (PEP 427)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from pathlib import PurePosixPath

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import quoted
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_content import (
    METADATA,
    RECORD,
    WHEEL,
    Member,
    Row,
    WheelContent,
    is_secure,
    read_record,
)

from .findings import Finding, finding

_NEEDED = (METADATA, WHEEL, RECORD)
# RECORD cannot have its own hash, and signatures of it are made later.
_WITHOUT_HASH = (RECORD, "RECORD.jws", "RECORD.p7s")
_SCHEMES = ("purelib", "platlib", "headers", "scripts", "data")
_SUFFIX = ".dist-info"


def check_archive(file: str, name: tuple[str, Version], content: WheelContent) -> Iterator[Finding]:
    """Yield what is wrong with a wheel as an archive; ``name``: project and version by its name."""
    yield from (finding("archive", file, "", text) for text in _members(content, name))
    folders = content.info_folders
    if len(folders) > 1:
        text = f"there are {len(folders)} *{_SUFFIX} folders in it: {_listed(folders)}"
        yield finding("archive", file, "", text)
    if len(folders) > 1 or content.repeated:
        return
    for needed in _NEEDED:
        if content.file(needed) is None:
            yield finding("archive", file, "", f"there is no {needed} in it")
    for folder in folders:
        if not _is_named(folder.removesuffix(_SUFFIX), name):
            text = f"the folder {quoted(folder)} is not named for the project and version"
            yield finding("archive", file, "", text)
        record = content.file(RECORD)
        if record is not None:
            for text in _record(record, content.members, folder):
                yield finding("record", file, "", text)


def _members(content: WheelContent, name: tuple[str, Version]) -> Iterator[str]:
    if content.repeated:
        yield f"more than one member is named {_listed(content.repeated)}"
    outside = [member.name for member in content.members if _is_outside(member.name)]
    if outside:
        yield f"{_listed(outside)} would be written outside the target"
    data = [
        member.name
        for member in content.members
        if (parts := member.name.split("/"))[0].endswith(".data") and not _is_data(parts, name)
    ]
    if data:
        yield f"{_listed(data)} is in no folder of a *.data folder that installers know"


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def _is_data(parts: Sequence[str], name: tuple[str, Version]) -> bool:
    own = _is_named(parts[0].removesuffix(".data"), name)
    return own and len(parts) > 2 and parts[1] in _SCHEMES  # noqa: PLR2004 - folder, scheme, path


def _is_named(text: str, name: tuple[str, Version]) -> bool:
    """Return whether a folder is named for a project and its version, normalised or not."""
    project, _, version = text.rpartition("-")
    try:
        return (canonicalize_name(project), Version(version)) == name
    except ValueError:
        return False


def _record(record: bytes, members: Sequence[Member], folder: str) -> Iterator[str]:
    """Yield where RECORD does not describe the members."""
    try:
        rows = read_record(record)
    except ValueError as error:
        yield f"{RECORD} is not valid: {error}"
        return
    counts = Counter(row.path for row in rows)
    without_hash = {f"{folder}/{name}" for name in _WITHOUT_HASH}
    missing = [
        item.name for item in members if item.name not in counts and item.name not in without_hash
    ]
    own = f"{folder}/{VARIANT_JSON}"
    if own in missing:
        missing.remove(own)
        yield f"{VARIANT_JSON} is not in {RECORD}"
    if missing:
        yield f"{_listed(missing)} {'is' if len(missing) == 1 else 'are'} not in {RECORD}"
    found = {member.name: member for member in members}
    lists = {
        "which the wheel does not have": [path for path in counts if path not in found],
        "but more than once": [path for path, number in counts.items() if number > 1],
    }
    for problem, paths in lists.items():
        if paths:
            yield f"{RECORD} lists {_listed(paths)}, {problem}"
    wrong: dict[str, list[str]] = {}
    for row in rows:
        if row.path in found and (what := _row(row, found[row.path], without_hash)):
            wrong.setdefault(what, []).append(row.path)
    for what, paths in wrong.items():
        yield f"{RECORD} has {what} of {_listed(paths)}"


def _row(row: Row, member: Member, without_hash: Container[str]) -> str | None:
    """Return what is wrong with one row of RECORD, or None."""
    algorithm, _, digest = row.hash.partition("=")
    if not row.hash:
        return None if row.path in without_hash else "no hash"
    if not is_secure(algorithm):
        return "no secure hash"
    if member.hash is not None and f"{algorithm}={digest.rstrip('=')}" != member.hash:
        return "a wrong hash"
    return "a wrong size" if row.size and row.size != str(member.size) else None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{quoted(names[0])} and {more:,} more" if more else quoted(names[0])
