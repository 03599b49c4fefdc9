"""What a release of pip would need: `python3 scripts/upstream.py VERSION [--base UPSTREAM]`.

Fetches pip VERSION from the package index and compares it with the patches for UPSTREAM, by default
the newest release that is patched. Per patch: applies, moved (its context is in another file now),
ambiguous, or gone, with the line of the patch; and the names of pip that the engine and its facade
import and that VERSION does not have. Exit status: 0 if nothing is needed, else 1.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from build import (  # noqa: E402
    BuildError,
    fetch_pip,
    releases,
    series_of,
    toml_array,
    version_key,
)

from patches.apply import Hunk, occurrences, parse_patch  # noqa: E402

OURS = ("pip._safety", "pip._variants")
IMPORTERS = (
    *sorted((ROOT / "pip_variants" / "pip_adapter" / "compat").glob("*.py")),
    *sorted((ROOT / "patches" / "common" / "_variants").glob("*.py")),
)


def fetch(version: str, work: Path) -> Path:
    """Return a folder with the unpacked `pip` of a version; raise BuildError."""
    with zipfile.ZipFile(fetch_pip(version, work)) as archive:
        archive.extractall(work / "unpacked")
    return work / "unpacked"


def patches_of(upstream: str) -> list[Path]:
    """Return the patches for a release in order; raise BuildError if there are none."""
    series = series_of(upstream)
    names = toml_array(series.read_text(encoding="utf-8"), "patches")
    return [(series.parent / name).resolve() for name in names]


def judge(hunk: Hunk, pip: Path) -> str:
    """Return whether and where a hunk applies to an unpacked pip."""
    file = pip / hunk.file
    if file.is_file():
        number = len(occurrences(hunk.old, _lines(file)))
        if number == 1:
            return "applies"
        if number:
            return f"line {hunk.number}: ambiguous, {number} times in {hunk.file}"
    for other in sorted(pip.rglob("*.py")):
        if len(hunk.old) > 1 and occurrences(hunk.old, _lines(other)):
            return f"line {hunk.number}: moved to {other.relative_to(pip).as_posix()}"
    gone = "its context" if file.is_file() else "the file"
    return f"line {hunk.number}: {gone} is gone from {hunk.file}"


def _lines(file: Path) -> list[str]:
    return file.read_bytes().decode(errors="replace").replace("\r\n", "\n").split("\n")


def imported_names() -> Iterator[tuple[str, str]]:
    """Yield each module of pip and each name in it that the engine or the facade imports."""
    found = {
        (node.module, alias.name)
        for path in IMPORTERS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("pip._")
        and not (node.module or "").startswith(OURS)
        for alias in node.names
    }
    yield from sorted((str(module), name) for module, name in found)


def defines(unpacked: Path, module: str, name: str) -> bool:
    """Return whether a module of an unpacked pip binds a name, or has a submodule of that name."""
    path = unpacked.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if (path / name).is_dir() or (path / f"{name}.py").is_file():
        return True
    if not file.is_file():
        return False
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and name in {
            alias.asname or alias.name for alias in node.names
        }:
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name:
            return True
    return False


def report(version: str, base: str, work: Path) -> int:
    """Print what the release needs; return the number of patches and names with a problem."""
    patches = patches_of(base)
    unpacked = fetch(version, work)
    needed = 0
    print(f"pip {version}, with the patches for pip {base}:")
    for path in patches:
        results = [
            judge(hunk, unpacked / "pip")
            for hunk in parse_patch(path.name, path.read_text(encoding="utf-8"))
        ]
        problems = [result for result in results if result != "applies"]
        print(f"  {path.parent.name}/{path.name}: {'; '.join(problems) or 'applies'}")
        needed += bool(problems)
    names = list(imported_names())
    # A name that has moved between releases is imported from both modules, in `try`.
    known = {name for module, name in names if defines(unpacked, module, name)}
    missing = [f"{module}.{name}" for module, name in names if name not in known]
    print(f"Names of pip that are missing: {', '.join(missing) or 'none'}")
    return needed + len(missing)


def main() -> int:
    """Print what a release of pip would need; return the exit status."""
    parser = argparse.ArgumentParser(description="Compare a release of pip with the patches.")
    parser.add_argument("version", help="the release of pip to look at")
    parser.add_argument("--base", metavar="UPSTREAM", help="the patched release to start from")
    arguments = parser.parse_args()
    try:
        base = arguments.base or max(releases(), key=version_key)
        with tempfile.TemporaryDirectory(prefix="pip-upstream-") as work:
            return 1 if report(arguments.version, base, Path(work)) else 0
    except (BuildError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
