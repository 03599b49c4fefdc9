"""Short ways to write values of the engine, and the torch 2.8.0 of the tutorial as data."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pip_variants.core.compatibility import MissingFeature
from pip_variants.core.errors import MetadataError
from pip_variants.core.metadata import Priorities, Provider, VariantMetadata
from pip_variants.core.properties import (
    Feature,
    FeatureRequirement,
    Label,
    Namespace,
    Value,
    Variant,
    ordered_features,
)
from pip_variants.core.selection import Wheel
from pip_variants.core.supported import State, SupportedProperties
from pip_variants.formats.reader import read

Features = Iterable[tuple[str, Iterable[str]]]
"""Features with their values, both best first, as plain strings."""

NVIDIA_PLUGIN = "nvidia_variant_provider.plugin:NvidiaVariantPlugin"

TORCH_JSON = """\
{
  "$schema": "https://variants-schema.wheelnext.dev/v0.0.2.json",
  "default-priorities": {"namespace": ["nvidia"]},
  "providers": {
    "nvidia": {
      "enable-if": "platform_system == 'Linux' or platform_system == 'Windows'",
      "plugin-api": "nvidia_variant_provider.plugin:NvidiaVariantPlugin",
      "requires": ["nvidia-variant-provider>=0.0.1,<1.0.0"]
    }
  },
  "variants": {
    "00000000": {},
    "cu126": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.6"],
        "sm_arch": ["90_real", "50_real", "60_real", "70_real", "75_real", "80_real", "86_real"]
      }
    },
    "cu128": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.8"],
        "sm_arch": ["100_real", "120_real", "75_real", "80_real", "86_real", "90_real"]
      }
    },
    "cu129": {
      "nvidia": {
        "cuda_version_lower_bound": ["12.9"],
        "sm_arch": ["100_real", "120_real", "120_virtual", "75_real", "80_real", "86_real",
                    "90_real"]
      }
    }
  }
}
"""


def torch_filename(label: str | None) -> str:
    """Return the name of the Linux wheel of torch 2.8.0 with this label."""
    end = "" if label is None else f"-{label}"
    return f"torch-2.8.0-cp311-cp311-manylinux_2_28_x86_64{end}.whl"


def torch_wheels(*labels: str | None) -> tuple[Wheel, ...]:
    """Return one wheel of torch 2.8.0 for each label, in this order of the installer."""
    return tuple(wheel(torch_filename(label), label, i) for i, label in enumerate(labels))


def wheel(filename: str, label: str | None = None, index: int = 0) -> Wheel:
    """Return a wheel with compatible tags."""
    return Wheel(filename, None if label is None else Label(label), index)


def variant(label: str, *properties: str) -> Variant:
    """Return the variant with these properties, each written ``namespace :: feature :: value``."""
    values: dict[tuple[str, str], list[str]] = {}
    for text in properties:
        namespace, feature, value = text.split(" :: ")
        values.setdefault((namespace, feature), []).append(value)
    found = (requirement(namespace, name, *listed) for (namespace, name), listed in values.items())
    return Variant(Label(label), tuple(found))


def requirement(namespace: str, feature: str, *values: str) -> FeatureRequirement:
    """Return one feature of a variant with its values."""
    return FeatureRequirement(Namespace(namespace), Feature(feature), frozenset(map(Value, values)))


def provider(
    namespace: str,
    *requires: str,
    plugin_api: str | None = None,
    enable_if: str | None = None,
    optional: bool = False,
    builtin: str | None = None,
    static: Features | None = None,
) -> Provider:
    """Return a provider that needs the packages ``requires``, or is of another kind."""
    return Provider(
        Namespace(namespace),
        requires,
        plugin_api,
        enable_if,
        optional,
        builtin,
        None if static is None else ordered_features(static),
    )


def priorities(
    namespaces: Iterable[str] = (),
    features: Iterable[tuple[str, Iterable[str]]] = (),
    values: Iterable[tuple[str, Features]] = (),
) -> Priorities:
    """Return the default priorities; ``features`` and ``values`` are by namespace."""
    return Priorities(
        tuple(map(Namespace, namespaces)),
        tuple((Namespace(name), tuple(map(Feature, listed))) for name, listed in features),
        tuple((Namespace(name), ordered_features(listed)) for name, listed in values),
    )


def metadata(
    *variants: Variant,
    namespaces: Iterable[str] = (),
    providers: Iterable[Provider] = (),
    features: Iterable[tuple[str, Iterable[str]]] = (),
    values: Iterable[tuple[str, Features]] = (),
    revision: str = "0.0.2",
) -> VariantMetadata:
    """Return a document with these variants."""
    ranked = priorities(namespaces, features, values)
    return VariantMetadata(revision, ranked, tuple(providers), variants)


def supported(
    namespace: str,
    state: State = "built-in",
    features: Features = (),
    reason: str | None = None,
    warnings: Iterable[str] = (),
    option: str | None = None,
) -> SupportedProperties:
    """Return what a machine supports in one namespace."""
    return SupportedProperties(
        Namespace(namespace), state, ordered_features(features), reason, tuple(warnings), option
    )


def by_namespace(*items: SupportedProperties) -> dict[Namespace, SupportedProperties]:
    """Return what a machine supports as ``select`` takes it."""
    return {item.namespace: item for item in items}


def missing(
    feature: str,
    required: Iterable[str],
    available: Iterable[str],
    found: SupportedProperties,
) -> MissingFeature:
    """Return one missing feature of a variant."""
    return MissingFeature(
        Feature(feature), tuple(map(Value, required)), tuple(map(Value, available)), found
    )


def meaning(document: VariantMetadata) -> object:
    """Return all of a document except its revision and the order of its sets."""
    return (
        document.priorities,
        {*document.providers},
        {item.label: item.properties for item in document.variants},
    )


def problem_of(document: object) -> str:
    """Return the text of the error that reading an invalid document raises."""
    with pytest.raises(MetadataError) as caught:
        read(document)
    return str(caught.value)


def spelled_out(text: str) -> tuple[str, ...]:
    """Return the versions in ``12.9...12.0, 12``: dots between two minors stand for those between.

    That is how the specification of the nvidia provider writes its lists.
    """
    found: list[str] = []
    for item in text.split(", "):
        first, _, last = item.partition("...")
        if last:
            major, minor = first.split(".")
            end = int(last.removeprefix(f"{major}."))
            found += [f"{major}.{i}" for i in range(int(minor), end - 1, -1)]
        else:
            found.append(first)
    return tuple(found)
