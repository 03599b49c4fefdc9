"""Machines as files below a folder, as providers read them below ``/``."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pip_variants.providers import _files, _kfd, tpu

FOLDER = Path(__file__).parents[1] / "data" / "machines"

Machine = Mapping[str, Any]
"""A recorded or derived machine, as ``tests/data/machines/README.md`` describes it."""


def machines(kind: str) -> dict[str, Machine]:
    """Return the machines of a kind, by name."""
    paths = sorted((FOLDER / kind).glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def node_path(root: Path, number: int) -> Path:
    """Return the file with the properties of a node of KFD."""
    return root / _kfd.NODES / str(number) / "properties"


def write(path: Path, text: str) -> None:
    """Write a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_amd_machine(root: Path, machine: Machine) -> None:
    """Write the files of a machine with AMD GPUs, or without."""
    for number, properties in enumerate(machine["nodes"] or []):
        lines = (f"{key} {value}\n" for key, value in properties.items())
        write(node_path(root, number), "".join(lines))
    for path, text in machine["files"].items():
        write(root / path, text)


def write_tpu_machine(root: Path, machine: Machine) -> None:
    """Write the files of a machine with these PCI devices."""
    if machine["devices"] is not None:
        (root / tpu.DEVICES).mkdir(parents=True)
        for address, identifiers in machine["devices"].items():
            for name, text in zip(("vendor", "device"), identifiers, strict=True):
                # No file on Windows has a colon in its name.
                write(root / tpu.DEVICES / address.replace(":", "-") / name, f"{text}\n")


def forbid(monkeypatch: pytest.MonkeyPatch, root: Path, machine: Machine) -> None:
    """Make the files of a machine that are not permitted unreadable, to an administrator, too."""
    unreadable = {node_path(root, number) for number in machine.get("unreadable", [])}
    denied = {root / path for path in machine.get("no_access", [])}

    def read_text(path: Path, largest: int = _files.LARGEST) -> str:
        if path in unreadable:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return _files.read_text(path, largest)

    access = os.access
    monkeypatch.setattr(_kfd, "read_text", read_text)
    monkeypatch.setattr(_files, "group", lambda _: "render")
    monkeypatch.setattr(os, "access", lambda path, mode: path not in denied and access(path, mode))
