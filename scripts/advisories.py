"""How each known advisory is answered: `python3 scripts/advisories.py [--upstream VERSION]`.

Lists, for every patched release or one, the advisories of `patches/advisories.toml` about what its
wheel vendors: fixed by a patch, or why nothing is needed. Exit status: 0, or 1 if one has neither.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from build import BuildError, fetch_pip, releases, series_of  # noqa: E402
from pip._vendor import tomli  # noqa: E402 - Python 3.10 has no TOML reader of its own

from patches.bom import Advisory, advisories, components, open_advisories  # noqa: E402


def known_advisories() -> list[Advisory]:
    """Return the advisories that the repository has."""
    text = (ROOT / "patches" / "advisories.toml").read_text(encoding="utf-8")
    return advisories(tomli.loads(text)["advisory"])


def series(upstream: str) -> dict[str, Any]:
    """Return the parsed series.toml of a release; raise BuildError if there is none."""
    return tomli.loads(series_of(upstream).read_text(encoding="utf-8"))


def vendor_list(upstream: str) -> str:
    """Return the list of what a release of pip vendors; raise BuildError."""
    with (
        tempfile.TemporaryDirectory(prefix="pip-advisories-") as work,
        zipfile.ZipFile(fetch_pip(upstream, Path(work))) as wheel,
    ):
        return wheel.read("pip/_vendor/vendor.txt").decode()


def report(upstream: str) -> int:
    """Print how the advisories about one wheel are answered; return how many are not."""
    config = series(upstream)
    found = components(config["vendor"], vendor_list(upstream))
    patches = [Path(name).name for name in config["pip"]["patches"]]
    known = known_advisories()
    unanswered = open_advisories(found, known, patches)
    print(f"pip {upstream}: {len(found)} vendored distributions")
    for component in found:
        for advisory in known:
            if advisory.concerns(component):
                what = f"  {advisory.id}, {component.name} {component.version}"
                if (component, advisory) in unanswered:
                    print(f"{what}: NOT ANSWERED: {advisory.summary}")
                elif advisory.patch in patches:
                    print(f"{what}: fixed by {advisory.patch}")
                else:
                    print(f"{what}: {advisory.explanation}")
    return len(unanswered)


def main() -> int:
    """Print the advisories of one or all releases; return the exit status."""
    parser = argparse.ArgumentParser(description="List how each known advisory is answered.")
    parser.add_argument("--upstream", metavar="VERSION", help="one patched release of pip")
    arguments = parser.parse_args()
    try:
        chosen = (arguments.upstream,) if arguments.upstream else releases()
        return 1 if sum(report(upstream) for upstream in chosen) else 0
    except (BuildError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
