"""`pip variants explain` and `pip install` come to the same choice in random situations.

``EXPLAIN_EXAMPLES`` sets how many; both commands run in one process of the patched pip.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.pips import LEGACY_RESOLVER, Pip
from tests.support.index_server import IndexServer
from tests.support.stand_in import Listed, write_simple_index
from tests.support.stand_in_wheel import Json, dump, write_wheel
from tests.support.venvs import Venv, offline_env

EXAMPLES = int(os.environ.get("EXPLAIN_EXAMPLES", "40"))
DRIVER = Path(__file__).with_name("pip_in_process.py")

METADATA: Json = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["gpu"]},
    "providers": {"gpu": {"requires": ["gpu-provider"], "plugin-api": "gpu_provider:Plugin"}},
    "variants": {
        "v1": {"gpu": {"arch": ["1"]}},
        "v2": {"gpu": {"arch": ["2"]}},
        "v3": {"gpu": {"arch": ["3"]}},
        "null": {},
    },
}
LABELS = (None, "null", "v1", "v2", "v3")
VERSIONS = ("1.0", "2.0", "2.0+v1", "3.0a1")

Run = Callable[..., tuple[int, str]]


@dataclass(frozen=True)
class Situation:
    """What the index has, the machine, what is installed, and the words of the user."""

    files: tuple[tuple[str, str | None], ...]
    described: frozenset[str]
    yanked: bool
    two_indexes: bool
    ranges: bool
    arch: tuple[str, ...] | None
    installed: tuple[str, str | None] | None
    words: tuple[str, ...]


def choices(*items: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Return a strategy of words, mostly none."""
    return st.one_of(st.just(()), st.sampled_from(items))


files = st.tuples(st.sampled_from(VERSIONS), st.sampled_from(LABELS))
words = st.tuples(
    choices(("-U",), ("--force-reinstall",), ("-I",)),
    choices(("--variant", "demo=v2"), ("--no-variants",), ("--pre",)),
    choices((LEGACY_RESOLVER,)),
    st.sampled_from(
        [
            *("demo", "demo", "Demo", "demo==2.0", "demo<2", "demo>1.0", "demo>9"),
            *("demo#v1", "demo#null", "demo==2.0#v3", "demo#v9", "demo==2.0+v1", "demo==1.0+v1"),
        ]
    ).map(lambda word: (word,)),
).map(lambda parts: tuple(word for part in parts for word in part))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw a situation, in which the index often has what is installed."""
    found = draw(st.lists(files, unique=True, min_size=1, max_size=8))
    installed = st.one_of(st.none(), st.sampled_from(found), st.sampled_from(found), files)
    return Situation(
        files=tuple(found),
        described=draw(st.frozensets(st.sampled_from(VERSIONS), min_size=1)),
        yanked=draw(st.integers(0, 3)) == 0,
        two_indexes=draw(st.booleans()),
        ranges=draw(st.booleans()),
        arch=draw(st.sampled_from([None, ("1",), ("2", "1"), ("3", "2", "1"), ("1", "3")])),
        installed=draw(installed),
        words=draw(words),
    )


@pytest.fixture
def run_pip(own_pip: Pip) -> Iterator[Run]:
    """Return a function that runs pip in a child process, which serves all its calls."""
    env = offline_env(NO_PROXY="127.0.0.1")
    del env["PIP_NO_INDEX"]
    with subprocess.Popen(
        [own_pip.python, DRIVER], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        pipes: tuple[IO[str] | None, IO[str] | None] = (child.stdin, child.stdout)
        stdin, stdout = pipes
        assert stdin is not None
        assert stdout is not None

        def run(*args: str | Path) -> tuple[int, str]:
            print(json.dumps(list(map(str, args))), file=stdin, flush=True)
            status, output = json.loads(stdout.readline())
            return status, output

        yield run
        stdin.close()


def write_indexes(root: Path, situation: Situation) -> None:
    """Write the indexes of a situation, a and b, in place of those before."""
    shutil.rmtree(root, ignore_errors=True)
    half = len(situation.files) // 2 if situation.two_indexes else len(situation.files)
    for index, found in (("a", situation.files[:half]), ("b", situation.files[half:])):
        folder = root / index / "files"
        listed: list[Path | Listed] = []
        for version, label in found:
            end = f"-{label}" if label else ""
            name = f"demo-{version}-py3-none-any{end}.whl"
            listed.append(write_wheel(folder, name, variant_json=METADATA))
        for version in situation.described & {version for version, _ in found}:
            path = folder / f"demo-{version}-variants.json"
            path.write_bytes(dump(METADATA))
            listed.append(path)
        write_simple_index(root / index, {"demo": listed})
        page = root / index / "simple/demo/index.html"
        # The legacy resolver takes yanked files where pip's own does not.
        if situation.yanked and LEGACY_RESOLVER not in situation.words:
            page.write_text(page.read_text().replace("<a ", "<a data-yanked='broken' ", 1))


@contextlib.contextmanager
def installed(site: Path, what: tuple[str, str | None] | None) -> Iterator[None]:
    """Have a build of demo installed for a while."""
    if what is None:
        yield
        return
    version, label = what
    info = site / f"demo-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: demo\nVersion: {version}\n")
    (info / "INSTALLER").write_text("pip\n")
    record = [f"{info.name}/METADATA,,", f"{info.name}/INSTALLER,,", f"{info.name}/RECORD,,"]
    if label is not None:
        variants = METADATA["variants"]
        assert isinstance(variants, dict)
        own = {**METADATA, "variants": {label: variants[label]}}
        (info / "variant.json").write_bytes(dump(own))
        record.append(f"{info.name}/variant.json,,")
    (info / "RECORD").write_text("".join(f"{line}\n" for line in record))
    try:
        yield
    finally:
        shutil.rmtree(info)


def test_explain_and_install_come_to_the_same_choice(
    run_pip: Run, own_pip: Pip, tmp_path: Path, server: IndexServer
) -> None:
    """Version, file and exit status are the same, or what is installed is kept (issue 14.4)."""
    root, report, platform = tmp_path / "index", tmp_path / "r.json", tmp_path / "box.toml"
    site = Venv(own_pip.python.parents[1]).site

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize="EXPLAIN_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(situations())
    def compare(situation: Situation) -> None:
        write_indexes(root, situation)
        server.ranges = situation.ranges
        lines = ["version = 1", "complete = true"]
        if situation.arch is not None:
            lines += ["[properties.gpu]", f"arch = {json.dumps(situation.arch)}"]
        platform.write_text("\n".join(lines))
        urls = ("-i", f"{server.url}a/simple/", "--extra-index-url", f"{server.url}b/simple/")
        shared = ("--no-cache-dir", *urls, "--variant-platform", platform)
        report.unlink(missing_ok=True)
        with installed(site, situation.installed):
            install = ("install", "--dry-run", "--no-deps", "--report", report)
            status, output = run_pip(*install, *shared, *situation.words)
            own = run_pip("variants", "explain", "--json", *shared, *situation.words)
        assert own[0] == status, (output, own[1])
        if status:
            return
        found = json.loads(next(line for line in own[1].splitlines() if line.startswith("{")))
        taken = json.loads(report.read_text())["install"]
        if not taken:
            assert "Requirement already " in output
            assert situation.installed is not None
            assert found["version"] == situation.installed[0]
            assert any(text.endswith("and is kept") for text in found["warnings"])
            return
        (item,) = taken
        url = item["download_info"]["url"].replace("%2B", "+")
        assert (found["version"], found["selected"]) == (
            item["metadata"]["version"],
            url.rpartition("/")[2],
        ), (output, own[1])

    compare()
