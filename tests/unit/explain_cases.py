"""Decisions about torch 2.8.0 and other releases, as the modules of ``explain`` show them."""

from __future__ import annotations

from pip_variants.core.decision import (
    CandidateFile,
    Decision,
    Release,
    SourceSelection,
    decide,
)
from pip_variants.core.filenames import label_of
from pip_variants.core.metadata import SourceMetadata, VariantMetadata
from pip_variants.core.properties import Label
from pip_variants.core.selection import Selection, select
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read_text
from pip_variants.providers import nvidia
from pip_variants.providers.nvidia import NvidiaFacts
from tests.unit.cases import TORCH_JSON, by_namespace, supported, torch_filename, torch_wheels

TORCH = read_text(TORCH_JSON)
TORCH_LABELS = ("00000000", "cu126", "cu128", "cu129")
TORCH_PAGE = "https://index.test/torch/"
TORCH_METADATA_URL = "https://index.test/torch-2.8.0-variants.json"


def nvidia_supported(facts: NvidiaFacts) -> SupportedProperties:
    """Return what the nvidia provider supports on a machine with these facts."""
    found = nvidia.detect(facts)
    return supported("nvidia", "built-in", found.features, found.reason, found.warnings)


def forced_nvidia(cuda: tuple[int, int], capability: tuple[int, int]) -> SupportedProperties:
    """Return what the nvidia provider supports if both facts are forced."""
    return nvidia_supported(NvidiaFacts(cuda, capability, forced=True))


def torch_selection(machine: SupportedProperties) -> Selection:
    """Return the selection among the wheels of torch 2.8.0, a plain one too."""
    return select(torch_wheels(*TORCH_LABELS, None), TORCH, by_namespace(machine))


def release(project: str, version: str, *filenames: str, source: str = "here") -> Release:
    """Return a version with these files, all of one source."""
    files = (CandidateFile(name, label_of(name), source) for name in filenames)
    return Release(project, version, tuple(files))


def decision(
    found: Release,
    metadata: VariantMetadata,
    *machine: SupportedProperties,
    requested: str | None = None,
    excluded: tuple[str, ...] = (),
    failures: tuple[tuple[str, str], ...] = (),
    location: str | None = None,
) -> Decision:
    """Return the decision about a version of one source, whose metadata could be read."""
    (indexes,) = found.by_source()
    source = SourceSelection(
        indexes,
        SourceMetadata(metadata, tuple((Label(name), why) for name, why in failures), location),
        select(found.wheels(indexes), metadata, by_namespace(*machine)),
    )
    label = None if requested is None else Label(requested)
    return decide(found, [source], label, tuple(map(Label, excluded)))


def torch_decision(
    machine: SupportedProperties,
    requested: str | None = None,
    labels: tuple[str | None, ...] = TORCH_LABELS,
    excluded: tuple[str, ...] = (),
) -> Decision:
    """Return the decision about torch 2.8.0 on an index."""
    found = release("torch", "2.8.0", *map(torch_filename, labels), source=TORCH_PAGE)
    return decision(
        found,
        TORCH,
        machine,
        requested=requested,
        excluded=excluded,
        location=TORCH_METADATA_URL,
    )
