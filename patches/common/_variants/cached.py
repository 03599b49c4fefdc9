"""What `pip cache purge` removes."""

from __future__ import annotations

from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from optparse import Values


def cached_files(options: Values) -> list[str]:
    """Return the cached files about variants and providers, and links in place of pip's caches."""
    from pip_variants.system.purging import files_below, links_below

    cache = Path(options.cache_dir)
    return links_below(cache, ("http", "http-v2", "wheels")) + files_below(cache / "variants")


def without_linked(options: Values, files: list[str]) -> list[str]:
    """Return those of the files that pip found in its cache to which no link in it leads."""
    from pip_variants.system.purging import without_linked

    return without_linked(Path(options.cache_dir), files)


def remove_cached(files: list[str]) -> tuple[list[str], int]:
    """Remove files of the cache; return those that are gone now, and their size in bytes."""
    from pip_variants.pip_adapter.display import warn_not_removed
    from pip_variants.system.purging import remove_files

    return remove_files(files, warn_not_removed)
