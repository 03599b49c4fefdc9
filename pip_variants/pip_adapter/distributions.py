"""Which variant a distribution is, of those being installed and of those installed.

A distribution has its own ``variant.json``. One whose METADATA alone was fetched (PEP 658) does not
yet; there the choice of its file determines the variant, which is attached to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pip_variants.core.decision import SelectedVariant
from pip_variants.core.errors import VariantError
from pip_variants.formats.variant_json import VARIANT_JSON, read_variant_json

from .compat import BaseDistribution, inner_distribution

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


def _own_variant(inner: Any) -> SelectedVariant | None:  # noqa: ANN401 - see above
    """Return the variant in ``variant.json``, or None if that is missing or invalid."""
    try:
        text = _read_variant_json(inner)
        return read_variant_json(text) if text is not None else None
    except (VariantError, UnicodeDecodeError):
        return None


def _read_variant_json(inner: Any) -> str | None:  # noqa: ANN401 - see above
    if hasattr(inner, "read_text"):
        text: str | None = inner.read_text(VARIANT_JSON)
        return text
    return str(inner.get_metadata(VARIANT_JSON)) if inner.has_metadata(VARIANT_JSON) else None
