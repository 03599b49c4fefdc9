"""Wheel file names with a variant label (PEP 825, "File name").

``{name}-{version}(-{build})?-{python}-{abi}-{platform}(-{label})?.whl``: a build tag starts with a
digit and a Python tag never does, so the third of six parts distinguishes a build tag from a label.
"""

from __future__ import annotations

from .errors import FilenameError, quoted
from .properties import Label, is_label

LONGEST_FILENAME = 255
"""Bytes; the limit of the usual file systems. File names of wheels are ASCII."""

METADATA_SUFFIX = "-variants.json"

_PARTS_PLAIN = 5
_PARTS_FULL = 7


def split_label(stem: str) -> tuple[str, Label | None]:
    """Return a wheel's name without ``.whl`` and without its label, and the label or None.

    Only the number of parts and the label are checked. Raise FilenameError for an invalid label.
    """
    parts = stem.split("-")
    labelled = len(parts) in (_PARTS_PLAIN + 1, _PARTS_FULL)
    # Seven parts have a build tag and a label; six have one of them.
    if not labelled or parts[2][:1].isdigit() != (len(parts) == _PARTS_FULL):
        return stem, None
    label = parts[-1]
    if not is_label(label):
        raise FilenameError(f"Invalid variant label {quoted(label)} in {quoted(stem + '.whl')}")
    return "-".join(parts[:-1]), label


def label_of(filename: str) -> Label | None:
    """Return the label in a wheel's file name, or None for any other file."""
    if not filename.endswith(".whl"):
        return None
    try:
        return split_label(filename[:-4])[1]
    except FilenameError:
        return None


def metadata_filename(filename: str) -> str:
    """Return the name of the index-level metadata file that belongs to the wheel ``filename``."""
    name, version = filename.split("-", 2)[:2]
    return f"{name}-{version}{METADATA_SUFFIX}"
