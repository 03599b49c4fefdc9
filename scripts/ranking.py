"""Time the ranking of many variants, ours and variantlib's, on the same input.

`PYTHON scripts/ranking.py [--most N] [--reference-most N]` with the interpreter of an environment
that the wheel is installed in, so that both libraries are there. The input: 6 features, in each of
which every variant lists 10 of 20 supported values. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

from variantlib import api

from pip_variants.readers import read
from pip_variants.selection import Wheel, select
from pip_variants.supported import Support

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
    """Return the least time of some rounds."""
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
    supports = {
        provider.namespace: Support(provider.namespace, "static", provider.static or ())
        for provider in metadata.providers
    }
    ranking = seconds(lambda: select(wheels, metadata, supports), 3)
    return reading, ranking, select(wheels, metadata, supports).ranked[0].wheel.label


def compare(size: int, *, reference: bool) -> dict[str, float | bool]:
    """Return the seconds of both for so many variants, and whether they find the same best."""
    data = document(size)
    reading, ranking, best = ours(data)
    row: dict[str, float | bool] = {"variants": size, "read": reading, "rank": ranking}
    if reference:
        start = time.perf_counter()
        found = api.get_variants_by_priority(variants_json=data)
        row |= {"variantlib": time.perf_counter() - start, "same best": found[0].label == best}
    return row


def line(row: dict[str, float | bool]) -> str:
    """Return a row of the table in Markdown."""
    cells = [f"{row['variants']:,}", f"{row['read'] * 1000:.1f} ms", f"{row['rank'] * 1000:.1f} ms"]
    if "variantlib" in row:
        times = row["variantlib"] / (row["read"] + row["rank"])
        cells += [f"{row['variantlib'] * 1000:.0f} ms", f"{times:.0f}", str(row["same best"])]
    else:
        cells += ["", "", ""]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a row for each size, variantlib's up to a size that ends in reasonable time."""
    parser = argparse.ArgumentParser(description="Time the ranking of many variants.")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="largest number of variants")
    parser.add_argument("--reference-most", type=int, default=10_000, help="the same of variantlib")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    print("| variants | ours: read | ours: rank | variantlib: both | times | same best |")
    print("|---|---|---|---|---|---|")
    rows = []
    for size in (size for size in SIZES if size <= options.most):
        rows.append(compare(size, reference=size <= options.reference_most))
        print(line(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
