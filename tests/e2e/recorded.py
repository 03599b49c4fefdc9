"""The recorded real indexes, where they lie beside this checkout: where, and how to serve them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from stand_in import write_simple_index, write_wheel
from stand_in_wheel import Json

DATA = Path(__file__).parents[3] / "shared" / "data" / "real-index"
DEPENDENTS = DATA / "dependent-packages"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recorded indexes are not beside this checkout"
)

_name = re.compile(r"[A-Za-z0-9._-]+").match
_version = re.compile(r"[=>]=([0-9][0-9a-z.]*)").search


def recorded(index: str, project: str, version: str) -> Json:
    """Return the JSON that a recorded index served for a version of a project."""
    name = project.replace("-", "_")
    text = (DATA / index / project / f"{name}-{version}-variants.json").read_text()
    document: Json = json.loads(text)
    return document


def dependents() -> Mapping[str, list[str]]:
    """Return the recorded Requires-Dist lines of torch, flash_attn and vllm, by name of wheel."""
    lines: Mapping[str, list[str]] = json.loads((DEPENDENTS / "requires-dist.json").read_text())
    return lines


def write_dependents(root: Path, *, renamed: bool) -> None:
    """Write an index of stand-ins for torch, flash_attn and vllm, and of all that they depend on.

    What they depend on has a plain wheel of the version that is named first. As recorded, torch
    declares static values for a feature that its variants do not use (trap T7); with `renamed` the
    static feature has their name for it.
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
