"""Valid documents of every revision, at random, and changes that do not concern their meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import Label, Namespace, ordered_features
from pip_variants.core.selection import Wheel, needed_namespaces, select
from pip_variants.core.supported import SupportedProperties

from .mutations import TEXTS, shuffled, value

Document = dict[str, object]
Features = dict[str, list[str]]

_SCHEMA = "https://variants-schema.wheelnext.dev/"
_NAMES = ("gpu", "cpu", "nvidia", "x86_64", "abi_dependency", "n_1", "a" * 60)
_FEATURES = ("arch", "level", "cuda_version_lower_bound", "torch", "f_2")
_VALUES = ("1", "1.5", "v3", "12.8", "on", "90_real", "2_0.1", "0")
_LABELS = ("a", "b1", "cu129", "null", "00000000", "x_y.z", "0", "l" * 16)
_REQUIRES = (
    "gpu-provider",
    "gpu-provider>=1,<2",
    "p[extra]; os_name == 'posix' and python_version >= '3.8'",
    "p @ https://host/p-1.0-py3-none-any.whl",
)
_MARKERS = ("os_name == 'posix'", "sys_platform != 'win32' or extra == 'a'", "python_version<'3'")
_ENDPOINTS = ("gpu_provider.plugin:Gpu", "gpu_provider", "a.b:c.d")

KEYS = (
    "$schema",
    "default-priorities",
    "namespace",
    "feature",
    "property",
    "providers",
    "provider-requires",
    "requires",
    "plugin-api",
    "enable-if",
    "optional",
    "plugin-use",
    "install-time",
    "static-properties",
    "feature-order",
    "builtin",
    "variants",
)
POOL: tuple[object, ...] = (
    *KEYS,
    *_NAMES,
    *_FEATURES,
    *_VALUES,
    *_LABELS,
    *_REQUIRES,
    *_MARKERS,
    *_ENDPOINTS,
    f"{_SCHEMA}v0.0.3.json",
    f"{_SCHEMA}peps/850/v0.2.0.json",
    f"{_SCHEMA}v1.0.0.json",
    f"{_SCHEMA}v{'9' * 5000}.0.0.json",
    *TEXTS,
)
"""What a change puts into a document, so that it is still read to some depth."""


def features(rng: Random, most: int = 3) -> Features:
    """Return features with their values."""
    names = rng.sample(_FEATURES, rng.randint(1, most))
    return {name: rng.sample(_VALUES, rng.randint(1, 4)) for name in names}


def variants(rng: Random, namespaces: Sequence[str]) -> dict[str, dict[str, Features]]:
    """Return labels with their properties in these namespaces."""
    found: dict[str, dict[str, Features]] = {}
    for label in rng.sample(_LABELS, rng.randint(1, len(_LABELS))):
        used = rng.sample(namespaces, rng.randint(1, min(3, len(namespaces))))
        found[label] = {} if label == "null" else {name: features(rng) for name in used}
    return found


def _maybe(rng: Random, entry: Document, key: str, make: Callable[[], object]) -> None:
    if rng.random() < 0.4:
        entry[key] = make()


def _old_provider(rng: Random) -> Document:
    entry: Document = {"requires": rng.sample(_REQUIRES, rng.randint(0, 3))}
    _maybe(rng, entry, "plugin-api", lambda: rng.choice(_ENDPOINTS))
    _maybe(rng, entry, "enable-if", lambda: rng.choice(_MARKERS))
    _maybe(rng, entry, "optional", lambda: rng.random() < 0.5)
    return entry


def _new_provider(rng: Random) -> Document:
    kind = rng.randrange(3)
    entry: Document
    if kind == 0:
        entry = {"requires": rng.sample(_REQUIRES, rng.randint(1, 3))}
        _maybe(rng, entry, "plugin-api", lambda: rng.choice(_ENDPOINTS))
    elif kind == 1:
        static = features(rng)
        entry = {"static-properties": static, "feature-order": rng.sample([*static], len(static))}
    else:
        entry = {"builtin": rng.choice(("abi_dependency", "x"))}
    _maybe(rng, entry, "optional", lambda: rng.random() < 0.5)
    return entry


def _old_priorities(rng: Random, namespaces: Sequence[str]) -> Document:
    found: Document = {"namespace": rng.sample(namespaces, len(namespaces))}
    found["feature"] = {name: rng.sample(_FEATURES, 2) for name in namespaces}
    found["property"] = {name: features(rng) for name in namespaces}
    return found


def _early(rng: Random, namespaces: Sequence[str]) -> Document:
    listed = variants(rng, namespaces)
    texts = {
        label: {
            name: {feature: values[0] for feature, values in item.items()}
            for name, item in entry.items()
        }
        for label, entry in listed.items()
    }
    properties = [f"{name} :: {rng.choice(_FEATURES)} :: 1" for name in namespaces]
    return {
        "default-priorities": {
            "namespace": rng.sample(namespaces, len(namespaces)),
            "feature": [f"{name}::{rng.choice(_FEATURES)}" for name in namespaces],
            "property": properties,
        },
        "provider-requires": rng.sample(_REQUIRES, 2),
        "variants": texts,
    }


def _v0_0_2(rng: Random, namespaces: Sequence[str]) -> Document:
    providers = {
        name: {**_old_provider(rng), "plugin-use": rng.choice(("all", "build", "none"))}
        for name in namespaces
    }
    return {
        "default-priorities": _old_priorities(rng, namespaces),
        "providers": providers,
        "variants": variants(rng, namespaces),
    }


def _v0_0_3(rng: Random, namespaces: Sequence[str]) -> Document:
    providers = {
        name: {**_old_provider(rng), "install-time": rng.random() < 0.5} for name in namespaces
    }
    return {
        "default-priorities": _old_priorities(rng, namespaces),
        "providers": providers,
        "static-properties": {name: features(rng) for name in namespaces},
        "variants": variants(rng, namespaces),
    }


def _v0_1(rng: Random, namespaces: Sequence[str]) -> Document:
    old = rng.random() < 0.5
    plain = {"namespace": rng.sample(namespaces, len(namespaces))}
    return {
        "$schema": f"{_SCHEMA}peps/825/v0.1.{0 if old else 1}.json",
        "default-priorities": _old_priorities(rng, namespaces) if old else plain,
        "variants": variants(rng, namespaces),
    }


def _v0_2(rng: Random, namespaces: Sequence[str]) -> Document:
    return {
        "$schema": f"{_SCHEMA}peps/850/v0.2.0.json",
        "default-priorities": {"namespace": rng.sample(namespaces, len(namespaces))},
        "providers": {name: _new_provider(rng) for name in namespaces},
        "variants": variants(rng, namespaces),
    }


_REVISIONS: dict[str, Callable[[Random, Sequence[str]], Document]] = {
    "early": _early,
    "0.0.2": _v0_0_2,
    "0.0.3": _v0_0_3,
    "0.1": _v0_1,
    "0.2.0": _v0_2,
}


def valid(rng: Random, revision: str | None = None) -> tuple[str, Document]:
    """Return a revision and a valid document of it."""
    name = revision or rng.choice([*_REVISIONS])
    namespaces = rng.sample(_NAMES, rng.randint(1, 4))
    return name, _REVISIONS[name](rng, namespaces)


def with_other_form(rng: Random, document: Document) -> Document:
    """Return a document that means the same: other orders of what is a set, and unknown keys."""
    listed = document["variants"]
    found: Document = shuffled(rng, document)
    found["variants"] = _reordered(rng, listed)
    if isinstance(found.get("providers"), dict):
        found["providers"] = shuffled(rng, found["providers"])  # type: ignore[arg-type]
    if rng.random() < 0.5:
        found[rng.choice(("x-unknown", "", "\u202e", "a" * 300))] = value(rng, 0)
    return found


def _reordered(rng: Random, tree: object) -> object:
    """Return an object of objects of lists, all in another order."""
    if isinstance(tree, dict):
        return {key: _reordered(rng, item) for key, item in shuffled(rng, tree).items()}
    return rng.sample(tree, len(tree)) if isinstance(tree, list) else tree


def ranking(metadata: VariantMetadata, seed: int) -> tuple[str, ...]:
    """Return the labels that fit a machine, best first; the machine is drawn from the seed.

    It supports about half of what exists, and statically what the metadata itself has.
    """
    labels = sorted({variant.label for variant in metadata.variants})
    wheels = [Wheel(f"x-1.0-py3-none-any-{label}.whl", Label(label)) for label in labels]
    supported = {
        name: _machine(metadata, name, seed) for name in needed_namespaces(wheels, metadata)
    }
    return tuple(item.wheel.label or "" for item in select(wheels, metadata, supported).ranked)


def _machine(metadata: VariantMetadata, namespace: Namespace, seed: int) -> SupportedProperties:
    provider = metadata.provider(namespace)
    if provider is not None and provider.static is not None:
        return SupportedProperties(namespace, "static", provider.static)
    rng = Random(f"{seed}/{namespace}")
    found = ordered_features(
        (name, rng.sample(_VALUES, 4)) for name in rng.sample(_FEATURES, len(_FEATURES))
    )
    return SupportedProperties(namespace, "built-in", found)
