"""The shapes of the JSON that ``pip variants`` prints (interface: "pip variants")."""

from __future__ import annotations

from .explanation import Explanation, Row
from .properties import Variant
from .supported import Support


def namespace_entry(support: Support) -> dict[str, object]:
    """Return who answered for a namespace, what, and why something is missing."""
    return {
        "namespace": support.namespace,
        "state": "none" if support.state == "foreign" else support.state,
        "reason": support.reason,
        "features": [{"name": name, "values": list(values)} for name, values in support.features],
    }


def explanation_entry(explanation: Explanation) -> dict[str, object]:
    """Return a choice with all its reasons."""
    origin = explanation.origin
    return {
        "project": explanation.project,
        "version": explanation.version,
        "source": explanation.source,
        "metadata": {
            "origin": origin.kind,
            "location": origin.location,
            "revision": origin.revision,
        },
        "namespaces": [namespace_entry(support) for support in explanation.supports],
        "wheels": [_wheel_entry(row) for row in explanation.rows],
        "selected": explanation.selected,
        "warnings": list(explanation.warnings),
    }


def installed_entry(
    project: str, version: str, variant: Variant, reason: str | None
) -> dict[str, object]:
    """Return an installed variant; ``reason`` says why it does not fit, None: it does."""
    return {
        "project": project,
        "version": version,
        "label": variant.label,
        "properties": list(variant.properties),
        "fits": reason is None,
        "reason": reason,
    }


def _wheel_entry(row: Row) -> dict[str, object]:
    return {
        "filename": row.filename,
        "label": row.label,
        "rank": row.rank,
        "compatible": row.compatible,
        "reason": "; ".join(row.reasons) or None,
        "properties": list(row.properties),
    }
