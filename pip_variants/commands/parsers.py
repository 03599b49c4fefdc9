"""pip's own parsers of markers and requirements, as ``checking`` asks for them."""

from __future__ import annotations

from collections.abc import Mapping

from pip._vendor.packaging.markers import Marker
from pip._vendor.packaging.requirements import Requirement

from pip_variants.checking import Parsers
from pip_variants.providers.chain import BAD_MARKER


def _marker(text: str, target: Mapping[str, str]) -> bool:
    try:
        return Marker(text).evaluate(dict(target))
    except BAD_MARKER as error:
        raise ValueError(str(error)) from None


def _requirement(text: str, target: Mapping[str, str]) -> bool:
    try:
        marker = Requirement(text).marker
        return marker is None or marker.evaluate(dict(target))
    except BAD_MARKER as error:
        raise ValueError(str(error)) from None


PARSERS = Parsers(_marker, _requirement)
