"""The shapes of the JSON that ``pip variants`` prints (interface: "pip variants")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pip_variants.core.properties import Variant
from pip_variants.core.supported import SupportedProperties

from .messages import namespace_reason
from .notes import installed_lines

if TYPE_CHECKING:
    from .model import Explanation, Row


def namespace_entry(supported: SupportedProperties) -> dict[str, object]:
    """Return the supported properties of a namespace, and why something is missing."""
    return {
        "namespace": supported.namespace,
        "state": "none" if supported.state == "cross-target" else supported.state,
        "reason": namespace_reason(supported),
        "features": [{"name": name, "values": list(values)} for name, values in supported.features],
    }


def explanation_entry(explanation: Explanation) -> dict[str, object]:
    """Return an explanation."""
    origin, installed = explanation.origin, explanation.installed
    is_kept = installed is not None and installed.is_kept
    notes = installed_lines(explanation.project, installed) if installed and is_kept else ()
    return {
        "project": explanation.project,
        "version": explanation.version,
        "source": explanation.source,
        "metadata": {
            "origin": origin.kind,
            "location": origin.location,
            "revision": origin.revision,
        },
        "namespaces": [namespace_entry(item) for item in explanation.supported],
        "wheels": [_wheel_entry(row) for row in explanation.rows],
        "selected": explanation.selected,
        "warnings": [*explanation.warnings, *notes],
    }


def installed_entry(
    project: str, version: str, variant: Variant, reason: str | None
) -> dict[str, object]:
    """Return an installed variant; ``reason`` says why it does not fit, or is None if it fits."""
    return {
        "project": project,
        "version": version,
        "label": variant.label,
        "properties": list(map(str, variant.properties)),
        "fits": reason is None,
        "reason": reason,
    }


def offer_entry(version: str, label: str | None) -> dict[str, object]:
    """Return what is better than an installed variant; ``label`` is None if it is no variant."""
    return {"version": version, "label": label}


def _wheel_entry(row: Row) -> dict[str, object]:
    return {
        "filename": row.filename,
        "label": row.label,
        "rank": row.rank,
        "compatible": row.compatible,
        "reason": "; ".join(row.reasons) or None,
        "properties": list(map(str, row.properties)),
    }


def variant_entry(variant: Variant) -> dict[str, object]:
    """Return what pip's own reports show of a variant."""
    return {"label": variant.label, "properties": list(map(str, variant.properties))}
