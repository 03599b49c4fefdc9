"""What published files contain, as far as an index needs it, remembered from one run to the next.

What is remembered of a file holds while its size, its times and its inode are the same: a copy or
a replaced file is read again. A file that changed in the last seconds is not remembered, because
it may change again without another time. What cannot be right is forgotten.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from email.parser import HeaderParser
from pathlib import Path

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.filenames import label_of
from pip_variants.core.properties import Label
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import (
    archive_errors,
    local_members,
    read_members,
    variant_in,
)
from pip_variants.formats.wheel_content import METADATA
from pip_variants.system.atomic_file import replace_file
from pip_variants.system.content_cache import is_sha256
from pip_variants.system.owned import make_folder, open_regular, read_own

from .release_files import is_sdist, is_wheel
from .sdist import read_pkg_info

SETTLED = 2.0
"""Seconds after which a file system shows each change of a file by another time."""
_LARGEST = 256 * 1024 * 1024
_MOST_KEPT = 64 * 1024 * 1024
"""Bytes of texts that are read once in a run."""
_LONGEST_SPECIFIER = 1000
_BLOCK = 1024 * 1024
_CODE = ("core", "formats", "publish")

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one file contains.

    ``sha256`` is that of the file, or "" if it was not needed; ``metadata`` and ``variant`` are
    those of METADATA and ``variant.json`` in a wheel, or "" if it has none.
    """

    size: int
    sha256: str = ""
    metadata: str = ""
    variant: str = ""
    requires_python: str = ""


class KnownFiles:
    """What is known of the files below one folder; ``memory`` is the file that remembers it.

    With ``hashing`` all files that are read are hashed as a whole.
    """

    def __init__(self, root: Path, memory: Path | None = None, *, hashing: bool = False) -> None:
        # A path below the current folder has no ".".
        self._prefix = len(str(root / "x")) - 1
        self._root = root
        self._memory = memory
        self._hashing = hashing
        self._code = _code()
        self._files: dict[str, tuple[Stamp, Facts]] = {}
        self._seen: dict[str, Facts] = {}
        self._outcomes: dict[str, tuple[str, str]] = {}
        self._changed = False
        self._parsed: dict[tuple[str, Label | None], SelectedVariant] = {}
        self._texts: dict[str, bytes] = {}
        self._room = _MOST_KEPT
        self._load()

    def facts(self, path: str) -> Facts:
        """Return what a wheel, a source distribution or another file contains.

        In one run each file is read once at most. Raise FetchError or ArchiveError.
        """
        seen = self._seen.get(path)
        if seen is not None:
            return seen
        name = path[self._prefix :]
        known = self._files.get(name)
        with archive_errors(path.rpartition(os.sep)[2]):
            stamp = _stamp(path)
            if known is not None and known[0] == stamp and (known[1].sha256 or not self._hashing):
                found = known[1]
            else:
                found = self._read(Path(path))
                if _stamp(path) == stamp:
                    self._files[name] = (stamp, found)
                    self._changed = True
        self._seen[path] = found
        return found

    def variant(self, path: Path) -> SelectedVariant:
        """Return the variant that the ``variant.json`` of a wheel describes; raise VariantError."""
        digest = self.facts(str(path)).variant
        label = label_of(path.name)
        found = self._parsed.get((digest, label)) if digest else None
        if found is None:
            members = self._members(path, VARIANT_JSON, digest)
            found = self._parsed[digest, label] = variant_in(path.name, members, label)
        return found

    def metadata(self, path: Path) -> bytes | None:
        """Return the METADATA of a wheel, or None if it has none; raise VariantError."""
        return self._members(path, METADATA, self.facts(str(path)).metadata).get(METADATA)

    def _members(self, path: Path, name: str, digest: str) -> Mapping[str, bytes]:
        text = self._texts.get(digest)
        return {name: text} if text is not None else local_members(path, (name,))

    def _keep(self, text: bytes | None) -> str:
        """Return the hash of a text, and keep the text for this run; without one return ""."""
        if text is None:
            return ""
        digest = sha256_of(text)
        if self._room >= len(text) and digest not in self._texts:
            self._room -= len(text)
            self._texts[digest] = text
        return digest

    def outcome(self, path: Path, source: str) -> str:
        """Return the hash of what was made for ``path`` of a source, or "" if that is not known."""
        known = self._outcomes.get(self._name(path), ("", ""))
        return known[1] if source and known[0] == source else ""

    def remember(self, path: Path, source: str, sha256: str) -> None:
        """Remember the hash of what was made for ``path`` of a source, which is a hash itself."""
        if source:
            self._outcomes[self._name(path)] = (source, sha256)
            self._changed = True

    def save(self) -> None:
        """Remember what is known for the next run; do nothing if that cannot be written."""
        if self._memory is None or not self._changed:
            return
        settled = int((time.time() - SETTLED) * 1e9)
        entries = {
            name: [stamp, asdict(found)]
            for name, (stamp, found) in self._files.items()
            if max(stamp[1:3]) < settled and (self._root / name).exists()
        }
        text = json.dumps({"code": self._code, "files": entries, "outcomes": self._outcomes})
        with contextlib.suppress(OSError):
            make_folder(self._memory.parent)
            replace_file(self._memory, text.encode())

    def _name(self, path: Path) -> str:
        return str(path)[self._prefix :]

    def _read(self, path: Path) -> Facts:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            members: Mapping[str, bytes] = {}
            if is_wheel(path.name):
                members = read_members(file, (METADATA, VARIANT_JSON))
                file.seek(0)
            digest = hashlib.sha256()
            while self._hashing and (block := file.read(_BLOCK)):
                digest.update(block)
        metadata = members.get(METADATA)
        fields = read_pkg_info(path) if is_sdist(path.name) else metadata or b""
        return Facts(
            size=size,
            sha256=digest.hexdigest() if self._hashing else "",
            metadata=self._keep(metadata),
            variant=self._keep(members.get(VARIANT_JSON)),
            requires_python=_requires_python(fields),
        )

    def _load(self) -> None:
        text = read_own(self._memory, _LARGEST) if self._memory is not None else None
        if text is None:
            return
        try:
            found = json.loads(text)
            if found["code"] == self._code:
                self._files = {name: _entry(*item) for name, item in found["files"].items()}
                self._outcomes = {name: _pair(*item) for name, item in found["outcomes"].items()}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self._files, self._outcomes = {}, {}


def sha256_of(data: bytes) -> str:
    """Return the hash of ``data`` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _stamp(path: str | Path) -> Stamp:
    """Return what changes with a file: its size, its two times in nanoseconds, and its inode."""
    found = os.stat(path)  # noqa: PTH116 - for thousands of files, each a text already
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _code() -> str:
    """Return what changes with the modules that make what is remembered."""
    package = Path(__file__).parents[1]
    files: Iterable[Path] = (file for room in _CODE for file in (package / room).rglob("*.py"))
    return sha256_of(repr(sorted((str(file), _stamp(file)) for file in files)).encode())


def _requires_python(metadata: bytes) -> str:
    """Return the Requires-Python of METADATA or PKG-INFO, or "" if it has none that is a text."""
    fields = HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    value = " ".join(str(fields.get("Requires-Python", "")).split())
    return value if value.isprintable() and len(value) <= _LONGEST_SPECIFIER else ""


def _entry(stamp: list[int], found: Mapping[str, object]) -> tuple[Stamp, Facts]:
    """Return a remembered file; raise ValueError or TypeError if it cannot be right."""
    facts = Facts(**found)  # type: ignore[arg-type] # checked below
    hashes = (facts.sha256, facts.metadata, facts.variant)
    valid = all(isinstance(item, str) and (not item or is_sha256(item)) for item in hashes)
    numbers = all(isinstance(item, int) for item in (*stamp, facts.size))
    if not valid or not numbers or not isinstance(facts.requires_python, str):
        raise ValueError(found)
    return tuple(stamp), facts


def _pair(source: str, sha256: str) -> tuple[str, str]:
    if not is_sha256(source) or not is_sha256(sha256):
        raise ValueError(source)
    return source, sha256
