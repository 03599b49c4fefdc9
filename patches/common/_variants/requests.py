"""What a user requests in a requirement: the label of ``NAME#LABEL``."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from pip._vendor.packaging.markers import Marker


def take_label(requirement: str, marker: Marker | None, source: str | None) -> str:
    """Return a requirement that a user typed without its ``#LABEL``; raise InstallationError.

    ``source`` is the file and line it is from, if there is one.
    """
    run = current()
    front = requirement.partition("#")[0]
    if front == requirement or "@" in front or "/" in front:
        return requirement
    state = run.state()
    from pip_variants.core.errors import RequestError

    try:
        return state.requests.take_from(requirement, marker)
    except RequestError as error:
        from pip._internal.exceptions import InstallationError

        origin = f" (from {source})" if source else ""
        text = f"Invalid requirement: {requirement!r}: {error}{origin}"
        raise InstallationError(text) from None


def record_file(name: str, content: str) -> None:
    """Record a file of requirements, in which the label of one may be a comment."""
    run = current()
    if "#" in content and not run.without_variants:
        run.requirement_files.append((name, content))


def check_uninstallation(projects: Iterable[str]) -> None:
    """Raise pip's InstallationError if the label of a requirement is not the installed one."""
    run = current()
    if run.has_state:
        from pip_variants.pip_adapter import installed

        installed.check_uninstallation(run.state(), projects)
