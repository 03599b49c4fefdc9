"""The built-in ``abi_dependency`` provider: variants for one release of another distribution.

PEP 850 (before 0.2.0 a reserved namespace without a provider): the feature is the distribution's
normalised name with ``_``, the value a release prefix of one to three parts, matched like
``== value.*``.
"""

from __future__ import annotations

from collections.abc import Mapping

from pip._vendor.packaging.version import Version

from pip_variants.core.properties import OrderedFeatures, ordered_features

HINT = "only distributions that are installed or come earlier in the same command count"
_PARTS = 3


def detect(versions: Mapping[str, str]) -> OrderedFeatures:
    """Return the release prefixes of each distribution's version, the longest first.

    ``versions`` is by normalised name.
    """
    features = []
    for name, version in sorted(versions.items()):
        try:
            parsed = Version(version)
        except ValueError:  # InvalidVersion, or a number of thousands of digits
            continue
        if parsed.epoch:
            continue  # a prefix without an epoch matches none
        parts = [str(part) for part in (*parsed.release, 0, 0)[:_PARTS]]
        values = tuple(".".join(parts[:length]) for length in range(_PARTS, 0, -1))
        features.append((name.replace("-", "_"), values))
    return ordered_features(features)
