"""The ranking against an independent oracle: variantlib, the standard's reference library."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
import variantlib
from variantlib import api

from pip_variants.core.selection import needed_namespaces, select
from pip_variants.formats.reader import read
from tests.unit.cases import by_namespace, supported, wheel

SEEDS = (20261122, 20261123, 20261124, 20261125)
CASES = 500
Values = dict[str, list[str]]


def random_project(chance: random.Random) -> dict[str, object]:
    """Return a 0.2.0 document of static providers: 1-6 namespaces and 1-40 labels."""
    namespaces = [f"ns{i}" for i in range(chance.randint(1, 6))]
    static: dict[str, Values] = {
        namespace: {
            f"feature{i}": chance.sample([f"v{j}" for j in range(8)], chance.randint(1, 4))
            for i in range(chance.randint(1, 4))
        }
        for namespace in namespaces
    }
    labels: dict[str, dict[str, Values]] = {}
    for _ in range(chance.randint(1, 40)):
        labels[f"l{chance.randrange(10_000):04}"] = _random_variant(chance, static)
    if chance.random() < 0.5:
        labels["null"] = {}
    return {
        "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
        "default-priorities": {"namespace": chance.sample(namespaces, len(namespaces))},
        "providers": {
            namespace: {
                "static-properties": values,
                "feature-order": chance.sample(list(values), len(values)),
            }
            for namespace, values in static.items()
        },
        "variants": labels,
    }


def _random_variant(chance: random.Random, static: Mapping[str, Values]) -> dict[str, Values]:
    """Return one or more features, some with a value that is not supported."""
    variant: dict[str, Values] = {}
    for namespace in chance.sample(list(static), chance.randint(1, min(3, len(static)))):
        features = static[namespace]
        for feature in chance.sample(list(features), chance.randint(1, min(2, len(features)))):
            values = chance.sample(features[feature], chance.randint(1, len(features[feature])))
            if chance.random() < 0.3:
                values = ["unsupported"] if chance.random() < 0.5 else [*values, "unsupported"]
            variant.setdefault(namespace, {})[feature] = sorted(values)
    return variant


def ours(document: dict[str, object]) -> list[str]:
    """Return the compatible labels, best first, as the engine ranks them."""
    metadata = read(document)
    wheels = [wheel(f"{v.label}.whl", v.label) for v in metadata.variants]
    results = []
    for namespace in needed_namespaces(wheels, metadata):
        provider = metadata.provider(namespace)
        assert provider is not None
        assert provider.static is not None
        results.append(supported(namespace, "static", provider.static))
    ranked = select(wheels, metadata, by_namespace(*results)).ranked
    return [item.wheel.label for item in ranked if item.wheel.label is not None]


def theirs(document: dict[str, object]) -> list[str]:
    """Return the same as variantlib ranks them, which adds a null variant to every project."""
    ranked = [found.label for found in api.get_variants_by_priority(variants_json=document)]
    variants = document["variants"]
    assert isinstance(variants, dict)
    return [label for label in ranked if label in variants]


@pytest.fixture
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep variantlib from reading a configuration or the distributions of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path))
    # It reads all of them for each project, for a namespace that no project here uses.
    monkeypatch.setattr("importlib.metadata.distributions", lambda: ())


@pytest.mark.usefixtures("isolated")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("seed", SEEDS)
def test_ranking_is_that_of_the_reference_library(seed: int) -> None:
    """Of each random project the best label, and the whole order, is the one variantlib gives."""
    print(f"seed {seed}, {CASES} cases, variantlib {variantlib.__version__}")  # noqa: T201 - shown when it fails
    chance = random.Random(seed)  # noqa: S311 - test data
    decided = 0
    for case in range(CASES):
        document = random_project(chance)
        expected = theirs(document)
        assert ours(document) == expected, f"case {case} of seed {seed}: {document}"
        decided += len(expected) > 1
    assert decided > CASES // 2, "most cases must leave something to decide"
