"""The files that the locks of a command select, by which pip's later hooks know them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pip_variants.core.properties import Variant

from .compat import Link


@dataclass(slots=True)
class LockedFiles:
    """What the locks of a command select, by normalised project.

    ``versions`` has every project with a wheel or an sdist, ``links`` the files of those entries
    that have variants. ``archives`` has what a lock says about a variant wheel that its entry names
    as an archive: by URL the lock and the variant.
    """

    versions: dict[str, str] = field(default_factory=dict)
    links: dict[str, tuple[Link, ...]] = field(default_factory=dict)
    archives: dict[str, tuple[str, Variant]] = field(default_factory=dict)

    def has(self, project: str, link: Link) -> bool:
        """Return whether a file is one of those."""
        return link in self.links.get(project, ())
