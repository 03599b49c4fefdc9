"""What is supported in place of what is missing, and may be another spelling of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pip_variants.core.compatibility import MissingFeature

from .nearest import ALIKE, nearest
from .requirements import NAMESPACES

_MOST = 6

_is_version = re.compile(r"[0-9]+(\.[0-9]+)*").fullmatch


def other_spelling(text: str, names: Iterable[str]) -> str | None:
    """Return the name that could mean the same as ``text``, or None.

    Separators do not count, and one may have more around it: ``90`` and ``sm_9.0``. Two version
    numbers are different versions, not spellings of one.
    """
    for name in names:
        if _is_version(text) and _is_version(name):
            continue
        first, second = (re.sub("[_.]", "", item) for item in (text, name))
        if first and second and (first in second or second in first):
            return name
    return None


def spelling_of(missing: MissingFeature) -> str | None:
    """Return what is supported and may be another spelling of what is missing, or None.

    In a platform file, which people write, that may be any value of a feature without known ones.
    """
    if missing.required == ("on",):  # names of instruction sets are alike
        return None
    if not missing.available:
        names = (name for name, _ in missing.supported.features)
        return nearest(missing.feature, names, ALIKE)
    for value in missing.required:
        found = other_spelling(value, missing.available)
        if found is not None:
            return found
    if missing.supported.state == "user" and missing.namespace not in NAMESPACES:
        return ", ".join(missing.available[:_MOST])
    return None
