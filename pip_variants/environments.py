"""Where trusted provider packages are installed: isolated folders, made by pip itself and kept.

PEP 850, "Provider installation": wheels alone, variants switched off, from the indexes that the
user configured, and outside of the user's environment. Which versions that are is asked each time;
a folder is made once for the same files and interpreter. It appears under its name when it is
whole, so that two pips can make it at once. `pip cache purge` empties it.
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
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.build_env import get_runnable_pip
from pip._internal.utils.temp_dir import TempDirectory
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from .errors import ProviderError, printable, shortened
from .providers import child
from .providers.asking import Asked, Plugin
from .providers.detected import Detected
from .providers.plugin import Property, ask

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder

TIME_LIMIT = 600.0
"""Seconds in which pip has to find and install a provider."""

_STAMP = "complete"
_ENTRY_POINTS = "variant_plugins"


@dataclass(frozen=True, slots=True)
class Pinned:
    """One package of a resolved environment; ``sha256`` is empty if pip did not say it."""

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
class Installer:
    """pip in child processes, told all that matters and nothing else: no configuration is read."""

    options: Values
    finder: PackageFinder | None
    tick: Callable[[], object]

    def site_of(self, requirements: Sequence[str]) -> Path:
        """Return the folder that has what is required, from the cache or newly installed.

        Raise ProviderError if it cannot be had.
        """
        if not self.options.cache_dir:
            folder = Path(TempDirectory(kind="variant-providers", globally_managed=True).path)
        else:
            folder = Path(self.options.cache_dir, "variants", "providers")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                dir=folder, prefix=".new-", ignore_cleanup_errors=True
            ) as work:
                return self._site_of(requirements, folder, Path(work))
        except OSError as error:
            raise ProviderError(f"no folder for it: {error.strerror or error}") from None

    def _site_of(self, requirements: Sequence[str], folder: Path, work: Path) -> Path:
        pinned = self._resolve(requirements, work)
        site = folder / _key(pinned)
        if not (site / _STAMP).is_file():
            self._install(pinned, work)
            (work / "site" / _STAMP).touch()
            _move(work / "site", site)
        return site

    def _resolve(self, requirements: Sequence[str], work: Path) -> tuple[Pinned, ...]:
        report = work / "report.json"
        wanted = work / "requirements.txt"
        wanted.write_text("".join(f"{text}\n" for text in requirements), encoding="utf-8")
        self._pip(work, "--dry-run", "--report", str(report), "-r", str(wanted))
        found = json.loads(report.read_text(encoding="utf-8"))
        pinned = sorted(map(_pinned, found["install"]), key=lambda item: item.name)
        # pip wants hashes of all or of none.
        whole = all(item.sha256 for item in pinned)
        return tuple(item if whole else replace(item, sha256="") for item in pinned)

    def _install(self, pinned: Sequence[Pinned], work: Path) -> None:
        wanted = work / "pinned.txt"
        wanted.write_text("".join(f"{item.line}\n" for item in pinned), encoding="utf-8")
        self._pip(work, "--no-deps", "--target", str(work / "site"), "-r", str(wanted))

    def _pip(self, work: Path, *arguments: str) -> None:
        """Run ``pip install``; raise ProviderError with its last error if it fails."""
        output = work / "output"
        command = [sys.executable, "-I", get_runnable_pip(), "install", *self._options()]
        status = child.run(
            [*command, *arguments],
            TIME_LIMIT,
            output=output,
            environ=self._environ(work),
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
        if self.finder is not None:
            return self.finder.index_urls
        if self.options.no_index:
            return []
        return [self.options.index_url, *self.options.extra_index_urls]

    def _find_links(self) -> list[str]:
        return self.finder.find_links if self.finder is not None else self.options.find_links

    def _environ(self, work: Path) -> dict[str, str]:
        """Return the caller's environment without pip's variables, but with all addresses.

        Those may have passwords, which others could read in a command line. A list in a variable
        is split at spaces: what has one is a path, and no secret.
        """
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        first, *others = self._indexes() or [""]
        own = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_INDEX_URL": first,
            "PIP_EXTRA_INDEX_URL": " ".join(itertools.filterfalse(_has_space, others)),
            "PIP_FIND_LINKS": " ".join(itertools.filterfalse(_has_space, self._find_links())),
            "PIP_PROXY": self.options.proxy,
        }
        # A pip that is killed leaves its temporary files: below what is removed anyhow.
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(work))
        return {**kept, **temporary, **{key: value for key, value in own.items() if value}}


def ask_trusted(
    installer: Installer, plugin: Plugin, known: Collection[Property]
) -> tuple[Asked, str]:
    """Return the answer of a provider that the user trusts, and the end of what it printed."""
    try:
        site = installer.site_of(plugin.requires)
    except ProviderError as error:
        return _failed(plugin, str(error)), ""
    plugin_api = plugin.plugin_api or _registered(site, plugin.packages[0])
    said = ask(site, plugin_api, known, tick=installer.tick)
    if said.problem is not None:
        return _failed(plugin, said.problem), said.output
    reason = None if said.features else "its provider found nothing"
    about = frozenset(known) if said.dynamic else None
    return Asked(
        Detected(said.features, reason), known=about, calls_itself=said.namespace
    ), said.output


def _registered(site: Path, package: str) -> str:
    """Return the endpoint that a package registers as an entry point, or its top module."""
    for found in importlib.metadata.distributions(name=package, path=[str(site)]):
        for entry in found.entry_points:
            if entry.group == _ENTRY_POINTS:
                return entry.value
    return package.replace("-", "_")


def _failed(plugin: Plugin, problem: str) -> Asked:
    reason = f"its provider ({', '.join(plugin.packages)}) failed: {problem}"
    return Asked(Detected(reason=reason, warnings=(reason,)), failed=True)


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


def _move(made: Path, site: Path) -> None:
    """Give a whole folder its name, unless another pip was faster."""
    try:
        made.replace(site)
    except OSError:
        if (site / _STAMP).is_file():
            return
        # What `pip cache purge` leaves: folders without files.
        with contextlib.suppress(OSError):
            shutil.rmtree(site)
        made.replace(site)


def _last_error(output: Path) -> str:
    text = output.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    last = (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR: ")
    return shortened(printable(last))
