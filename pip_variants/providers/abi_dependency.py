"""The built-in ``abi_dependency`` provider: variants for one release of another distribution.

PEP 850 (before 0.2.0 a reserved namespace without a provider): the feature is the distribution's
normalised name with ``_``, the value a release prefix of one to three parts, matched like
``== value.*``. Which version that will be is open until a set of packages has been found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pip_variants.core.conditions import open_features, prefixes, project_of
from pip_variants.core.properties import (
    Namespace,
    OrderedFeatures,
    Variant,
    ordered_features,
)

HINT = "only what is installed, or needed by something else that is being installed, counts"


def projects_of(namespace: Namespace, variants: Sequence[Variant]) -> frozenset[str]:
    """Return the normalised names of the distributions that variants depend on."""
    return frozenset(
        project_of(item.feature)
        for variant in variants
        for item in variant.requirements
        if item.namespace == namespace
    )


def detect(versions: Mapping[str, str | None], variants: Sequence[Variant] = ()) -> OrderedFeatures:
    """Return the release prefixes of each distribution's version, the longest first.

    ``versions`` is by normalised name; of one whose version is open (None) every value that
    ``variants`` have is supported, the newest first.
    """
    features = [
        (name.replace("-", "_"), prefixes(version))
        for name, version in sorted(versions.items())
        if version is not None
    ]
    known = ordered_features((name, values) for name, values in features if values)
    is_open = [name for name, version in versions.items() if version is None]
    return (*known, *open_features(variants, is_open)) if is_open else known
