"""The software bill of materials of the wheel: everything vendored, and the advisories answered.

CycloneDX 1.5, JSON. Scanners read the versions of what is vendored and know nothing of patches, so
the advisories in `advisories.toml` say for each version how it is answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.utils import canonicalize_name

_LISTED = re.compile(r"\s*([A-Za-z0-9._-]+)==(\S+)").match


JUSTIFICATIONS = frozenset(
    (
        *("code_not_present", "code_not_reachable", "requires_configuration"),
        *("requires_dependency", "requires_environment", "protected_by_compiler"),
        *("protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control"),
    )
)
"""Why something is not affected, in the words of CycloneDX: `impactAnalysisJustification`."""


@dataclass(frozen=True, slots=True)
class Component:
    """One vendored distribution; ``sha256`` is that of the fetched wheel, or empty."""

    name: str
    version: str
    sha256: str = ""

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{canonicalize_name(self.name)}@{self.version}"


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory about a vendored distribution, and how it is answered.

    ``patch`` is the name of a patch, without which ``explanation`` says why nothing is needed;
    ``justification`` is its kind, one of `JUSTIFICATIONS`.
    """

    id: str
    package: str
    affected: str
    summary: str
    patch: str = ""
    explanation: str = ""
    justification: str = ""

    def concerns(self, component: Component) -> bool:
        """Return whether a vendored version is affected."""
        same = canonicalize_name(self.package) == canonicalize_name(component.name)
        return same and SpecifierSet(self.affected).contains(component.version, prereleases=True)


def components(pins: Iterable[Mapping[str, str]], vendor_txt: str) -> list[Component]:
    """Return what is vendored: the pinned wheels, and what pip itself vendors.

    A pinned wheel that puts files in the place of pip's own replaces that version.
    """
    listed = [match for line in vendor_txt.splitlines() if (match := _LISTED(line))]
    found = {canonicalize_name(match[1]): Component(match[1], match[2]) for match in listed}
    for pin in pins:
        if "unpack" in pin:
            name = canonicalize_name(pin["name"])
            found[name] = Component(pin["name"], pin["version"], pin["sha256"])
    return sorted(found.values(), key=lambda component: canonicalize_name(component.name))


def advisories(entries: Sequence[Mapping[str, Any]]) -> list[Advisory]:
    """Return the advisories of a parsed `advisories.toml`."""
    return [Advisory(**entry) for entry in entries]


def open_advisories(
    found: Iterable[Component], known: Iterable[Advisory], patches: Iterable[str]
) -> list[tuple[Component, Advisory]]:
    """Return the advisories that are neither fixed by one of ``patches`` nor explained.

    An explanation without a justification that CycloneDX knows counts for nothing.
    """
    applied = set(patches)
    return [
        (component, advisory)
        for component in found
        for advisory in known
        if advisory.concerns(component)
        and advisory.patch not in applied
        and not (advisory.explanation and advisory.justification in JUSTIFICATIONS)
    ]


def bill_of_materials(
    wheel_version: str, found: Sequence[Component], known: Iterable[Advisory]
) -> str:
    """Return the document; the same components and advisories give the same text."""
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "pep-xxx-wheel-variants",
                "name": "pep_xxx_wheel_variants",
                "version": wheel_version,
            }
        },
        "components": [_component(component) for component in found],
        "vulnerabilities": [
            _vulnerability(component, advisory)
            for component in found
            for advisory in known
            if advisory.concerns(component)
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(component: Component) -> dict[str, object]:
    entry: dict[str, object] = {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": component.sha256}]
    return entry


def _vulnerability(component: Component, advisory: Advisory) -> dict[str, object]:
    analysis = {"state": "resolved", "detail": f"fixed by {advisory.patch}"}
    if not advisory.patch:
        analysis = {
            "state": "not_affected",
            "justification": advisory.justification,
            "detail": advisory.explanation,
        }
    return {
        "bom-ref": f"{advisory.id}@{component.purl}",
        "id": advisory.id,
        "description": advisory.summary,
        "analysis": analysis,
        "affects": [{"ref": component.purl}],
    }
