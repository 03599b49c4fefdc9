"""The facade between pip and the variant engine, copied into pip as ``pip/_variants``.

Each function serves one seam of the patches. As long as there is no variant wheel it returns what
it was given, and the engine is not imported. Decisions are made in ``pip_variants.pip_adapter``.

pip hands no state to most of these functions, which fetch it by ``current()``.
"""

from __future__ import annotations

from .engine import filenames
from .run import begin, current, run_command
from .together import fits_conditions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    from pip._internal.cli.base_command import Command
    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.resolution.resolvelib.found_candidates import IndexCandidateInfo
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.specifiers import SpecifierSet
    from pip._vendor.requests.models import Response

    from pip_variants.pip_adapter.candidates import Info, RankedInfo

    _Parsed = TypeVar("_Parsed")

__all__ = ["begin", "run_command"]
"""What the patches use of other modules; the functions below are the rest."""

_METADATA_SUFFIX = "-variants.json"
_PARTS_OF_PLAIN_NAME = 5
_COMMANDS = (
    *("install", "download", "wheel", "lock", "index", "variants"),
    *("check", "freeze", "inspect", "list", "show"),
)


def add_options(command: Command) -> None:
    """Give the commands that look for packages, or at them, the options about variants."""
    if command.name in _COMMANDS:
        from .options import option_group

        groups = command.parser.option_groups
        command.parser.insert_option_group(len(groups) - 1, option_group(command))


def parsed_name(stem: str, parse: Callable[[str], _Parsed]) -> _Parsed | None:
    """Return what ``parse`` finds in the name of a variant wheel, without suffix; None: plain.

    pip sees names that differ only by label as the same, so they are parsed once.
    """
    if not _may_have_label(stem):
        return None
    names = filenames()
    try:
        plain, label = names.split_label(stem)
    except names.FilenameError as error:
        raise _invalid_name(str(error)) from None
    if label is None:
        return None
    run = current()
    if run.without_variants:
        raise _invalid_name(f"{stem}.whl is a variant wheel, and --no-variants is given")
    if plain not in run.parsed_names:
        run.parsed_names[plain] = parse(f"{plain}.whl")
    found: _Parsed = run.parsed_names[plain]
    return found


def _invalid_name(problem: str) -> Exception:
    from pip._vendor.packaging.utils import InvalidWheelFilename

    return InvalidWheelFilename(problem)


def add_page_link(link: Link) -> None:
    """Record a link that is not an archive, if it is variant metadata."""
    run = current()
    if link.path.endswith(_METADATA_SUFFIX) and not run.without_variants:
        state = run.state()
        from pip_variants.pip_adapter.links import remote_file

        state.metadata.add_listed(remote_file(link))


def require(reqs: Sequence[InstallRequirement]) -> None:
    """Record what the user requires, before it is resolved."""
    run = current()
    run.roots = reqs
    if run.has_state:
        run.state().together.roots = reqs


def prefetched(method: str, url: str) -> Response | None:
    """Return a response that was fetched before pip requests it, or None."""
    run = current()
    if not run.has_state or method.upper() != "GET":
        return None
    prefetch = run.state().prefetched.pop(url, None)
    return prefetch.result() if prefetch is not None else None


def ranked(
    get_infos: Callable[[], Iterator[IndexCandidateInfo]],
    finder: PackageFinder,
    hashes: Hashes,
    reqs: Sequence[InstallRequirement],
) -> Callable[[], Iterator[RankedInfo]]:
    """Return ``get_infos`` with the variants of each version in their order.

    Local versions and what comes next are ranked together: they may come before variants. Versions
    that a variant of another distribution does not fit beside are left out.
    """
    run = current()

    def infos() -> Iterator[RankedInfo]:
        versions: list[Info] = []
        for found in get_infos():
            info: Info = found  # type: ignore[assignment] # what pip makes are partials
            if not fits_conditions(reqs, info[0]) or run.discards(_link_of(info)):
                continue
            if versions and info[0] != versions[-1][0] and versions[-1][0].local is None:
                yield from _ranked_versions(versions, finder, hashes)
                versions = []
            versions.append(info)
        if versions:
            yield from _ranked_versions(versions, finder, hashes)

    return infos


def _ranked_versions(
    infos: list[Info], finder: PackageFinder, hashes: Hashes
) -> list[Info] | Iterator[RankedInfo]:
    run = current()
    if not (run.has_state or any(has_label(_link_of(info)) for info in infos)):
        return infos
    state = run.state()
    from pip_variants.pip_adapter.candidates import rank_candidates

    return rank_candidates(state, infos, finder, hashes)


def _link_of(info: Info) -> Link:
    link: Link = info[1].keywords["link"]
    return link


def best_candidate(
    found: BestCandidateResult, finder: PackageFinder, hashes: Hashes | None
) -> InstallationCandidate | None:
    """Return the candidate for the legacy resolver: pip's own, or the best variant."""
    run = current()
    candidates = found.applicable_candidates
    if not (run.has_state or any(has_label(candidate.link) for candidate in candidates)):
        return found.best_candidate
    state = run.state()
    from pip_variants.pip_adapter import candidates as adapter

    return adapter.best_candidate(state, found, finder, hashes)


def announce(req: InstallRequirement, finder: PackageFinder) -> None:
    """Log which variant will be fetched; raise pip's UnsupportedWheel if it does not fit."""
    run = current()
    if run.has_state or (req.link is not None and has_label(req.link)):
        state = run.state()
        from pip_variants.pip_adapter import prepare

        prepare.announce(state, req, finder)


def attach_variant(req: InstallRequirement, dist: BaseDistribution) -> BaseDistribution:
    """Return ``dist``, which was prepared for ``req``, with its variant attached."""
    run = current()
    run.prepared.append(dist)
    if run.has_state or (req.link is not None and has_label(req.link)):
        state = run.state()
        from pip_variants.pip_adapter import prepare

        return prepare.attach_variant(state, req, dist)
    return dist


def is_replaced(  # noqa: PLR0917 - as pip has them at hand
    dist: BaseDistribution,
    reqs: Sequence[InstallRequirement],
    prefers_installed: bool,
    finder: PackageFinder,
    specifier: SpecifierSet,
    hashes: Hashes,
) -> bool:
    """Return whether another variant of the same version replaces an installed one."""
    run = current()
    if not (run.has_state or is_variant(dist)) and (prefers_installed or run.without_variants):
        return False
    if not fits_conditions(reqs, dist.version):
        return True
    named = any(req.user_supplied for req in reqs)
    if run.without_variants:
        return named and is_variant(dist)
    state = run.state()
    from pip_variants.pip_adapter import reinstall

    query = reinstall.CandidateQuery(finder, specifier, hashes)
    return reinstall.is_replaced(
        state, dist, query, named=named, prefers_installed=prefers_installed
    )


def differs(dist: BaseDistribution, req: InstallRequirement) -> bool:
    """Return whether a file is another variant than the installed one, of the same version."""
    run = current()
    link = req.link
    if link is None or not (run.has_state or has_label(link) or is_variant(dist)):
        return False
    run.state()
    from pip_variants.pip_adapter import reinstall

    return reinstall.differs(dist, req)


def is_variant(dist: BaseDistribution) -> bool:
    """Return whether a distribution has variant metadata; only a regular file counts."""
    from pathlib import Path

    from pip._internal.exceptions import UnsupportedWheel

    folder = getattr(dist, "info_location", None)  # of a wheel a path in it, or none
    try:
        if folder is not None and Path(folder).is_dir():
            return Path(folder, "variant.json").is_file()
        return dist.is_file("variant.json")
    except (OSError, ValueError, UnsupportedWheel):  # not UTF-8
        return False


def why_nothing_fits(
    project: str | None, requirement: str, candidates: Sequence[InstallationCandidate]
) -> str:
    """Return why no variant of a project fits, as the end of pip's error, or an empty string.

    ``candidates`` are all files of the project, also those that the requirement excludes.
    """
    run = current()
    is_local = "+" in requirement and any(has_label(item.link) for item in candidates)
    if not project or not (run.has_state or is_local):
        return ""
    state = run.state()
    from pip_variants.pip_adapter.reports import error_suffix

    return error_suffix(state, project, requirement, candidates)


def has_label(link: Link) -> bool:
    """Return whether a link is a variant wheel, without importing anything for other names."""
    name = link.filename
    if not name.endswith(".whl") or not _may_have_label(name):
        return False
    return filenames().label_of(name) is not None


def _may_have_label(name: str) -> bool:
    """Return whether a wheel's name has more parts than a plain one, build tag included."""
    if name.count("-") < _PARTS_OF_PLAIN_NAME:
        return False
    parts = name.split("-")
    return len(parts) > _PARTS_OF_PLAIN_NAME + parts[2][:1].isdigit()
