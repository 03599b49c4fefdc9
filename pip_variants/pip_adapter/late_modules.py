"""The modules that are used after pip has installed files, when it imports nothing more (26.1)."""

from __future__ import annotations

LATE_MODULES = (
    "pip_variants.core.filenames",
    "pip_variants.explain.messages",
    "pip_variants.formats.revisions.early",
    "pip_variants.formats.revisions.v0_0_2",
    "pip_variants.formats.revisions.v0_0_3",
    "pip_variants.formats.revisions.v0_1",
    "pip_variants.formats.revisions.v0_2",
    "pip_variants.pip_adapter.installed",
    "pip_variants.pip_adapter.installing",
    "pip_variants.pip_adapter.prepare",
    "pip_variants.pip_adapter.reports",
)
