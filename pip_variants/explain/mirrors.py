"""The texts about mirrors: what each machine needs, what is new, and what cannot be mirrored."""

from __future__ import annotations

from collections.abc import Sequence

from pip_variants.core.errors import printable, quoted, shortened

from .messages import join_labels

THIS_MACHINE = "this machine"


def needs(machine: str, files: int, variants: Sequence[str]) -> str:
    """Return how many files a machine needs, and which variants, by project, version and label."""
    text = f"{printable(machine)} needs {_files(files)}"
    return f"{text}; variants: {join_labels(map(shortened, variants))}" if variants else text


def fits_nothing(machine: str, error: Exception) -> str:
    """Return the error about a machine for which the requirements cannot be met."""
    return f"{error} (for {quoted(machine)})"


def copying(path: str) -> str:
    """Return which file of this machine is copied."""
    return f"Copying {printable(path)}"


def new_hash(filename: str) -> str:
    """Return why a file is fetched that is there."""
    return f"{filename} has another hash than its page states now, and is fetched again"


def updated(path: str) -> str:
    """Return which metadata file of an index is new, or has changed there."""
    return f"Wrote {printable(path)}"


def other_writer(folder: str) -> str:
    """Return why nothing happens for a while."""
    return f"Another pip is writing to {printable(folder)}; waiting until it has finished"


def busy_writer(folder: str, minutes: float) -> str:
    """Return the error about a folder that another pip does not leave."""
    return f"Another pip has been writing to {printable(folder)} for {minutes:.0f} minutes"


def done(folder: str, files: int, new: int, size: str) -> str:
    """Return what a mirror has now, and how many files of ``size`` are new in it."""
    has = f"{printable(folder)} has all that is needed, {_files(files)}"
    return f"{has}: {new:,} new ({size})" if new else f"Nothing new: {has}"


def built_from_source(filenames: Sequence[str]) -> str:
    """Return what a mirror lacks to install source distributions."""
    verb = "is a source distribution" if len(filenames) == 1 else "are source distributions"
    names = join_labels(map(shortened, filenames))
    return f"{names} {verb}, and what building requires is not in the mirror by itself"


def no_published_file(requirement: str) -> str:
    """Return the error about a requirement that no index can have."""
    return (
        f"{shortened(printable(requirement))} is not a wheel or a source distribution (.tar.gz,"
        " .zip), which an index could have: build a wheel of it, and mirror that"
    )


def other_hash(url: str) -> str:
    """Return the error about a file that is not the one that its page names."""
    return f"{url} has another hash than its page or a requirement states"


def unwritable(folder: str, reason: str) -> str:
    """Return the error about a mirror that cannot be written."""
    return f"{printable(folder)} cannot be written: {reason}"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
