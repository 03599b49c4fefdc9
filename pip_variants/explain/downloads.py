"""The texts about files that are downloaded, would be, or could not be: banner, sums, errors."""

from __future__ import annotations

from pip_variants.core.properties import Variant

_WIDTH = 80


def banner(project: str, version: str, variant: Variant) -> str:
    """Return what is shown before a variant wheel is fetched: its label and all its properties."""
    title = f" {_title(project, version, variant)} "
    lines = [f"Variant-property: {item}" for item in variant.properties]
    return "\n".join([title.center(_WIDTH, "#"), *lines, "#" * _WIDTH])


def short_banner(project: str, version: str, variant: Variant) -> str:
    """Return the same in one line, without the properties."""
    return f"Variant: {_title(project, version, variant)}"


def _title(project: str, version: str, variant: Variant) -> str:
    return f"{project}=={version}; variant_hash={variant.label}"


def would_download(files: int, size: str, known: int) -> str:
    """Return the sum of what an installation would download; ``known``: files whose size is."""
    what = "1 file" if files == 1 else f"{files} files"
    total = f" ({size})" if known == files else f", {known} of them {size}" if known else ""
    return f"Would download {what}{total}"


def download_failed(url: str, error: Exception) -> str:
    """Return the error about a file that could not be downloaded."""
    return f"Could not download {url}: {error}"


def disk_full(folder: str, missing: str) -> str:
    """Return the error about a folder with too little space for what is to be installed."""
    return f"There is not enough space in {folder}: {missing} are missing. Nothing was installed."


def mirror_full(folder: str, missing: str) -> str:
    """Return the error about a mirror with too little space for the files that it is to have."""
    return (
        f"There is not enough space in {folder}: {missing} are missing. What has arrived is kept."
    )


def other_metadata(filename: str) -> str:
    """Return the error about a wheel that differs from what its server sent of it before."""
    return (
        f"{filename} has another METADATA than its server sent for a part of the file:"
        " it has been replaced meanwhile, or the server is broken"
    )
