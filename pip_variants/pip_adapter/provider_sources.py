"""From where trusted providers come: the index that lists the project which needs them.

Of several indexes that of the highest version would win, and with it anybody who can publish a
package of that name on one of them. `--variant-provider-index` names another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pip_variants.core.errors import ProviderError
from pip_variants.explain import messages

from .compat import path_of_url

if TYPE_CHECKING:
    from .compat import Link, PackageFinder, Values

LOCAL_FOLDERS = "--find-links"
"""Stands for all folders on this machine that the user named by ``--find-links``."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Indexes and find-links, by URL or path as the user wrote them."""

    indexes: tuple[str, ...]
    find_links: tuple[str, ...] = ()

    def listing(self, link: Link) -> str:
        """Return which of the sources lists a file, or "" if none is known to.

        It is an index, a page of find-links, or LOCAL_FOLDERS.
        """
        page = link.comes_from
        if not isinstance(page, str) or not page:
            folders = {Path(_path(item)).resolve() for item in self.find_links if _is_local(item)}
            is_found = link.is_file and Path(link.file_path).parent.resolve() in folders
            return LOCAL_FOLDERS if is_found else ""
        address = _address(page)
        for source in self.find_links:
            if _address(source) == address:
                return LOCAL_FOLDERS if _is_local(source) else source
        within = [index for index in self.indexes if address.startswith(_address(index))]
        if within:
            return max(within, key=len)
        if len(self.indexes) < 2:  # noqa: PLR2004 - there is no choice
            return "".join(self.indexes)
        # One of them sent its page from another place.
        return "" if _is_local(page) else address.rstrip("/").rpartition("/")[0]

    def only(self, source: str) -> Sources:
        """Return where providers come from for a project that this source lists.

        Without a source, as for a file that the user gave, there must be only one beside those on
        this machine: raise ProviderError.
        """
        local = tuple(filter(_is_local, self.find_links))
        if source == LOCAL_FOLDERS:
            return Sources((), local)
        if source in self.find_links:
            return Sources((), (source,))
        if source:
            return Sources((source,))
        servers = tuple(itertools.filterfalse(_is_local, self.indexes))
        pages = tuple(itertools.filterfalse(_is_local, self.find_links))
        if len(servers or pages) > 1:
            raise ProviderError(messages.WHICH_INDEX)
        return Sources(self.indexes, local if self.indexes else self.find_links)


def sources_of(options: Values, finder: PackageFinder | None) -> Sources:
    """Return where a command with these options looks for packages."""
    if finder is not None:
        return Sources(tuple(finder.index_urls), tuple(finder.find_links))
    indexes: Sequence[str] = [options.index_url, *options.extra_index_urls]
    return Sources(() if options.no_index else tuple(indexes), tuple(options.find_links))


def _is_local(source: str) -> bool:
    return source.partition(":")[0].lower() not in ("http", "https")


def _path(source: str) -> str:
    try:
        return path_of_url(source) if source.lower().startswith("file:") else source
    except ValueError:
        return source


def _address(source: str) -> str:
    """Return a URL without credentials, or a path as a URL, with a slash at its end."""
    if _is_local(source):
        path = Path(_path(source))
        return f"{path.resolve().as_uri()}/"
    try:
        parts = urlsplit(source)
    except ValueError:
        return source
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme.lower()}://{host}{parts.path.rstrip('/')}/"
