"""The environments of trusted provider plugins: isolated folders that pip itself installs.

PEP 850, "Provider installation": only wheels, without variants, from one index, and outside of the
user's environment. Versions are resolved each time; a folder is created once for the same files and
interpreter. It gets its name when it is complete, so that two pips can create it at the same time.
`pip cache purge` empties it.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import itertools
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.errors import InterpreterError, ProviderError, printable, shortened
from pip_variants.core.properties import Property
from pip_variants.explain import messages
from pip_variants.providers import plugin as plugin_process
from pip_variants.providers.plugin_modules import is_endpoint, is_module_of
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin
from pip_variants.system import child, interpreter
from pip_variants.system.owned import trusted
from pip_variants.system.purging import remove

from .compat import redact_auth_from_url, runnable_pip, temporary_folder
from .provider_folders import Place, complete, elsewhere, is_complete, move, place_of, working_in
from .provider_sources import Sources, sources_of

if TYPE_CHECKING:
    from .compat import PackageFinder, Values

TIME_LIMIT = 600.0
"""Seconds for pip to resolve and install a provider."""

_FULL = (os.strerror(errno.ENOSPC), "Disk quota exceeded")
_ENTRY_POINTS = "variant_plugins"


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of a resolved environment; ``sha256`` is empty if pip did not report it."""

    name: str
    version: str
    sha256: str

    @property
    def line(self) -> str:
        """The package as a requirements file has it."""
        # In parentheses a version that ends in ".zip" is no file to pip.
        line = f"{self.name} (=={self.version})"
        return f"{line} --hash=sha256:{self.sha256}" if self.sha256 else line


@dataclass(frozen=True, slots=True)
class Installed:
    """The folder in which providers are installed, and why that is not in the cache, if so."""

    site: Path
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PluginInstaller:
    """Runs pip in child processes, with the options that matter and without any configuration."""

    options: Values
    finder: PackageFinder | None
    tick: Callable[[], object]
    source: str = ""
    """Which of the user's indexes lists the project that needs a provider, if that is known."""

    def install(self, requirements: Sequence[str]) -> Installed:
        """Return where the requirements are installed, in the cache or in a new folder.

        Raise ProviderError if they cannot be installed.
        """
        try:
            place = place_of(self.options.cache_dir)
            try:
                return self._install_in(place, requirements)
            except OSError as error:  # the disk of the cache is full, or the user's share of it
                return self._install_in(elsewhere(place, error), requirements)
        except InterpreterError as error:
            raise ProviderError(str(error)) from None
        except OSError as error:
            raise ProviderError(
                f"cannot create a folder for it: {error.strerror or error}"
            ) from None

    def _install_in(self, place: Place, requirements: Sequence[str]) -> Installed:
        with working_in(place.new) as work:
            return self._site_of(requirements, place, work)

    def _site_of(self, requirements: Sequence[str], place: Place, work: Path) -> Installed:
        pinned = self._resolve(requirements, work)
        name, new, problem = _key(pinned), work / "site", place.problem
        # Without hashes the same names and versions need not be the same files.
        if not all(item.sha256 for item in pinned):
            own = temporary_folder("variant-providers")  # perhaps on another disk
            site, new, problem = own / name, own / "new", None
        else:
            site = place.new / name
            for folder in filter(None, (place.kept, place.new)):
                if is_complete(folder / name):
                    return Installed(folder / name)
        self._install(pinned, work, new)
        complete(new)
        move(new, site)
        return Installed(site, problem)

    def _resolve(self, requirements: Sequence[str], work: Path) -> tuple[Pinned, ...]:
        report = work / "report.json"
        file = work / "requirements.txt"
        file.write_text("".join(f"{text}\n" for text in requirements), encoding="utf-8")
        self._pip(work, "--dry-run", "--report", str(report), "-r", str(file))
        found = json.loads(report.read_text(encoding="utf-8"))
        pinned = sorted(map(_pinned, found["install"]), key=lambda item: item.name)
        # pip requires hashes of all packages or of none.
        whole = all(item.sha256 for item in pinned)
        return tuple(item if whole else replace(item, sha256="") for item in pinned)

    def _install(self, pinned: Sequence[Pinned], work: Path, target: Path) -> None:
        file = work / "pinned.txt"
        file.write_text("".join(f"{item.line}\n" for item in pinned), encoding="utf-8")
        self._pip(work, "--no-deps", "--target", str(target), "-r", str(file))

    def _pip(self, work: Path, *arguments: str) -> None:
        """Run ``pip install``; raise ProviderError with its last error if it fails."""
        output = work / "output"
        status = child.run(
            interpreter.command(),
            (runnable_pip(), "install", *self._options(), *arguments),
            TIME_LIMIT,
            output=output,
            environ=interpreter.environment(self._environ(work)),
            tick=self.tick,
        )
        if status is None:
            raise ProviderError(f"pip did not install it within {TIME_LIMIT:g} s")
        if status != 0:
            last = _last_error(output)
            if any(text in last for text in _FULL):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            problem = f"pip could not install it: {last}"
            raise ProviderError(f"{problem}{self._left_out()}")

    def _options(self) -> Iterator[str]:
        options = self.options
        yield from ("--ignore-installed", "--only-binary", ":all:", "--no-variants", "--no-input")
        yield from ("--disable-pip-version-check", "--no-color", "--progress-bar", "off", "-q")
        # What others can write decides which code is run.
        cache = trusted(Path(options.cache_dir)) if options.cache_dir else None
        yield from ("--cache-dir", str(cache)) if cache is not None else ("--no-cache-dir",)
        yield from ("--timeout", str(options.timeout), "--retries", str(options.retries))
        for name in ("cert", "client_cert", "keyring_provider"):
            value = getattr(options, name, None)
            if value:
                yield from (f"--{name.replace('_', '-')}", value)
        # Options of newer releases; without them third-party code would escape what they forbid.
        uploaded_prior_to = getattr(options, "uploaded_prior_to", None)
        if uploaded_prior_to is not None:
            yield from ("--uploaded-prior-to", uploaded_prior_to.isoformat())
        refreshed = getattr(options, "refresh_package", None)
        if refreshed:
            yield from ("--refresh-package", ",".join(sorted(refreshed)))
        if getattr(options, "no_proxy_env", False):
            yield "--no-proxy-env"
        finder, sources = self.finder, self._sources
        for option, values in (
            ("--trusted-host", finder.trusted_hosts if finder else options.trusted_hosts),
            ("--use-feature", options.features_enabled),
            ("--use-deprecated", options.deprecated_features_enabled),
            ("--extra-index-url", filter(_has_space, sources.indexes[1:])),
            ("--find-links", filter(_has_space, sources.find_links)),
        ):
            for value in values:
                yield from (option, value)
        if not sources.indexes:
            yield "--no-index"

    @property
    def _sources(self) -> Sources:
        """Where providers come from; raise ProviderError if that is not certain."""
        own: str | None = getattr(self.options, "variant_provider_index", None)
        if own:
            return Sources((own,))
        return sources_of(self.options, self.finder).only(self.source)

    def _left_out(self) -> str:
        """Return, in parentheses, from where alone a provider could come, if there are others."""
        sources = self._sources
        if not self.source or sources == sources_of(self.options, self.finder):
            return ""
        shown = redact_auth_from_url(self.source)
        return f" ({messages.only_source(shown)})"

    def _environ(self, work: Path) -> dict[str, str]:
        """Return the caller's environment without pip's variables, but with all URLs.

        Others could read passwords in a command line. A list in a variable is split at spaces: an
        item with a space is a path and not a secret.
        """
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        sources = self._sources
        first, *others = sources.indexes or [""]
        own = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_INDEX_URL": first,
            "PIP_EXTRA_INDEX_URL": " ".join(itertools.filterfalse(_has_space, others)),
            "PIP_FIND_LINKS": " ".join(itertools.filterfalse(_has_space, sources.find_links)),
            "PIP_PROXY": self.options.proxy,
        }
        # A killed pip leaves temporary files, in a folder that is removed anyway.
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
        return {**environ, **temporary, **{key: value for key, value in own.items() if value}}


def query_plugin(
    installer: PluginInstaller, plugin: Plugin, known: frozenset[Property]
) -> ProviderResult:
    """Return the result of a trusted provider, installing it first; a failure is a result too."""
    try:
        installed, folder = installer.install(plugin.requires), temporary_folder("variant-plugin")
    except (ProviderError, OSError) as error:
        return _failed(plugin, str(error))
    site = installed.site
    plugin_api = plugin.plugin_api or _registered(site, plugin.packages[0])
    if is_endpoint(plugin_api) and not is_module_of(site, plugin.packages, plugin_api):
        return _failed(plugin, messages.foreign_module(plugin_api, plugin.packages))
    try:
        result = plugin_process.query(site, folder, plugin_api, known, tick=installer.tick)
    finally:
        remove(folder)
    if result.failed:
        return replace(_failed(plugin, str(result.reason)), output=result.output)
    reason = None if result.features else messages.NOTHING_DETECTED
    anew = () if installed.problem is None else (messages.installed_anew(installed.problem),)
    return replace(result, reason=reason, warnings=anew)


def _registered(site: Path, package: str) -> str:
    """Return the endpoint that a package registers as an entry point, or its top module."""
    for found in importlib.metadata.distributions(name=package, path=[str(site)]):
        for entry in found.entry_points:
            if entry.group == _ENTRY_POINTS:
                return entry.value
    return package.replace("-", "_")


def _failed(plugin: Plugin, problem: str) -> ProviderResult:
    reason = messages.provider_failed(plugin.packages, problem)
    return ProviderResult(reason=reason, warnings=(reason,), failed=True)


def _has_space(address: str) -> bool:
    return len(address.split()) > 1


def _pinned(item: Any) -> Pinned:  # noqa: ANN401 - of pip's report
    hashes = item["download_info"].get("archive_info", {}).get("hashes", {})
    metadata = item["metadata"]
    name, version = canonicalize_name(metadata["name"]), Version(metadata["version"])
    return Pinned(name, str(version), hashes.get("sha256", ""))


def _key(pinned: Sequence[Pinned]) -> str:
    """Return the name of the folder for these files under this interpreter."""
    interpreter = (
        sys.version,
        str(sys.implementation.cache_tag),
        sysconfig.get_platform(),
        str(sysconfig.get_config_var("SOABI")),
        str(sys.maxsize),
    )
    lines = [item.line for item in pinned]
    return hashlib.sha256("\n".join([*lines, *interpreter]).encode()).hexdigest()


def _last_error(output: Path) -> str:
    text = output.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    last = (errors or lines or ["it printed nothing"])[-1].removeprefix("ERROR: ")
    return shortened(printable(last))
