"""The modules that are used after pip has installed files, when it imports nothing more (26.1)."""

from __future__ import annotations

from pip_variants.providers.registry import BUILT_INS

from .run_state import RunState

_ALWAYS = (
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


def late_modules(state: RunState) -> tuple[str, ...]:
    """Return their names; features of a platform file are compared with those of providers."""
    platform = state.resolver.settings.platform
    described = {name for name, _ in platform.features} if platform is not None else set()
    providers = (item.name for item in BUILT_INS if item.name in described)
    return (*_ALWAYS, *(f"pip_variants.providers.{name}" for name in providers))
