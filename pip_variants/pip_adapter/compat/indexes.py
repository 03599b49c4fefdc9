"""Links, candidates and finders of pip, and what its resolver makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from pip._internal.exceptions import InstallationError
from pip._internal.metadata import BaseDistribution
from pip._internal.models.link import Link

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.resolution.resolvelib.base import Candidate, Requirement
    from pip._internal.resolution.resolvelib.factory import Factory

    from pip_variants.core.conditions import Condition


def all_hashes(link: Link) -> Mapping[str, object]:
    """Return all hashes of a link by algorithm; a page may give values that are no strings."""
    return link._hashes  # noqa: SLF001


def set_stated(link: Link, hashes: Mapping[str, str], size: int | None) -> None:
    """Make these the hashes of a link by algorithm, whatever its URL has, and this its size."""
    link._hashes = dict(hashes)  # noqa: SLF001
    if "size" in Link.__slots__:  # our own patches add it
        setattr(link, "size", size)  # noqa: B010 - mypy knows the releases as they are


def copy_link(link: Link, to: Link) -> None:
    """Make ``to``, an instance of a subclass, the same link."""
    for name in Link.__slots__:
        setattr(to, name, getattr(link, name))


def candidate_with_link(candidate: InstallationCandidate, link: Link) -> InstallationCandidate:
    """Return the same candidate with another link; the class is frozen."""
    own = object.__new__(type(candidate))
    for name in type(candidate).__slots__:
        object.__setattr__(own, name, getattr(candidate, name))
    object.__setattr__(own, "link", link)
    return own


def page_urls(finder: PackageFinder, project: str) -> list[str]:
    """Return the URLs of the pages of a project on the indexes of a finder."""
    urls: list[str] = finder._link_collector.search_scope.get_index_urls_locations(project)  # noqa: SLF001
    return urls


def build_finder(session: PipSession, options: Values) -> PackageFinder:
    """Return a finder as `pip install` with these options has it."""
    from pip._internal.cli import cmdoptions
    from pip._internal.cli.req_command import RequirementCommand

    # Since pip 26.0 the finder knows `--pre` by what this makes of it.
    if adopt_pre := getattr(cmdoptions, "check_release_control_exclusive", None):
        adopt_pre(options)
    # The method does not use its instance, which would have the options of `install`.
    return RequirementCommand._build_package_finder(  # noqa: SLF001
        cast("RequirementCommand", None),
        options=options,
        session=session,
        target_python=cmdoptions.make_target_python(options),
        ignore_requires_python=options.ignore_requires_python,
    )


def page_links(session: PipSession, link: Link) -> list[Link] | None:
    """Return the links of an index page, or None if the page cannot be fetched."""
    from pip._internal.index.collector import LinkCollector, parse_links
    from pip._internal.models.search_scope import SearchScope

    collector = LinkCollector(session, SearchScope.create([], [], no_index=False))
    page = collector.fetch_response(link)
    return None if page is None else list(parse_links(page))


def first_candidate(
    infos: Callable[[], Iterator[tuple[Any, Any]]],
    installed: BaseDistribution | None,
    *,
    prefers_installed: bool,
) -> Any:  # noqa: ANN401 - what the infos make, or `installed`
    """Return what pip's resolver takes of these candidates: the first that is made, or None.

    ``infos`` yields versions, each with a function that makes something or returns None.
    """
    from pip._internal.resolution.resolvelib.found_candidates import FoundCandidates

    own: Any = installed
    return next(iter(FoundCandidates(infos, own, prefers_installed, set())), None)


def condition_requirement(
    factory: Factory, comes_from: InstallRequirement | None, condition: Condition, label: str
) -> Requirement:
    """Return what a variant with this label requires of the version of another distribution."""
    from pip._internal.resolution.resolvelib.requirements import SpecifierRequirement

    class ConditionRequirement(SpecifierRequirement):
        """A condition; one without a specifier is kept where the finder's files are filtered."""

        is_condition = True

        def __str__(self) -> str:
            return str(condition)

        def format_for_error(self) -> str:
            return f"{condition} for its variant {label}"

        def is_satisfied_by(self, candidate: Candidate) -> bool:
            return condition.holds(str(candidate.version))

    text = f"{condition.project}{condition.specifier}"
    ireq: Any = factory._make_install_req_from_spec(text, comes_from)  # noqa: SLF001
    ireq.variant_condition = condition
    found = ConditionRequirement(ireq)
    found._equal_cache = f"{ireq}: {condition}"  # noqa: SLF001
    return found


def not_found(finder: PackageFinder, req: InstallRequirement) -> InstallationError:
    """Return pip's error about a requirement that no file satisfies; it logs the versions."""
    from pip._internal.resolution.resolvelib.factory import Factory
    from pip._internal.resolution.resolvelib.requirements import SpecifierRequirement

    unused: Any = None
    factory = Factory(finder, unused, unused, unused, False, False, True, False)
    return factory._report_single_requirement_conflict(SpecifierRequirement(req), None)  # noqa: SLF001


def supports_tags(filename: str, finder: PackageFinder) -> bool:
    """Return whether the tags of a wheel fit the target of a finder."""
    from pip._internal.models.wheel import Wheel

    return Wheel(filename).supported(finder.target_python.get_unsorted_tags())


def path_of_url(url: str) -> str:
    """Return the path that a ``file:`` URL denotes; raise ValueError."""
    from pip._internal.utils.urls import url_to_path

    return url_to_path(url)


def finds_packages(options: Values) -> bool:
    """Return whether a command looks for packages to install, not only at those installed."""
    return hasattr(options, "ignore_requires_python")
