"""``-r pylock.toml``: what a lock has of variants, before pip makes requirements of it."""

from __future__ import annotations

from . import has_label
from .engine import load
from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement

    _Lock = TypeVar("_Lock", bound=Any)
    _Read = TypeVar("_Read")
    _Selected = TypeVar("_Selected", bound=tuple[Any, Any])

_ENTRY = "_variants_entry"
"""Where a package of a lock has its table: packaging keeps only the keys that it knows."""


def read_lock(document: dict[str, Any], read: Callable[[dict[str, Any]], _Lock]) -> _Lock:
    """Return the lock that ``read`` makes of a document, each package with its table.

    With ``--no-variants`` it has no variant wheels where an entry has anything else.
    """
    lock = _with_labels(lambda: read(document))
    if not any(map(_has_variant, lock.packages)):
        return lock
    if current().without_variants:
        plain: _Lock = _engine().plain_only(lock)
        return plain
    for package, entry in zip(lock.packages, document["packages"], strict=True):
        vars(package)[_ENTRY] = entry
    return lock


def _has_variant(package: Any) -> bool:  # noqa: ANN401 - of a release that has locks
    """Return whether one of the files of a package has the name of a variant wheel."""
    if package.archive is None:
        return any(map(has_label, package.wheels or ()))
    from pip._internal.models.link import Link

    return has_label(Link(package.archive.path or package.archive.url))


def selected(files: Iterable[_Selected]) -> list[_Selected]:
    """Return the files that a lock selects, each with its package.

    Raise ValueError if one is a variant wheel in spite of ``--no-variants``.
    """
    found = _with_labels(lambda: list(files))
    if current().without_variants:
        for package, file in found:
            if file in (package.wheels or ()) and has_label(file):
                raise ValueError(_engine().why_not_plain(package))
    return found


def add_files(
    package: Any,  # noqa: ANN401 - of a release that has locks
    file: Any,  # noqa: ANN401 - the same
    req: InstallRequirement,
    finder: PackageFinder,
    make: Callable[[Any], tuple[InstallRequirement, Link | None]],
) -> None:
    """Record the files that may be taken for a package of a lock in place of this one."""
    entry = vars(package).get(_ENTRY)
    if entry is not None:
        state = current().state()
        from pip_variants.pip_adapter import locked

        locked.add_files(state, package, file, entry, req, finder, make)


def locked_candidates(
    own: InstallationCandidate, make: Callable[[Link], InstallationCandidate | None]
) -> list[InstallationCandidate]:
    """Return the candidates for a locked project: pip's own, or all files of its entry."""
    run = current()
    if not run.has_state:
        return [own]
    from pip_variants.pip_adapter import locked

    return locked.candidates(run.state(), own, make)


def _with_labels(read: Callable[[], _Read]) -> _Read:
    """Return what ``read`` returns, for which names of variant wheels are valid in any case."""
    run = current()
    without, run.without_variants = run.without_variants, False
    try:
        return read()
    finally:
        run.without_variants = without


def _engine() -> Any:  # noqa: ANN401 - a module
    """Return what the engine knows of locks, without a state of it."""
    load()
    from pip_variants.pip_adapter import locked

    return locked
