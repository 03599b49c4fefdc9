"""Wheel file names with a variant label (PEP 825, "File name").

``{name}-{version}(-{build})?-{python}-{abi}-{platform}(-{label})?.whl``: a build tag starts with a
digit and a Python tag never does, so six parts are a build tag or a label by their third part.
"""

from __future__ import annotations

from .errors import FilenameError, quoted
from .properties import is_label

_PARTS_PLAIN = 5
_PARTS_FULL = 7

METADATA_SUFFIX = "-variants.json"


def split_label(stem: str) -> tuple[str, str | None]:
    """Return the plain stem and the label (None: a plain wheel) of a name without ``.whl``.

    Only the number of parts and the label are judged; what precedes the label is the business of
    whoever parses plain names. Raise FilenameError for a label that is none.
    """
    parts = stem.split("-")
    labelled = len(parts) in (_PARTS_PLAIN + 1, _PARTS_FULL)
    # Without a build tag there is room for one label and no second one.
    if not labelled or parts[2][:1].isdigit() != (len(parts) == _PARTS_FULL):
        return stem, None
    if not is_label(parts[-1]):
        raise FilenameError(f"Invalid variant label {quoted(parts[-1])} in {quoted(stem + '.whl')}")
    return "-".join(parts[:-1]), parts[-1]


def label_of(filename: str) -> str | None:
    """Return the label in a wheel's file name, or None for anything else."""
    if not filename.endswith(".whl"):
        return None
    try:
        return split_label(filename[:-4])[1]
    except FilenameError:
        return None


def metadata_filename(filename: str) -> str:
    """Return the name of the combined metadata file that lies beside the wheel ``filename``."""
    name, version = filename.split("-", 2)[:2]
    return f"{name}-{version}{METADATA_SUFFIX}"
