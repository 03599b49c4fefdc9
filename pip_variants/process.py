"""What one run of pip has been told, has read, asked, chosen and said so far.

One run is one process, as pip itself has it, with one target and one machine: nothing here needs a
key for either.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from pip._internal.cli.spinners import open_spinner
from pip._internal.exceptions import InstallationError
from pip._internal.metadata import get_default_environment
from pip._internal.utils._log import VERBOSE
from pip._internal.utils.logging import indent_log

from .errors import RequestError, quoted
from .index import Sources
from .providers.asking import Asking, silent
from .providers.chain import Chain
from .storing import Kept

if TYPE_CHECKING:
    from collections.abc import Sequence
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.metadata import BaseDistribution

    from .decisions import Build, Choice, Decision
    from .metadata import Metadata
    from .providers.asking import Asked, Plugin, Progress
    from .providers.plugin import Property
    from .supported import Support

logger = logging.getLogger(__name__)

# Options with which pip itself leaves aside what is installed; those of `download`, `wheel` and
# `lock` are never empty.
_APART = ("ignore_installed", "target_dir", "download_dir", "wheel_dir", "output_file")

_LINES = 20
"""How much is shown of what a plugin printed."""


@contextlib.contextmanager
def _spinner(installing: bool) -> Iterator[Progress]:
    if sys.stdout is None:  # pip's spinner needs one
        with silent(installing) as nothing:
            yield nothing
        return
    what = "Installing" if installing else "Querying"
    with indent_log(), open_spinner(f"{what} variant providers") as spinner:
        yield spinner


@dataclass(slots=True)
class Process:
    """The state behind the hooks."""

    labels: dict[str, str] = field(default_factory=dict)
    """By normalised project: the one label that the user wants of it, by command or requirement."""
    defaults: dict[str, str] = field(default_factory=dict)
    """The same from environment and configuration, which commands and requirements override."""
    named: list[str] = field(default_factory=list)
    """The projects that ``--variant`` was typed for, normalised."""
    met: set[str] = field(default_factory=set)
    """Normalised names of the projects about which it was asked what is wanted of them."""
    sources: Sources = field(default_factory=Sources)
    choices: dict[str, Choice] = field(default_factory=dict)
    """By address of the file."""
    decisions: dict[tuple[str, ...], Decision] = field(default_factory=dict)
    """By the addresses of one version's files."""
    chosen: dict[frozenset[str], str] = field(default_factory=dict)
    """By the labels of one version: the one that was chosen last."""
    guesses_well: bool = True
    """Whether what was chosen for one project has always been right for the next."""
    examined: WeakKeyDictionary[object, Build | None] = field(default_factory=WeakKeyDictionary)
    """By distribution, as ``importlib.metadata`` or ``pkg_resources`` have it."""
    chain: Chain = field(default_factory=lambda: Chain(Asking(os.environ, _spinner)))
    switches: dict[str, bool] = field(default_factory=dict)
    """By namespace: whether its provider is enabled or disabled, by command."""
    default_switches: dict[str, bool] = field(default_factory=dict)
    """The same from environment and configuration."""
    trusted: set[str] = field(default_factory=set)
    """Normalised names of provider packages that may run."""
    finder: PackageFinder | None = None
    """The one that looks for files of variant projects; it knows all sources."""
    apart: bool = False
    """Whether what is installed does not belong to what is being installed."""
    taken: list[BaseDistribution] = field(default_factory=list)
    """What is being installed as far as pip has got, also what it took back again later."""
    candidates: WeakSet[object] = field(default_factory=WeakSet)
    """Which of these are about to be installed; the others are installed."""
    said: dict[str, int] = field(default_factory=dict)
    """Every sentence, with its level."""
    reasons: dict[str, str] = field(default_factory=dict)
    """By reason for which builds were passed over: of what first."""
    unfit: dict[str, str] = field(default_factory=dict)
    """By normalised project: why nothing of the first version that was looked at fits."""

    def wish(self, project: str) -> str | None:
        """Return the one label that the user wants of a project, or None."""
        self.met.add(project)
        return self.labels.get(project) or self.defaults.get(project)

    def say(self, level: int, text: str) -> None:
        """Log a sentence unless this run of pip has said it before."""
        if text not in self.said:
            self.said[text] = level
            logger.log(level, "%s", text)

    def begin(self, options: Values) -> None:
        """Take note of the options of the command that is about to run."""
        self.chain.switches = {**self.default_switches, **self.switches}
        self.chain.trusted = self.trusted
        self.apart = any(getattr(options, name, None) for name in _APART)
        self.chain.asking.run_plugin = partial(self._run_plugin, options)
        if options.cache_dir:
            cache = Path(options.cache_dir, "variants")
            self.chain.asking.cache = cache
            self.sources.kept = Kept(cache / "metadata")

    def aim_at(self, finder: PackageFinder) -> None:
        """Take note of the target: if options describe it, it is not this machine."""
        self.finder, target = finder, finder.target_python
        given = (target.platforms, target.abis, target.implementation)
        version = target._given_py_version_info  # noqa: SLF001 - pip has no public way to it
        self.chain.foreign = any(given) or version is not None
        if self.chain.foreign:
            from . import targets

            platforms, implementation = target.platforms or (), target.implementation
            self.chain.marker_environment = targets.markers(platforms, version, implementation)

    def ask(self, namespaces: Sequence[str], metadata: Metadata) -> dict[str, Support]:
        """Return what the target supports; raise pip's InstallationError for a bad forced value."""
        try:
            supports = self.chain.ask(namespaces, metadata.providers, metadata.variants)
        except RequestError as error:
            raise InstallationError(str(error)) from None
        for support in supports.values():
            for text in support.warnings:
                self.say(logging.WARNING, f"{support.namespace}: {text}")
        return supports

    def ask_silently(self, namespaces: Sequence[str], metadata: Metadata) -> dict[str, Support]:
        """Return the same for an installed distribution: a report about it must not be disturbed.

        A bad forced value is a warning, and nothing is supported.
        """
        asking = self.chain.asking
        querying, asking.querying = asking.querying, silent
        try:
            return self.ask(namespaces, metadata)
        except InstallationError as error:
            self.say(logging.WARNING, str(error))
            return {}
        finally:
            asking.querying = querying

    def _run_plugin(
        self, options: Values, plugin: Plugin, known: frozenset[Property], progress: Progress
    ) -> Asked:
        """Install and ask a provider that the user trusts; what it printed is there with -v."""
        from .environments import Installer, ask_trusted

        installer = Installer(options, self.finder, progress.spin)
        asked, output = ask_trusted(installer, plugin, known)
        # Where nobody is told of the query stdout is for the report alone.
        told = asked.failed and self.chain.asking.querying is not silent
        level = logging.INFO if told else VERBOSE
        for line in output.splitlines()[-_LINES:]:
            logger.log(level, "  %s: %s", plugin.packages[0], quoted(line))
        return asked


def _distributions() -> dict[str, str]:
    """Return the versions that are being installed, and those of what is installed otherwise."""
    installed: dict[str, str] = {}
    if not (process.chain.foreign or process.apart):
        for dist in get_default_environment().iter_all_distributions():
            installed.setdefault(str(dist.canonical_name), _version(dist))
    return {**installed, **{str(dist.canonical_name): _version(dist) for dist in process.taken}}


def _version(dist: BaseDistribution) -> str:
    """Return the version of a distribution, empty for a half-removed one that has none."""
    try:
        return str(dist.raw_version)
    except (OSError, KeyError, ValueError):
        return ""


process = Process()
process.chain.distributions = _distributions
