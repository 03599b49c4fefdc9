"""The state of one pip command: the only state that the engine has.

It is made when a command begins and handed on explicitly. The hooks to which pip hands nothing
fetch it in ``pip._variants``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.decision import Decision
from pip_variants.core.errors import RequestError, quoted
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Namespace, Property
from pip_variants.core.supported import SupportedProperties, every_property
from pip_variants.providers.resolve import NamespaceResolver
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import NoProgress, Plugin, Progress, ProviderRunner, silent
from pip_variants.remote.prefetch import LabelGuesses, Prefetch
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.transport import NO_HEADERS, Headers
from pip_variants.remote.wheel_metadata import WheelReader
from pip_variants.system.content_cache import ContentCache

from .ahead import Ahead
from .comments import CommentedLabels
from .compat import (
    VERBOSE,
    BaseDistribution,
    InstallationError,
    configured_options,
    indent_log,
    open_spinner,
    session_of,
    with_index_options,
)
from .kept_wheels import Keeper
from .locked_files import LockedFiles
from .options import jobs_of, locks_every_label, provider_settings, target_of
from .releases import versions_of
from .requests import LabelRequests
from .run_log import RunLog
from .together import Together
from .transport import PipTransport
from .versions import KnownVersions, new_together

if TYPE_CHECKING:
    from .compat import InstallRequirement, PackageFinder, Response, Values
    from .unpacked_wheels import UnpackedWheels

logger = logging.getLogger(__name__)

_MOST_OUTPUT_LINES = 20
_NEARBY = 0.01
"""Seconds; from a server that responds sooner, requests one after the other are as fast."""


class DecisionLog:
    """The decisions of one run, in order."""

    def __init__(self) -> None:
        self._by_files: dict[tuple[str, ...], Decision] = {}
        self._all: list[Decision] = []

    def get(self, urls: tuple[str, ...]) -> Decision | None:
        """Return the decision about the files with these URLs, unless it was provisional."""
        return self._by_files.get(urls)

    def urls_of(self, decision: Decision) -> tuple[str, ...]:
        """Return the URLs of the files of a decision that is not provisional."""
        found = (urls for urls, item in self._by_files.items() if item is decision)
        return next(found, ())

    def add(self, urls: tuple[str, ...], decision: Decision) -> None:
        """Record a decision."""
        self._all.append(decision)
        if not decision.is_provisional:
            self._by_files[urls] = decision

    def about(self, project: str) -> Sequence[Decision]:
        """Return the decisions about a project, in order."""
        return [item for item in self._all if item.release.project == project]


@dataclass(slots=True)
class RunState:
    """The state of one pip command, by owner.

    ``versions`` returns the versions of what is installed and prepared, ``together`` knows which
    of them are expected when the command ends. ``prepared`` are the
    distributions that pip has prepared so far, including those that it has rejected again.
    ``prefetched`` has what is being fetched ahead for pip, by URL.
    """

    options: Values
    requests: LabelRequests
    resolver: NamespaceResolver
    metadata: MetadataReader
    versions: Callable[[], Mapping[str, str]]
    prepared: list[BaseDistribution]
    together: Together
    decisions: DecisionLog = field(default_factory=DecisionLog)
    log: RunLog = field(default_factory=RunLog)
    guesses: LabelGuesses = field(default_factory=LabelGuesses)
    prefetched: dict[str, Prefetch[Response | None]] = field(default_factory=dict)
    finder: PackageFinder | None = None
    transport: PipTransport | None = None
    quiet: bool = False
    """Whether queries of providers show no progress."""
    jobs: int = 1
    """How many downloads and unpackings run side by side."""
    unpacked: UnpackedWheels | None = None
    roots: Sequence[InstallRequirement] = ()
    """What the user requires, until requests for it are sent ahead."""
    ahead: Ahead = field(default_factory=Ahead)
    comments: CommentedLabels = field(default_factory=CommentedLabels)
    locked: LockedFiles = field(default_factory=LockedFiles)
    discarded: AbstractSet[str] = frozenset()
    """The URLs of files that turned out to be unusable when they were downloaded."""

    def close(self) -> None:
        """End what runs in the background."""
        self.ahead.workers.stop()
        if self.unpacked is not None:
            self.unpacked.close()

    def silent(self) -> RunState:
        """Return a state for a question beside the run: with decisions of its own, none logged."""
        log = RunLog(logging.CRITICAL)
        return replace(self, decisions=DecisionLog(), log=log, quiet=True)

    def for_hint(self) -> RunState:
        """Return the same for what may fail without consequence, which downloads no wheel."""
        return replace(self.silent(), metadata=self.metadata.forget_failures())

    def report_only(self) -> None:
        """Show no progress and log nothing below warnings: stdout belongs to a report."""
        self.quiet = True
        self.log.least = logging.WARNING
        self.wheels.keep = Keeper()

    @property
    def wheels(self) -> WheelReader:
        """What reads the METADATA and the variant of wheels on servers."""
        return self.metadata.wheels

    @property
    def is_nearby(self) -> bool:
        """Whether requests sent ahead save less time than a thread takes."""
        return self.metadata.seconds <= _NEARBY

    def prefetch(self, url: str, headers: Headers = NO_HEADERS) -> bool:
        """Start to fetch a small file that pip requests next; return whether it has begun."""
        if self.transport is None or not url.startswith(("http:", "https:")):
            return False
        if url not in self.prefetched:
            started = self.transport.prefetch(url, headers, self.ahead.workers)
            if started is None:
                return False
            self.prefetched[url] = started
        return True

    def use_finder(self, finder: PackageFinder) -> PipTransport:
        """Take the finder that pip made for this run, and return the transport over its session."""
        session = session_of(finder)
        if self.transport is None or self.transport.session is not session:
            self.transport = PipTransport(session)
        self.finder = finder
        return self.transport

    @property
    def is_legacy(self) -> bool:
        """Whether pip takes one file after the other, and none of them back."""
        return "legacy-resolver" in configured_options(self.options, "deprecated_features_enabled")

    def supported(
        self,
        namespaces: Sequence[Namespace],
        metadata: VariantMetadata,
        *,
        possible: bool = False,
        source: str = "",
    ) -> dict[Namespace, SupportedProperties]:
        """Return what the target supports in each namespace: everything if that is any machine.

        ``possible``: of other distributions every version that the run can make it have, not only
        the expected one. ``source`` is the index that lists the project, from where providers come.
        Raise pip's InstallationError for an invalid forced value.
        """
        if locks_every_label(self.options):
            return every_property(namespaces, metadata.variants)
        progress = silent if self.quiet else _spinner
        resolver = self._with_possible() if possible else self.resolver
        try:
            supported = replace(resolver, source=source).supported(
                namespaces, metadata.providers, metadata.variants, progress
            )
        except RequestError as error:
            raise InstallationError(str(error)) from None
        self._log_warnings(supported)
        return supported

    def supported_quietly(
        self, namespaces: Sequence[Namespace], metadata: VariantMetadata, source: str = ""
    ) -> dict[Namespace, SupportedProperties]:
        """Return the same for an installed distribution, without progress in a report.

        An invalid forced value is a warning, and nothing is supported.
        """
        try:
            supported = replace(self._with_possible(), source=source).supported(
                namespaces, metadata.providers, metadata.variants
            )
        except RequestError as error:
            self.log.once(logging.WARNING, str(error))
            return {ns: SupportedProperties(ns, "failed", reason=str(error)) for ns in namespaces}
        self._log_warnings(supported)
        return supported

    def _with_possible(self) -> NamespaceResolver:
        if self.is_legacy:
            return self.resolver
        return replace(self.resolver, distributions=self.together.possible)

    def _log_warnings(self, supported: dict[Namespace, SupportedProperties]) -> None:
        for item in supported.values():
            for text in item.warnings:
                self.log.once(logging.WARNING, f"{item.namespace}: {text}")


def new_run_state(options: Values, prepared: list[BaseDistribution]) -> RunState:
    """Return the state of a command with these options; raise RequestError if one is invalid."""
    folder = getattr(options, "cache_dir", None)
    cache = Path(folder, "variants") if folder else None
    runner = ProviderRunner(os.environ, cache)
    target = target_of(options)
    locked = LockedFiles()
    together = new_together(
        options,
        prepared,
        locked,
        target,
        lambda project, specifier: versions_of(state.finder, project, specifier),
    )
    versions = KnownVersions(prepared, together)
    is_legacy = "legacy-resolver" in configured_options(options, "deprecated_features_enabled")
    distributions = (lambda _: versions()) if is_legacy else together.expected
    resolver = NamespaceResolver(runner, provider_settings(options), target, distributions)
    keeper = Keeper(getattr(options, "progress_bar", "off"), getattr(options, "dry_run", False))
    state = RunState(
        options=options,
        requests=LabelRequests(getattr(options, "variants", None) or ()),
        resolver=resolver,
        metadata=MetadataReader(
            WheelReader(keeper), ContentCache(cache / "metadata") if cache else None
        ),
        versions=versions,
        prepared=prepared,
        together=together,
        jobs=jobs_of(options),
        locked=locked,
    )
    runner.run_plugin = partial(_run_plugin, state)
    return state


def _run_plugin(
    state: RunState, plugin: Plugin, known: frozenset[Property], progress: Progress
) -> ProviderResult:
    """Install and query a trusted provider; what it printed is logged at -v."""
    from .plugin_env import PluginInstaller, query_plugin

    options = with_index_options(state.options)
    installer = PluginInstaller(options, state.finder, progress.spin, plugin.source)
    result = query_plugin(installer, plugin, known)
    # Without progress stdout belongs to a report.
    level = VERBOSE if isinstance(progress, NoProgress) or not result.failed else logging.INFO
    for line in result.output.splitlines()[-_MOST_OUTPUT_LINES:]:
        logger.log(level, "  %s: %s", plugin.packages[0], quoted(line))
    return result


@contextlib.contextmanager
def _spinner(installing: bool) -> Iterator[Progress]:
    if sys.stdout is None:  # pip's spinner needs one
        with silent(installing) as nothing:
            yield nothing
        return
    what = "Installing" if installing else "Querying"
    with indent_log(), open_spinner(f"{what} variant providers") as spinner:
        yield spinner
