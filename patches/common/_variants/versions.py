"""The versions that `pip index versions` and `pip list --outdated` offer."""

from __future__ import annotations

from . import is_variant
from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.candidate import InstallationCandidate
    from pip._vendor.packaging.version import Version


def offered_versions(project: str, versions: set[Version], finder: PackageFinder) -> set[Version]:
    """Return the versions of a project that have its requested label.

    If a variant of it is installed, only those with a file that fits this machine.
    """
    from pip._internal.metadata import get_default_environment

    run = current()
    dist = get_default_environment().get_distribution(project)
    is_installed = dist is not None and is_variant(dist) and not run.without_variants
    if not (run.has_state or is_installed):
        return versions
    state = run.state()
    from pip_variants.pip_adapter import offers

    return offers.offered_versions(state, project, versions, finder, fitting=is_installed)


def upgrades(
    dist: BaseDistribution, candidates: list[InstallationCandidate], finder: PackageFinder
) -> list[InstallationCandidate]:
    """Return the candidates without newer versions that do not fit, if a variant is installed."""
    run = current()
    if run.without_variants or not is_variant(dist):
        return candidates
    state = run.state()
    from pip_variants.pip_adapter import offers

    return offers.upgrades(state, dist, candidates, finder)
