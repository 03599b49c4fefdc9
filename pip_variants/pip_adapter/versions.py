"""The versions that count in a run: of what is installed, and of what is being installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pip_variants.providers.resolve import Target

from .compat import BaseDistribution, configured_options, environment_of
from .locked_files import LockedFiles
from .options import consistent
from .together import Together, Versions

if TYPE_CHECKING:
    from .compat import Values

# Options with which pip itself ignores what is installed; those of `download`, `wheel` and `lock`
# are never empty.
_IGNORING_INSTALLED = (
    "ignore_installed",
    "target_dir",
    "download_dir",
    "wheel_dir",
    "output_file",
)


def new_together(
    options: Values,
    prepared: Sequence[BaseDistribution],
    locked: LockedFiles,
    target: Target,
    versions: Versions,
) -> Together:
    """Return what a command with these options knows of distributions when it begins."""
    ignores_installed = target.is_cross or any(
        getattr(options, name, None) for name in _IGNORING_INSTALLED
    )
    return Together(
        prepared,
        installed=partial(_installed, None if ignores_installed else options),
        upgraded=partial(_is_upgraded, options),
        versions=versions,
        locked=locked.versions,
        consistent=consistent(configured_options(options, "consistent_namespaces")),
        with_dependencies=not getattr(options, "ignore_dependencies", False),
    )


@dataclass(slots=True)
class KnownVersions:
    """The versions of what is installed, and of what is being installed; each is read once."""

    prepared: Sequence[BaseDistribution]
    together: Together
    _being_installed: dict[str, str] = field(default_factory=dict)
    _looked_at: int = 0

    def __call__(self) -> dict[str, str]:
        """Return the versions by normalised name."""
        new, self._looked_at = self.prepared[self._looked_at :], len(self.prepared)
        self._being_installed.update((str(dist.canonical_name), _version(dist)) for dist in new)
        installed = self.together.installed_versions()
        return {**installed, **self.together.locked, **self._being_installed}


def _installed(options: Values | None) -> dict[str, str]:
    """Return the versions of what the environment of the options has; None: nothing counts."""
    versions: dict[str, str] = {}
    if options is not None:
        for dist in environment_of(options).iter_all_distributions():
            versions.setdefault(str(dist.canonical_name), _version(dist))
    return versions


def _is_upgraded(options: Values, named: bool) -> bool:
    """Return whether pip upgrades what is installed of a project that the user named, or did not.

    The strategy is that of `pip install`.
    """
    eager = getattr(options, "upgrade_strategy", None) == "eager"
    return bool(getattr(options, "upgrade", False)) and (named or eager)


def _version(dist: BaseDistribution) -> str:
    """Return the version of a distribution, or an empty string if it is half removed."""
    try:
        return str(dist.raw_version)
    except (OSError, KeyError, ValueError):
        return ""
