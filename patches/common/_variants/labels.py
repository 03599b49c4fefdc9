"""The files among which pip looks for a requested label."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pip._internal.models.candidate import InstallationCandidate
    from pip._vendor.packaging.specifiers import SpecifierSet


def requested_candidates(
    project: str, candidates: list[InstallationCandidate], specifier: SpecifierSet
) -> list[InstallationCandidate]:
    """Return the files among which one with the requested label of a project is to be found."""
    run = current()
    if not run.has_state:
        return candidates
    requested = run.state().requests.label(project)
    from pip_variants.pip_adapter import releases

    return list(releases.requested_candidates(candidates, requested, specifier))
