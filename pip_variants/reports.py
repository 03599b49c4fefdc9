"""The shapes of the JSON that ``pip variants`` prints (interface: "pip variants")."""

from __future__ import annotations

from .supported import Support


def namespace_entry(support: Support) -> dict[str, object]:
    """Return who answered for a namespace, what, and why something is missing."""
    return {
        "namespace": support.namespace,
        "state": "none" if support.state == "foreign" else support.state,
        "reason": support.reason,
        "features": [{"name": name, "values": list(values)} for name, values in support.features],
    }
