"""Dependencies whose markers speak of variants, for chosen and for installed distributions.

A distribution says itself which variant it is, by the ``variant.json`` beside its METADATA. Of one
that is known by its METADATA alone (PEP 658), the choice that led to it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .decisions import Build
from .errors import VariantError
from .process import process
from .readers import read_text

if TYPE_CHECKING:
    from pip._internal.metadata import BaseDistribution


def bind(dist: Any, requirement: str) -> str:  # noqa: ANN401 - of importlib.metadata or pkg_resources
    """Return the text of a dependency of ``dist`` with its markers about variants decided."""
    from . import markers

    build = _build(dist)
    if build is None:
        return markers.bound(requirement, markers.PLAIN)
    supports = {}
    if markers.needs_support(requirement):
        ask = process.ask if dist in process.candidates else process.ask_silently
        supports = ask(tuple(sorted(build.variant.namespaces)), build.metadata)
    return markers.bound(requirement, markers.environment(build.variant, supports))


def build_of(dist: BaseDistribution) -> Build | None:
    """Return which variant a distribution of pip's is, or None if it is none."""
    return _build(dist._dist)  # type: ignore[attr-defined]  # noqa: SLF001 - both backends have it


def _build(dist: Any) -> Build | None:  # noqa: ANN401 - see above
    if dist not in process.examined:
        process.examined[dist] = _own_build(dist)
    return process.examined[dist]


def _own_build(dist: Any) -> Build | None:  # noqa: ANN401 - see above
    """Return what ``variant.json`` says, or None: a broken one makes a distribution a plain one."""
    try:
        text = _variant_json(dist)
        metadata = read_text(text) if text is not None else None
    except (VariantError, UnicodeDecodeError):
        return None
    if metadata is None or len(metadata.variants) != 1:
        return None
    return Build(metadata.variants[0], metadata)


def _variant_json(dist: Any) -> str | None:  # noqa: ANN401 - see above
    if hasattr(dist, "read_text"):
        text: str | None = dist.read_text("variant.json")
        return text
    return str(dist.get_metadata("variant.json")) if dist.has_metadata("variant.json") else None
