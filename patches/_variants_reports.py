"""What pip's reports say of installed variants, copied into pip as ``pip/_variants_reports.py``."""

from __future__ import annotations

from pip._internal.metadata import get_default_environment
from pip._variants import engine, is_variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pip._internal.metadata import BaseDistribution


def add_column(dists: Sequence[BaseDistribution], data: list[list[str]], header: list[str]) -> None:
    """Add the variants to what `pip list` shows, if there are any, after the versions."""
    if any(is_variant(dist) for dist in dists):
        engine().add_column(dists, data, header)


def label_entry(dist: BaseDistribution) -> dict[str, str]:
    """Return what `pip list --format=json` adds to the entry of a variant."""
    return dict(engine().label_entry(dist)) if is_variant(dist) else {}


def variant_entry(dist: BaseDistribution) -> dict[str, object]:
    """Return what `pip inspect` adds to the entry of a variant."""
    return dict(engine().variant_entry(dist)) if is_variant(dist) else {}


def shown(name: str) -> list[str]:
    """Return what `pip show` adds about a variant."""
    dist = get_default_environment().get_distribution(name)
    return list(engine().shown(dist)) if dist is not None and is_variant(dist) else []


def misfits() -> bool:
    """Return whether `pip check` found variants that do not fit this machine, and print them."""
    installed = get_default_environment().iter_installed_distributions()
    variants = [dist for dist in installed if is_variant(dist)]
    return bool(variants and engine().misfits(variants))
