"""Run upstream pip's own tests on stock pip and on ours: `python3 scripts/pip_suite.py CHECKOUT`.

CHECKOUT is upstream's repository at the tag that the series.toml of the release names; it is only
read. The unit and the
functional tests, except those that need the network, run in two copies of it, one of which has the
patched pip, each in an environment of its own. Prints the counts of both, and every test whose
outcome differs: these are run again, one by one, since some of upstream's tests are flaky. The raw
results go to the folder of `--out`. Exit status: 0 if all outcomes are the same in the end, or 1.

The patched pip has upstream's version string here, because tests compare it with the normalised
version in the metadata of an installed pip.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from build import (
    BuildError,
    build_wheel,
    fetch_pip,
    install,
    make_environment,
    releases,
    run,
    series_of,
    toml_array,
    toml_string,
)
from outcomes import Difference, Outcomes, added, differences, read_junit, table

SIDES = ("stock", "ours")
KINDS = ("unit", "functional")
SHOWN = 40
"""How many differing tests are printed at most; the results list all of them."""
# Functional tests that run most of our patches, in well under a minute.
QUICK = tuple(
    f"tests/functional/test_{name}.py"
    for name in ("cli", "help", "new_resolver_hashes", "pip_runner_script", "show")
)
# Variables that the tests expect to be unset.
_DROPPED_VARIABLES = re.compile(
    r"(PIP|PYTHON|VIRTUAL_ENV|COV|GIT|UV|XDG)_?.*|.*_CA_.*|SSL_.*|CI|(ALL|HTTPS?|NO)_PROXY",
    re.IGNORECASE,
)
# pip's global configuration files, which no variable disables for these tests.
_GLOBAL_CONFIGURATION = (Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"))
_SHIM = '''\
"""Where `pip._variants.engine` finds the engine; upstream's tests copy no folder but `src`."""

from pathlib import Path

__path__ = [str(Path(__file__).with_name("src") / "pip_variants")]
'''


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests for one release: upstream's tag that has them, and what they are run with."""

    upstream: str
    tag: str
    requirements: tuple[str, ...]
    common_wheels: tuple[str, ...]

    @classmethod
    def of(cls, upstream: str) -> Suite:
        """Return the suite of a release, by its series.toml; raise BuildError."""
        text = series_of(upstream).read_text(encoding="utf-8").partition("[suite]\n")[2]
        return cls(
            upstream,
            toml_string(text, "tag"),
            tuple(toml_array(text, "requirements")),
            tuple(toml_array(text, "common_wheels")),
        )


@dataclass(frozen=True, slots=True)
class Side:
    """One pip to test: its copy of the repository, its interpreter, the folder of its results."""

    name: str
    tree: Path
    python: Path
    results: Path

    def pytest(self, log: str, *arguments: str) -> Outcomes:
        """Run pytest in the copy, log to a file of that name, and return the outcomes.

        Raise BuildError if pytest could not even collect.
        """
        junit = self.results / f"{log}.xml"
        command = [str(self.python), "-m", "pytest", "-p", "no:cacheprovider", "-m", "not network"]
        command += ["--continue-on-collection-errors", "-o", "junit_family=xunit1"]
        command += [f"--junitxml={junit}", "-q", *arguments]
        with (self.results / f"{log}.txt").open("w") as output:
            status = subprocess.run(
                command,
                cwd=self.tree,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if status not in {0, 1}:
            raise BuildError(f"pytest ended with status {status}: see {output.name}.")
        return read_junit(junit.read_text(encoding="utf-8"), str(self.tree.parent))

    def environment(self) -> dict[str, str]:
        """Return the environment that the tests expect: nothing in it configures pip or Git."""
        variables = {
            name: value
            for name, value in os.environ.items()
            if not _DROPPED_VARIABLES.fullmatch(name)
        }
        home, temporary = self.tree.with_name("home"), self.tree.with_name("temporary")
        for folder in (home, temporary):
            folder.mkdir(exist_ok=True)
        return variables | {
            "PATH": os.pathsep.join((str(self.python.parent), variables.get("PATH", os.defpath))),
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "LC_CTYPE": "C.UTF-8",
            # Upstream's tests set it too, but not for their shared fixtures.
            "PIP_DISABLE_PIP_VERSION_CHECK": "true",
        }


def check(checkout: Path, tag: str) -> None:
    """Raise BuildError unless this is upstream's repository at this tag."""
    package = checkout / "src" / "pip" / "__init__.py"
    if not package.is_file() or not (checkout / "tests" / "functional").is_dir():
        raise BuildError(f"{checkout} is no checkout of pip's repository.")
    if f'__version__ = "{tag}"' not in package.read_text(encoding="utf-8"):
        raise BuildError(f"{checkout} is another version: run `git checkout {tag}` there.")


def copy_tree(checkout: Path, tree: Path, upstream: str, wheel: Path) -> None:
    """Copy the repository to *tree* and replace its pip by that of a wheel.

    The wheel is upstream's, or ours: then the engine comes with it.
    """
    ignored = shutil.ignore_patterns(".git", "__pycache__", "*.egg-info", "common_wheels")
    shutil.copytree(checkout, tree, symlinks=True, ignore=ignored)
    pip = tree / "src" / "pip"
    shutil.rmtree(pip)
    is_ours = not wheel.name.startswith("pip-")
    with zipfile.ZipFile(wheel) as archive:
        prefix = "pip_variants/" if is_ours else "pip/"
        archive.extractall(
            tree / "src", [name for name in archive.namelist() if name.startswith(prefix)]
        )
    if is_ours:
        (tree / "src" / "pip_variants" / "_vendor" / "pip").rename(pip)
        (tree / "__init__.py").write_text(_SHIM, encoding="utf-8")
    module = pip / "__init__.py"
    text = re.sub(r'__version__ = ".*"', f'__version__ = "{upstream}"', module.read_text("utf-8"))
    module.write_text(text, encoding="utf-8")


def prepare(suite: Suite, checkout: Path, folder: Path, results: Path) -> list[Side]:
    """Make both sides below *folder*; raise BuildError if a step fails."""
    report("building the wheel, fetching upstream's")
    archives = {
        "stock": fetch_pip(suite.upstream, folder / "upstream"),
        "ours": build_wheel(folder / "dist", upstream=suite.upstream, report=lambda _: None),
    }
    sides: list[Side] = []
    for name in SIDES:
        report(f"making the environment of {name}")
        (results / name).mkdir(parents=True, exist_ok=True)
        # A dash in the name: with an `__init__.py` in it, pytest would take it for a package.
        tree = folder / name / f"pip-{suite.upstream}"
        copy_tree(checkout, tree, suite.upstream, archives[name])
        python = make_environment(folder / name / "venv")
        install(python, *suite.requirements)
        install(python, "--no-deps", "--no-build-isolation", "--editable", str(tree))
        wheels = tree / "tests" / "data" / "common_wheels"
        if sides:
            shutil.copytree(sides[0].tree / "tests" / "data" / "common_wheels", wheels)
        else:
            pip = (str(python), "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(wheels))
            command = (*pip, *suite.common_wheels)
            run("Cannot fetch the wheels that the tests use", command, tree)
        sides.append(Side(name, tree, python, results / name))
    return sides


def networked(side: Side) -> list[str]:
    """Return the tests that need the network, and write their names to `network.txt`.

    Raise BuildError if pytest can collect none.
    """
    command = [str(side.python), "-m", "pytest", "-q", "--collect-only", "-m", "network", "tests"]
    done = subprocess.run(
        command,
        cwd=side.tree,
        env=side.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    # The suite may be of an earlier release, of which some tests cannot be imported.
    if done.returncode and not found:
        raise BuildError(f"pytest cannot collect the tests:\n{done.stdout}{done.stderr}")
    text = "".join(f"{test}\n" for test in found)
    (side.results.parent / "network.txt").write_text(text, encoding="utf-8")
    return found


def run_both(sides: Sequence[Side], kind: str, tests: Sequence[str]) -> list[Outcomes]:
    """Run these tests on each side in turn and return their outcomes."""
    found = []
    for side in sides:
        start = time.monotonic()
        report(f"running the {kind} tests of {side.name}")
        workers = str(os.cpu_count() or 1)
        found.append(side.pytest(kind, "-n", workers, *tests))
        report(f"{side.name}: {len(found[-1])} tests in {time.monotonic() - start:.0f} s")
    return found


def rerun(sides: Sequence[Side], kind: str, found: Sequence[Difference]) -> list[Difference]:
    """Return what still differs when the tests concerned run one by one."""
    functions = sorted({item.test.partition("[")[0] for item in found})
    if not functions:
        return []
    report(f"running {len(functions)} of them again, one by one")
    stock, ours = (side.pytest(f"{kind}-again", *functions) for side in sides)
    return differences(stock, ours)


def compare(sides: Sequence[Side], *, quick: bool) -> bool:
    """Run everything, print the table and the differences; return whether there are none."""
    print(f"{len(networked(sides[0]))} tests need the network and are not run (network.txt)")
    results: dict[str, Sequence[Outcomes]] = {}
    lasting: list[Difference] = []
    lines: list[str] = []
    for kind in KINDS:
        tests = QUICK if quick and kind == "functional" else (f"tests/{kind}",)
        stock, ours = run_both(sides, kind, tests)
        results[kind] = (stock, ours)
        found = differences(stock, ours)
        again = rerun(sides, kind, found)
        lines += [f"{item}{'' if item in again else ', but not when run alone'}" for item in found]
        lines += [f"{test}: only in ours, passed" for test in added(stock, ours)]
        lasting += again
    text = f"{table(results)}\ntests whose outcome differs: {len(lasting)}\n"
    folder = sides[0].results.parent
    (folder / "table.md").write_text(text, encoding="utf-8")
    (folder / "differences.txt").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    print("", *lines[:SHOWN], sep="\n")
    if len(lines) > SHOWN:
        print(f"and {len(lines) - SHOWN} more, in differences.txt")
    print(f"\n{text}")
    return not lasting


def report(step: str) -> None:
    """Print a step without buffering."""
    print(f"pip_suite: {step}", flush=True)


def warn() -> None:
    """Report what makes some of upstream's tests fail on this machine, for both pips."""
    if sys.platform != "win32" and os.geteuid() == 0:
        report("you are root: tests about missing permissions fail for both")
    for file in _GLOBAL_CONFIGURATION:
        if file.is_file():
            report(f"{file} is in force: tests may fail for both")


def main() -> int:
    """Run the suites in a temporary folder; return the exit status."""
    parser = argparse.ArgumentParser(description="Run upstream pip's tests on stock pip and ours.")
    parser.add_argument("checkout", type=Path, help="pip's repository at the tag of the suite")
    parser.add_argument("--upstream", default=releases()[0], help="the release of pip to test")
    parser.add_argument("--quick", action="store_true", help="unit tests and a few functional ones")
    parser.add_argument(
        "--out", type=Path, default=Path("pip-suite"), help="folder for the results (pip-suite)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pip-suite-", ignore_cleanup_errors=True) as temp:
        try:
            suite = Suite.of(options.upstream)
            check(options.checkout, suite.tag)
            warn()
            folders = (options.checkout.resolve(), Path(temp).resolve(), options.out.resolve())
            sides = prepare(suite, *folders)
            return 0 if compare(sides, quick=options.quick) else 1
        except (BuildError, OSError) as error:
            print(f"ERROR: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
