"""The recorded real indexes, if they are beside this checkout, and stand-ins for their wheels."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from pip_variants.core.selection import Selection, Wheel
from pip_variants.formats.reader import read
from tests.e2e.engine import Supported, select_for, wheels_of
from tests.e2e.pips import Machine
from tests.support.stand_in import WheelName, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json

DATA = Path(__file__).parents[3] / "shared" / "data" / "real-index"
DEPENDENTS = DATA / "dependent-packages"

newer_python = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="these versions have no wheel for Python 3.10"
)

LINUX_TAGS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "linux_x86_64")

_name = re.compile(r"[A-Za-z0-9._-]+").match
_version = re.compile(r"[=>]=([0-9][0-9a-z.]*)").search


def recorded(index: str, project: str, version: str) -> Json:
    """Return the variants JSON that a recorded index served for a version of a project."""
    name = project.replace("-", "_")
    text = (DATA / index / project / f"{name}-{version}-variants.json").read_text()
    document: Json = json.loads(text)
    return document


def recorded_wheels(
    index: str, project: str, version: str, tags: Iterable[str] = LINUX_TAGS
) -> list[Wheel]:
    """Return the wheels of a version that fit CPython 3.13 on a machine with these tags."""
    listed = json.loads((DATA / index / project / "files.json").read_text())
    names = [entry["filename"] for entry in listed if entry["filename"].endswith(".whl")]
    parsed = [(name, WheelName.parse(name)) for name in names]
    return wheels_of(
        {
            name: parts.label
            for name, parts in parsed
            if parts.version == version
            and parts.python in ("cp313", "py3")
            and parts.abi in ("cp313", "none")
            and not set(tags).isdisjoint(parts.platform.split("."))
        }
    )


def select_recorded(
    index: str, project: str, version: str, machine: Machine, known: Supported | None = None
) -> Selection:
    """Return the selection among those wheels; namespaces in `known` are not queried."""
    wheels = recorded_wheels(index, project, version)
    return select_for(machine, read(recorded(index, project, version)), wheels, known)


def dependents() -> Mapping[str, list[str]]:
    """Return the recorded Requires-Dist lines of torch, flash_attn and vllm, by name of wheel."""
    lines: Mapping[str, list[str]] = json.loads((DEPENDENTS / "requires-dist.json").read_text())
    return lines


def write_dependents(root: Path, *, renamed: bool) -> None:
    """Write an index of stand-ins for torch, flash_attn and vllm, and of all that they depend on.

    Each dependency has a plain wheel of the first version that its requirement names. As recorded,
    torch declares static values for a feature that its variants do not use (trap T7); with
    `renamed` the static feature has the name that the variants use.
    """
    lines = dependents()
    projects: dict[str, list[Path]] = {}
    files = root / "files"
    for document in sorted(DEPENDENTS.glob("*-variants.json")):
        metadata = json.loads(document.read_text())
        if renamed and "static-properties" in metadata:
            static = metadata["static-properties"]["priority"]
            static["cuda"] = static.pop("order")
        name, version = document.name.split("-")[:2]
        listed = projects.setdefault(name.replace("_", "-"), [])
        for wheel, requires in lines.items():
            if wheel.startswith(f"{name}-{version}-"):
                listed.append(write_wheel(files, wheel, requires=requires, variant_json=metadata))
        listed.append(files / document.name)
        listed[-1].write_text(json.dumps(metadata))
    for wheel in _needed(line for requires in lines.values() for line in requires):
        project = wheel.split("-")[0].lower().replace("_", "-").replace(".", "-")
        if project != "torch":
            projects.setdefault(project, []).append(write_wheel(files, wheel))
    write_simple_index(root, projects)


def _needed(lines: Iterable[str]) -> list[str]:
    """Return the names of plain wheels that satisfy these requirements, one by one."""
    names = set()
    for line in lines:
        requirement = line.partition(";")[0]
        name, version = _name(requirement), _version(requirement)
        assert name is not None
        project = name[0].replace("-", "_")
        names.add(f"{project}-{version[1] if version else '1.0'}-py3-none-any.whl")
    return sorted(names)
