"""``pip variants check --as``: which build each machine would take of what was checked."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip._vendor.packaging import tags

from pip_variants.core.errors import MetadataError, RequestError, quoted
from pip_variants.core.machines import Machine, Python
from pip_variants.core.merge import ContradictionError, FileMetadata, merge, merge_files
from pip_variants.core.metadata import NO_METADATA, VariantMetadata
from pip_variants.core.outcomes import Supported, outcome, pythons_of
from pip_variants.explain.outcomes import OutcomeRow, ReleaseRows, rows
from pip_variants.explain.requests import no_machine
from pip_variants.pip_adapter.options import read_platform
from pip_variants.providers.example_machines import EXAMPLES
from pip_variants.providers.resolve import NamespaceResolver, ProviderSettings
from pip_variants.providers.runner import ProviderRunner
from pip_variants.system.atomic_file import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pip_variants.core.metadata import Provider
    from pip_variants.core.properties import Namespace
    from pip_variants.core.supported import SupportedProperties

ALL = "all"
"""What stands for all example machines."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One version that was checked, on the page or in the folder ``source``.

    ``document`` is the metadata of the index if it could be read, ``own`` that of wheels.
    """

    project: str
    version: str
    source: str
    wheels: tuple[str, ...]
    document: FileMetadata | None
    own: tuple[FileMetadata, ...]

    @property
    def metadata(self) -> VariantMetadata:
        """What an installer knows of all labels; what contradicts the document is left out."""
        if self.document is None:
            try:
                return merge_files(self.own) if self.own else NO_METADATA
            except ContradictionError:
                return NO_METADATA
        found = self.document.metadata
        for item in self.own:
            try:
                found = merge(found, item.metadata)
            except MetadataError:
                continue
        return found


@dataclass(frozen=True, slots=True)
class _Described:
    """This machine, but for what a platform file describes."""

    resolver: NamespaceResolver

    def supported(
        self, _: Python, namespaces: Sequence[Namespace], providers: Sequence[Provider]
    ) -> Mapping[Namespace, SupportedProperties]:
        return self.resolver.supported(namespaces, providers)


def machines(requested: Iterable[str]) -> list[tuple[Machine, Supported]]:
    """Return the machines that ``--as`` names: an example, all of them, or a platform file.

    Raise RequestError for what is neither, and for a mistake in a platform file.
    """
    found: dict[str, tuple[Machine, Supported]] = {}
    for text in requested:
        for name, machine, supported in _machines(text):
            found.setdefault(name, (machine, supported))
    return list(found.values())


def _machines(text: str) -> Iterator[tuple[str, Machine, Supported]]:
    examples = [item for item in EXAMPLES if text in (ALL, item.machine.name)]
    for item in examples:
        yield item.machine.name, item.machine, item.supported
    if examples:
        return
    if not Path(text).is_file():
        raise RequestError(no_machine(text, [ALL, *(item.machine.name for item in EXAMPLES)]))
    described = read_platform(text, "--as")
    settings = ProviderSettings(platform=described)
    resolver = NamespaceResolver(ProviderRunner(os.environ), settings)
    summary = f"described, otherwise this machine ({platform.system()} {platform.machine()})"
    machine = Machine(Path(text).name, summary, tuple(tags.platform_tags()))
    yield text, machine, _Described(resolver).supported


def outcomes(
    checked: Sequence[Checked], on: Sequence[tuple[Machine, Supported]]
) -> list[ReleaseRows]:
    """Return, for each version that has wheels, the rows of all machines."""
    found = []
    for item in checked:
        metadata, pythons = item.metadata, pythons_of(item.wheels, sys.version_info[:2])
        lines: list[OutcomeRow] = []
        for machine, supported in on:
            taken = [
                outcome(machine, python, item.wheels, metadata, supported) for python in pythons
            ]
            lines += rows(taken)
        found.append(ReleaseRows(item.project, item.version, item.source, tuple(lines)))
    return found


def write_page(path: str, text: str) -> None:
    """Write the HTML page; raise RequestError if that is impossible."""
    try:
        replace_file(Path(path), text.encode())
    except OSError as error:
        raise RequestError(f"--html: {quoted(path)} cannot be written: {error.strerror}") from None
