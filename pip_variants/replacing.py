"""Whether another build of the same version takes the place of an installed one.

pip compares versions and leaves what is installed. A build is left as long as it is what the user
wants and this machine supports it; who upgrades gets the best build of the version.
"""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pip._internal.exceptions import PipError

from .choosing import decide, is_wished
from .compatibility import positions
from .decisions import Files
from .dependencies import build_of
from .filenames import label_of
from .index import session_of
from .installed import variant_of
from .ordering import key
from .process import process

if TYPE_CHECKING:
    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.link import Link
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.specifiers import BaseSpecifier

    from .decisions import Build

logger = logging.getLogger(__name__)

_PATIENCE = 5
"""Seconds that a server has to answer where all that depends on it is a hint."""


@dataclass(frozen=True, slots=True)
class Looking:
    """Where pip looks for files of a project, and which of them it would take."""

    finder: PackageFinder
    specifier: BaseSpecifier
    hashes: Hashes

    def best(self, dist: BaseDistribution) -> str | None:
        """Return the label of the best build of the installed version.

        None if that is not better than the installed one, if there is no variant of that version,
        if something is not known of its builds, or if another version is the newest.
        """
        found = self.finder.find_best_candidate(
            dist.canonical_name, specifier=self.specifier, hashes=self.hashes
        )
        if found.best_candidate is None or found.best_candidate.version != dist.version:
            return None
        links = tuple(
            candidate.link
            for candidate in reversed(found.applicable_candidates)
            if candidate.version == dist.version and not candidate.link.is_yanked
        )
        if not any(label_of(link.filename) is not None for link in links):
            return None
        files = Files(str(dist.canonical_name), str(dist.version), links, self.finder)
        decision = decide(files)
        if not decision.order or any(item.problem is not None for item in decision.sources):
            return None
        place = decision.order[0]
        build = process.choices[links[place].url].build
        if build is None:
            return None
        (judged,) = (item for item in decision.sources if place in item.places)
        installed = build_of(dist)
        if installed is not None and judged.selection is not None:
            namespaces = build.metadata.priorities.namespaces
            where = positions(judged.selection.supports, namespaces)
            best, own = key(build.variant, where), key(installed.variant, where)
            if best is None or own is None or own <= best:
                return None
        return build.variant.label


def replaced(
    dist: BaseDistribution, looking: Looking, *, named: bool, prefers_installed: bool
) -> bool:
    """Return whether an installed distribution is no candidate any more for its own version.

    ``named`` says that the user asked for the project, ``prefers_installed`` that nobody asked to
    upgrade it.
    """
    if dist.editable:
        return False
    build = build_of(dist)
    wish = process.wish(dist.canonical_name)
    if wish is not None:
        return build is None or not is_wished(build.variant, wish)
    if build is not None and named:
        process.aim_at(looking.finder)
        found = variant_of(dist)
        if found is not None and found.reason is not None:
            if found.certain:
                what = f"{build.variant.label} of {found.project} {found.version}"
                text = f"The installed variant {what} does not fit this machine: {found.reason}"
                process.say(logging.WARNING, text)
            return found.certain
    if not prefers_installed:
        return looking.best(dist) is not None
    if build is not None and named:
        _hint(dist, build, looking)
    return False


def differs(dist: BaseDistribution, link: Link) -> bool:
    """Return whether the file that pip took is another build than the installed distribution."""
    choice = process.choices.get(link.url)
    new = choice.build if choice is not None else None
    return not _is_same(new, build_of(dist))


def _is_same(first: Build | None, second: Build | None) -> bool:
    """Return whether two builds are one; labels mean something only within one source."""
    if first is None or second is None:
        return first is second
    return first.variant.properties == second.variant.properties


def _hint(dist: BaseDistribution, build: Build, looking: Looking) -> None:
    """Say that an upgrade would take another build; whatever goes wrong, nothing is said."""
    if not logger.isEnabledFor(logging.INFO):
        return
    with contextlib.suppress(PipError), _once(looking.finder) as finder:
        best = replace(looking, finder=finder).best(dist)
        if best is not None:
            project = dist.canonical_name
            text = (
                f"Keeping the installed variant {build.variant.label} of {project} {dist.version};"
                f" {best} fits this machine better: pip install --upgrade {project}"
            )
            process.say(logging.INFO, text)


@contextlib.contextmanager
def _once(finder: PackageFinder) -> Iterator[PackageFinder]:
    """Yield a finder that asks servers once, shortly, and nobody for a password."""
    session = session_of(finder)
    adapters = [item for item in session.adapters.values() if hasattr(item, "max_retries")]
    before = [adapter.max_retries for adapter in adapters]
    timeout, prompting = session.timeout, session.auth.prompting
    try:
        for adapter in adapters:
            adapter.max_retries = adapter.max_retries.new(total=0)
        session.timeout, session.auth.prompting = _PATIENCE, False
        # A copy with a memory of its own: a finder also remembers that it found nothing.
        own = copy.copy(finder)
        own._all_candidates, own._best_candidates = {}, {}  # noqa: SLF001 - see above
        yield own
    finally:
        for adapter, retries in zip(adapters, before, strict=True):
            adapter.max_retries = retries
        session.timeout, session.auth.prompting = timeout, prompting
