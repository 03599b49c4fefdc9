"""Which variant a distribution is, of those being installed and of those installed.

A distribution has its own ``variant.json``. One whose METADATA alone was fetched (PEP 658) does not
yet; there the choice of its file determines the variant, which is attached to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import VariantError, printable, shortened
from pip_variants.core.limits import MAX_BYTES
from pip_variants.formats.variant_json import VARIANT_JSON, read_variant_json
from pip_variants.system.owned import read_regular

from .compat import BaseDistribution, UnsupportedWheel, inner_distribution

_ATTRIBUTE = "_pip_variants_attached"


@dataclass(frozen=True, slots=True)
class Attached:
    """The variant of a distribution, or None, and whether it is about to be installed."""

    selected: SelectedVariant | None
    is_candidate: bool = False


def attach(dist: BaseDistribution, attached: Attached) -> None:
    """Attach the variant to a distribution, for all later questions about it."""
    setattr(inner_distribution(dist), _ATTRIBUTE, attached)


def variant_of(dist: BaseDistribution) -> SelectedVariant | None:
    """Return which variant a distribution is, or None if it is not one."""
    return attached_to(inner_distribution(dist)).selected


def attached_to(inner: Any) -> Attached:  # noqa: ANN401 - of importlib.metadata or pkg_resources
    """Return what is attached to an inner distribution, or its own variant."""
    attached = getattr(inner, _ATTRIBUTE, None)
    return attached if isinstance(attached, Attached) else Attached(_own_variant(inner))


def own_problem(dist: BaseDistribution) -> str | None:
    """Return why the ``variant.json`` of a distribution is not used, or None if it has none."""
    try:
        text = _read_variant_json(inner_distribution(dist))
        if text is not None:
            read_variant_json(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or type(error).__name__
    except (VariantError, UnicodeDecodeError, UnsupportedWheel) as error:
        return shortened(printable(str(error)))
    return None


def _own_variant(inner: Any) -> SelectedVariant | None:  # noqa: ANN401 - see above
    """Return the variant in ``variant.json``, or None if that is missing or invalid.

    What is installed may have been put there by anybody: only a regular file counts.
    """
    try:
        text = _read_variant_json(inner)
        return read_variant_json(text) if text is not None else None
    except (VariantError, UnicodeDecodeError, OSError, UnsupportedWheel):
        return None


def _read_variant_json(inner: Any) -> str | bytes | None:  # noqa: ANN401 - see above
    folder = _metadata_folder(inner)
    if folder is not None:
        return read_regular(folder / VARIANT_JSON, MAX_BYTES)
    if hasattr(inner, "read_text"):
        text: str | None = inner.read_text(VARIANT_JSON)
        return text
    return str(inner.get_metadata(VARIANT_JSON)) if inner.has_metadata(VARIANT_JSON) else None


def _metadata_folder(inner: Any) -> Path | None:  # noqa: ANN401 - see above
    """Return the folder of an inner distribution that is on a disk; that of a wheel has none."""
    found = getattr(inner, "_path", None) or getattr(inner, "egg_info", None)
    return Path(found) if isinstance(found, (str, Path)) and Path(found).is_dir() else None
