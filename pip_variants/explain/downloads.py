"""The texts about files that are downloaded, would be, or could not be."""

from __future__ import annotations


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


def other_metadata(filename: str) -> str:
    """Return the error about a wheel that differs from what its server sent of it before."""
    return (
        f"{filename} has another METADATA than its server sent for a part of the file:"
        " it has been replaced meanwhile, or the server is broken"
    )
