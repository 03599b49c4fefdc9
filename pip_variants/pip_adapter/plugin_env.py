"""The environments of trusted provider plugins: isolated folders that pip itself installs.

PEP 850, "Provider installation": only wheels, without variants, from the indexes that the user
configured, and outside of the user's environment. Versions are resolved each time; a folder is
created once for the same files and interpreter. It gets its name when it is complete, so that two
pips can create it at the same time. `pip cache purge` empties it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import itertools
import json
import os
import shutil
import sys
import sysconfig
import tempfile
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
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import Plugin
from pip_variants.system import child, interpreter

from .compat import runnable_pip, temporary_folder

if TYPE_CHECKING:
    from .compat import PackageFinder, Values

TIME_LIMIT = 600.0
"""Seconds for pip to resolve and install a provider."""

_STAMP = "complete"
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
class PluginInstaller:
    """Runs pip in child processes, with the options that matter and without any configuration."""

    options: Values
    finder: PackageFinder | None
    tick: Callable[[], object]

    def site_of(self, requirements: Sequence[str]) -> Path:
        """Return the folder in which the requirements are installed, from the cache or a new one.

        Raise ProviderError if they cannot be installed.
        """
        try:
            folder = self._folder()
            with tempfile.TemporaryDirectory(
                dir=folder, prefix=".new-", ignore_cleanup_errors=True
            ) as work:
                return self._site_of(requirements, folder, Path(work))
        except InterpreterError as error:
            raise ProviderError(str(error)) from None
        except OSError as error:
            raise ProviderError(
                f"cannot create a folder for it: {error.strerror or error}"
            ) from None

    def _folder(self) -> Path:
        """Return the folder for all providers: in the cache, if that is this user's, or temporary.

        Who owns a folder can replace the code in it.
        """
        if self.options.cache_dir:
            folder = Path(self.options.cache_dir, "variants", "providers")
            with contextlib.suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                if _is_own(folder) and os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                    return folder
        return temporary_folder("variant-providers")

    def _site_of(self, requirements: Sequence[str], folder: Path, work: Path) -> Path:
        pinned = self._resolve(requirements, work)
        site, new = folder / _key(pinned), work / "site"
        # Without hashes the same names and versions need not be the same files.
        if not all(item.sha256 for item in pinned) or (site.exists() and not _is_own(site)):
            own = temporary_folder("variant-providers")  # perhaps on another disk
            site, new = own / site.name, own / "new"
        if not (site / _STAMP).is_file():
            self._install(pinned, work, new)
            (new / _STAMP).touch()
            _move(new, site)
        return site

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
        command = interpreter.command(runnable_pip(), "install", *self._options())
        status = child.run(
            [*command, *arguments],
            TIME_LIMIT,
            output=output,
            environ=interpreter.environment(self._environ(work)),
            tick=self.tick,
        )
        if status is None:
            raise ProviderError(f"pip did not install it within {TIME_LIMIT:g} s")
        if status != 0:
            raise ProviderError(f"pip could not install it: {_last_error(output)}")

    def _options(self) -> Iterator[str]:
        options = self.options
        yield from ("--ignore-installed", "--only-binary", ":all:", "--no-variants", "--no-input")
        yield from ("--disable-pip-version-check", "--no-color", "--progress-bar", "off", "-q")
        yield from ("--cache-dir", options.cache_dir) if options.cache_dir else ("--no-cache-dir",)
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
        finder = self.finder
        for option, values in (
            ("--trusted-host", finder.trusted_hosts if finder else options.trusted_hosts),
            ("--use-feature", options.features_enabled),
            ("--use-deprecated", options.deprecated_features_enabled),
            ("--extra-index-url", filter(_has_space, self._indexes()[1:])),
            ("--find-links", filter(_has_space, self._find_links())),
        ):
            for value in values:
                yield from (option, value)
        if not self._indexes():
            yield "--no-index"

    def _indexes(self) -> list[str]:
        if self._own_index:
            return [self._own_index]
        if self.finder is not None:
            return self.finder.index_urls
        if self.options.no_index:
            return []
        return [self.options.index_url, *self.options.extra_index_urls]

    def _find_links(self) -> list[str]:
        if self._own_index:
            return []
        return self.finder.find_links if self.finder is not None else self.options.find_links

    @property
    def _own_index(self) -> str | None:
        """The index that the user named for providers alone."""
        url: str | None = getattr(self.options, "variant_provider_index", None)
        return url

    def _environ(self, work: Path) -> dict[str, str]:
        """Return the caller's environment without pip's variables, but with all URLs.

        Others could read passwords in a command line. A list in a variable is split at spaces: an
        item with a space is a path and not a secret.
        """
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        first, *others = self._indexes() or [""]
        own = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_INDEX_URL": first,
            "PIP_EXTRA_INDEX_URL": " ".join(itertools.filterfalse(_has_space, others)),
            "PIP_FIND_LINKS": " ".join(itertools.filterfalse(_has_space, self._find_links())),
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
        site = installer.site_of(plugin.requires)
    except ProviderError as error:
        return _failed(plugin, str(error))
    plugin_api = plugin.plugin_api or _registered(site, plugin.packages[0])
    result = plugin_process.query(site, plugin_api, known, tick=installer.tick)
    if result.failed:
        return replace(_failed(plugin, str(result.reason)), output=result.output)
    return replace(result, reason=None if result.features else messages.NOTHING_DETECTED)


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


def _is_own(folder: Path) -> bool:
    """Return whether a folder belongs to the user that runs this process."""
    return os.name != "posix" or folder.stat().st_uid == os.geteuid()


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


def _move(new: Path, site: Path) -> None:
    """Give a complete folder its name, unless another pip was faster."""
    try:
        new.replace(site)
    except OSError:
        if (site / _STAMP).is_file():
            return
        # `pip cache purge` leaves folders without files.
        with contextlib.suppress(OSError):
            shutil.rmtree(site)
        new.replace(site)


def _last_error(output: Path) -> str:
    text = output.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    last = (errors or lines or ["it printed nothing"])[-1].removeprefix("ERROR: ")
    return shortened(printable(last))
