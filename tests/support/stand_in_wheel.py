"""Write stand-in wheels: tiny, valid, deterministic, under exactly the file name of a real one.

File names are parsed here without the engine, so that its tests do not check it against itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Json = Mapping[str, object]

_WHEEL_NAME = re.compile(
    r"(?P<name>[^-/\\]+)-(?P<version>[^-/\\]+)(?:-(?P<build>\d[^-/\\]*))?"
    r"-(?P<python>[^-/\\\d][^-/\\]*)-(?P<abi>[^-/\\]+)-(?P<platform>[^-/\\]+)"
    r"(?:-(?P<label>[^-/\\]+))?\.whl"
)
_MODULE = '''\
"""A stand-in for {name}: importing it says which build was installed."""

__version__ = {version!r}
build_label = {label!r}
print({text!r})
'''


@dataclass(frozen=True, slots=True)
class WheelName:
    """The parts of a wheel's file name; `build` and `label` may be missing."""

    name: str
    version: str
    build: str | None
    python: str
    abi: str
    platform: str
    label: str | None

    @classmethod
    def parse(cls, filename: str) -> WheelName:
        """Return the parts of `filename`; raise ValueError if it is not a wheel's name."""
        match = _WHEEL_NAME.fullmatch(filename)
        if match is None:
            message = f"not a wheel's file name: {filename!r}"
            raise ValueError(message)
        return cls(**match.groupdict())


def write_wheel(
    folder: Path,
    filename: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    module: str | None = None,
    variant_json: Json | bytes | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a small valid wheel under exactly this name and return its path.

    The same arguments give the same bytes. Importing `module` (by default named as the project)
    prints which wheel it is from; it has `__version__` and `build_label` ("" for a plain wheel).
    `variant_json` is the metadata of the whole version, of which a wheel with a label contains its
    own label's part; bytes are packed unchanged. `files` are packed too. Raise ValueError if
    `filename` is not a wheel's name.
    """
    parts = WheelName.parse(filename)
    package = module or parts.name.lower().replace(".", "_")
    name = parts.name.replace("_", "-")
    build = f"build {parts.label}" if parts.label else "plain build"
    text = f"{name} {parts.version}, {build}"
    source = _MODULE.format(name=name, version=parts.version, label=parts.label or "", text=text)
    info = f"{parts.name}-{parts.version}.dist-info"
    contents = {f"{package}/__init__.py": source.encode(), **(files or {})}
    contents[f"{info}/METADATA"] = _metadata(name, parts.version, requires, requires_python)
    contents[f"{info}/WHEEL"] = _wheel_file(parts)
    if isinstance(variant_json, bytes):
        contents[f"{info}/variant.json"] = variant_json
    elif variant_json is not None and parts.label is not None:
        contents[f"{info}/variant.json"] = _variant_json(variant_json, parts.label)
    folder.mkdir(parents=True, exist_ok=True)
    _pack(folder / filename, contents, f"{info}/RECORD")
    return folder / filename


def _metadata(
    name: str, version: str, requires: Sequence[str], requires_python: str | None
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "".join(f"{line}\n" for line in lines).encode()


def _wheel_file(parts: WheelName) -> bytes:
    pure = "true" if parts.platform == "any" else "false"
    lines = ["Wheel-Version: 1.0", "Generator: stand_in", f"Root-Is-Purelib: {pure}"]
    lines += [
        f"Tag: {python}-{abi}-{platform}"
        for python in parts.python.split(".")
        for abi in parts.abi.split(".")
        for platform in parts.platform.split(".")
    ]
    if parts.build is not None:
        lines.append(f"Build: {parts.build}")
    return "".join(f"{line}\n" for line in lines).encode()


def _variant_json(variants_json: Json, label: str) -> bytes:
    """Return the variant.json of one label; raise KeyError if the version has no such label."""
    variants = variants_json["variants"]
    if not isinstance(variants, Mapping):
        message = "variants is not a table"
        raise TypeError(message)
    return dump({**variants_json, "variants": {label: variants[label]}})


def dump(value: Json) -> bytes:
    """Return `value` as JSON text that does not depend on the order of its keys."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode()


def _pack(path: Path, contents: Mapping[str, bytes], record: str) -> None:
    """Write the zip: sorted, stored, without times, so that its bytes are the same everywhere."""
    rows = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, data: bytes) -> None:
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3  # Unix, also when made on Windows
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)

        for name, data in sorted(contents.items()):
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(data)}\n")
            add(name, data)
        add(record, "".join([*rows, f"{record},,\n"]).encode())
