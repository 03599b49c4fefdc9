"""Time the ranking of many variants, ours and variantlib's, on the same input; print JSON.

`PYTHON -I ranking_probe.py MOST REFERENCE_MOST` runs with the interpreter of an environment that
has both libraries; the arguments are the largest numbers of variants, of ours and of variantlib.
The input has 6 features, and every variant lists 10 of the 20 supported values of each.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable

from variantlib import api

from pip_variants.core.selection import Wheel, select
from pip_variants.core.supported import SupportedProperties
from pip_variants.formats.reader import read

SEED = 20261122
SIZES = (10, 100, 1_000, 10_000, 100_000)


def document(size: int) -> dict[str, object]:
    """Return a 0.2.0 document of `size` variants with 6 features of 10 values each."""
    chance = random.Random(SEED)  # noqa: S311 - test data
    static = {
        f"namespace{i}": {f"feature{j}": [f"value{k}" for k in range(20)] for j in range(2)}
        for i in range(3)
    }
    return {
        "default-priorities": {"namespace": list(static)},
        "providers": {
            namespace: {"static-properties": features, "feature-order": list(features)}
            for namespace, features in static.items()
        },
        "variants": {
            f"label{number:06}": {
                namespace: {
                    name: sorted(chance.sample(values, 10)) for name, values in item.items()
                }
                for namespace, item in static.items()
            }
            for number in range(size)
        },
    }


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the shortest time of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def ours(data: dict[str, object]) -> tuple[float, float, str | None]:
    """Return the seconds to read a document and to rank its variants, and the best label."""
    start = time.perf_counter()
    metadata = read(data)
    reading = time.perf_counter() - start
    wheels = [Wheel(f"{v.label}.whl", v.label, i) for i, v in enumerate(metadata.variants)]
    supported = {
        provider.namespace: SupportedProperties(provider.namespace, "static", provider.static or ())
        for provider in metadata.providers
    }
    ranking = seconds(lambda: select(wheels, metadata, supported), 3)
    return reading, ranking, select(wheels, metadata, supported).ranked[0].wheel.label


def compare(size: int, *, reference: bool) -> dict[str, float | bool]:
    """Return the seconds of both for so many variants, and whether their best label is the same."""
    data = document(size)
    reading, ranking, best = ours(data)
    row: dict[str, float | bool] = {"variants": size, "read": reading, "rank": ranking}
    if reference:
        start = time.perf_counter()
        found = api.get_variants_by_priority(variants_json=data)
        row |= {"variantlib": time.perf_counter() - start, "same best": found[0].label == best}
    return row


def main() -> None:
    """Print the figures of each size as JSON."""
    most, reference_most = map(int, sys.argv[1:])
    sizes = [size for size in SIZES if size <= most]
    print(json.dumps([compare(size, reference=size <= reference_most) for size in sizes]))


if __name__ == "__main__":
    main()
