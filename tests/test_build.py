"""The build: the same bytes from everywhere, or one clear sentence and nothing in dist/."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from email.parser import HeaderParser
from pathlib import Path

import build
import pytest
from hatchling.metadata.core import load_toml

import hatch_build
from tests.venvs import Venv, each_python, interpreter, offline_env, online_env, run

ROOT = Path(__file__).parent.parent
SERIES = ROOT / "patches" / "pip-25.1.1"
WHEEL = "pep_xxx_wheel_variants-1.0.0-py3-none-any.whl"
PINS = [hatch_build.Pin(**entry) for entry in load_toml(str(SERIES / "series.toml"))["vendor"]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout that a test may spoil, with waste in it."""
    copy = tmp_path / "a check out"
    for name in ("pip_variants", "patches", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    (copy / "pip_variants" / "__pycache__").mkdir()
    (copy / "pip_variants" / "__pycache__" / "waste.pyc").touch()
    return copy


def replace(path: Path, old: str, new: str) -> None:
    """Replace the one *old* in the file."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@each_python
def test_same_bytes(wheel: Path, checkout: Path, python: str) -> None:
    """Another folder, Python and umask, and waste in the checkout, give the same wheel."""
    base = interpreter(python)
    assert base is not None
    command = f"umask 077; exec '{base}' '{checkout}/scripts/build.py'"
    said = run("sh", "-c", command, env=online_env(), cwd=checkout.parent)
    built = checkout / "dist" / WHEEL
    assert list((checkout / "dist").iterdir()) == [built]
    assert re.fullmatch(
        r"Creating a build environment with Python \S+\nInstalling hatchling==\S+, pip\n"
        r"Fetching and patching what is vendored, packing the wheel\n"
        rf"Built {re.escape(str(built))} \([\d,]+ bytes\) in \d+ s\n",
        said,
    )
    assert contents(built) == contents(wheel)
    if run(base, "-c", "import zlib; print(zlib.ZLIB_RUNTIME_VERSION)").strip() == (
        zlib.ZLIB_RUNTIME_VERSION
    ):
        assert built.read_bytes() == wheel.read_bytes()


def contents(wheel: Path) -> list[tuple[object, ...]]:
    """Return all that an archive says of its members, in their order."""
    with zipfile.ZipFile(wheel) as archive:
        return [(i.filename, i.date_time, i.external_attr, i.CRC) for i in archive.infolist()]


def test_pip_builds_the_same(
    tmp_path: Path, patched: Callable[[str], Venv], wheel: Path, checkout: Path
) -> None:
    """`pip wheel CHECKOUT`, here with the patched pip itself, gives the script's wheel."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pip = patched(python).root / "bin" / "pip"
    out = tmp_path / "out"
    run(pip, "wheel", "--no-deps", "-w", out, checkout, env=online_env(), quiet=False)
    assert (out / WHEEL).read_bytes() == wheel.read_bytes()


def test_editable_is_refused(tmp_path: Path) -> None:
    """An editable install has no place for the patched pip and says so."""
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel:editable", "-d", tmp_path)
    assert run(*command, cwd=ROOT, status=1, quiet=False) == (
        "An editable install of pep_xxx_wheel_variants cannot carry the patched pip;"
        " run `pip install .` instead.\n"
    )
    assert list(tmp_path.iterdir()) == []


FAILURES = {
    "hash": (
        "patches/pip-25.1.1/series.toml",
        PINS[0].sha256,
        "0" * 64,
        (
            f"pip-25.1.1-py3-none-any.whl from the package index has the sha256 {PINS[0].sha256},"
            f" but the series pins {'0' * 64}."
        ),
    ),
    "release": (
        "patches/pip-25.1.1/series.toml",
        'version = "25.1.1"',
        'version = "25.1.1.1"',
        (
            "pip could not fetch pip==25.1.1.1 from the package index:"
            " No matching distribution found for pip==25.1.1.1."
        ),
    ),
    "patch": (
        "patches/pip-25.1.1/cli-alias.patch",
        "@@ -79 ",
        "@@ -78 ",
        (
            "cli-alias.patch does not apply to _internal/cli/main.py:"
            " line 78 is '', not '    return command.main(cmd_args)'."
        ),
    ),
    "file": (
        "patches/pip-25.1.1/series.toml",
        '"version.patch"',
        '"vision.patch"',
        "The series names vision.patch, and there is no such file.",
    ),
    "requirements": (
        "pyproject.toml",
        "[build-system]\n",
        "[build-system]\n# first a comment\n",
        "pyproject.toml does not open its [build-system] with an array `requires`.",
    ),
}


def failing_build(checkout: Path, env: dict[str, str]) -> str:
    """Run the script, which must fail and leave nothing behind, and return its stderr."""
    temp = checkout.parent / "temp"
    temp.mkdir()
    dist = checkout / "dist"
    dist.mkdir()
    (dist / WHEEL).write_text("an earlier build")
    done = subprocess.run(
        [sys.executable, checkout / "scripts" / "build.py"],
        env={**env, "TMPDIR": str(temp)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    assert [path.name for path in dist.iterdir()] == [WHEEL]
    assert (dist / WHEEL).read_text() == "an earlier build"
    assert list(temp.iterdir()) == []
    assert not [path for path in checkout.iterdir() if path.name.startswith(".")]
    return done.stderr


@pytest.mark.parametrize(("file", "old", "new", "error"), FAILURES.values(), ids=FAILURES)
def test_failure_is_one_sentence(checkout: Path, file: str, old: str, new: str, error: str) -> None:
    """What is wrong is said in one sentence, and an earlier wheel in dist/ stays."""
    replace(checkout / file, old, new)
    assert failing_build(checkout, online_env()) == f"ERROR: {error}\n"


def test_unreachable_index(checkout: Path) -> None:
    """Without an index the script says what it could not get."""
    env = offline_env(PIP_RETRIES="0", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    del env["PIP_NO_INDEX"]
    (first, _) = build.build_requirements((ROOT / "pyproject.toml").read_text())
    assert failing_build(checkout, env) == (
        f"ERROR: Cannot install {first}, pip: No matching distribution found for {first}.\n"
    )


def test_build_requirements() -> None:
    """The script reads the same requirements as a TOML reader."""
    path = ROOT / "pyproject.toml"
    assert (
        build.build_requirements(path.read_text())
        == load_toml(str(path))["build-system"]["requires"]
    )


def test_unreachable_index_for_a_vendored_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an index the hook says what it could not get."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.fetch(PINS[0], tmp_path)
    assert str(caught.value) == (
        "pip could not fetch pip==25.1.1 from the package index:"
        " No matching distribution found for pip==25.1.1."
    )


def test_only_the_patched_files_differ(tmp_path: Path, wheel: Path) -> None:
    """The vendored pip is upstream's, byte for byte, save what patches and additions name."""
    upstream = hatch_build.fetch(PINS[0], tmp_path)
    ours, theirs = (
        {
            name.removeprefix(prefix): archive.read(name)
            for archive in (zipfile.ZipFile(path),)
            for name in archive.namelist()
            if name.startswith(prefix)
        }
        for path, prefix in ((wheel, "pip_variants/_vendor/pip/"), (upstream, "pip/"))
    )
    config = load_toml(str(SERIES / "series.toml"))["pip"]
    touched = {
        line.removeprefix("+++ b/")
        for name in config["patches"]
        for line in (SERIES / name).read_text().splitlines()
        if line.startswith("+++ b/")
    }
    assert {name for name in ours if ours[name] != theirs.get(name)} == touched | set(config["add"])
    assert set(theirs) <= set(ours)


def test_contents(wheel: Path) -> None:
    """At its root the wheel has our package, the hook and its `.pth`, and nothing that is pip's."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = "pep_xxx_wheel_variants-1.0.0.dist-info"
        metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
        pth = archive.read("pep_xxx_wheel_variants.pth")
    assert {name.split("/")[0] for name in names} == {
        "pip_variants",
        "_pip_variants_override.py",
        "pep_xxx_wheel_variants.pth",
        info,
    }
    assert {name for name in names if name.startswith(info)} == {
        f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")
    }
    assert not [name for name in names if "__pycache__" in name or "variants/_override" in name]
    assert metadata.get_all("Requires-Dist") == ["variantlib[cli]>=0.2.2"]
    assert pth == b"import _pip_variants_override\n"


def test_licenses(wheel: Path) -> None:
    """The licence of everything vendored is in the wheel, under the name of the library."""
    with zipfile.ZipFile(wheel) as archive:
        vendor = zipfile.Path(archive, "pip_variants/_vendor/")
        libraries = {
            path.name.removesuffix(".py")
            for path in (vendor / "pip" / "_vendor").iterdir()
            if path.name not in {"__init__.py", "vendor.txt"}
        }
        licensed = {path.name for path in (vendor / "licenses").iterdir()}
        nvidia = (vendor / "licenses" / "nvidia-ml-py" / "LICENSE").read_text(encoding="utf-8")
        pip = (vendor / "licenses" / "pip" / "LICENSE.txt").read_text(encoding="utf-8")
    assert licensed == libraries | {"pip", "nvidia-ml-py"}
    assert nvidia.startswith("Copyright (c) 2011-2025, NVIDIA Corporation.  All rights reserved.\n")
    assert nvidia.endswith("\nTHE POSSIBILITY OF SUCH DAMAGE.\n")
    assert pip.startswith("Copyright (c) 2008-present The pip developers")


def test_patches_give_their_reasons() -> None:
    """Each patch of each series says why, since when, until when, and has its row in the README."""
    readme = (ROOT / "patches" / "README.md").read_text()
    for series in ROOT.glob("patches/*/series.toml"):
        named = load_toml(str(series))["pip"]["patches"]
        assert {path.name for path in series.parent.glob("*.patch")} == set(named)
        for name in named:
            text = (series.parent / name).read_text()
            assert re.match(r"Why: (?s:.*)\nSince: .*\n(?s:.*)Drop when: .*\n", text), name
            assert f"| `{name}` |" in readme


REASON = "Why: a test.\n\n--- a/file.py\n+++ b/file.py\n"
DAMAGE = "x.patch does not apply to file.py: "

PATCHES = {
    "replace": ("a\nb\nc\n", f"{REASON}@@ -2 +2 @@\n-b\n+B\n", "a\nB\nc\n"),
    "two hunks": ("a\nb\nc\n", f"{REASON}@@ -1 +1,2 @@\n a\n+x\n@@ -3 +4 @@\n-c\n", "a\nx\nb\n"),
    "to the end": ("a\n", f"{REASON}@@ -1 +1,2 @@\n a\n+b\n", "a\nb\n"),
    "no final newline": ("a\nb", f"{REASON}@@ -1 +1 @@\n-a\n+A\n", "A\nb"),
    "carriage returns": ("a\r\nb\r\n", f"{REASON}@@ -2 +2 @@\n-b\n+B\n", "a\r\nB\r\n"),
    "form feed": ("a\x0cb\nc\n", f"{REASON}@@ -2 +2 @@\n-c\n+C\n", "a\x0cb\nC\n"),
}


@pytest.mark.parametrize(("source", "patch", "expected"), PATCHES.values(), ids=PATCHES)
def test_apply_patch(tmp_path: Path, source: str, patch: str, expected: str) -> None:
    """A patch changes its lines and nothing else, line endings included."""
    file = tmp_path / "file.py"
    file.write_bytes(source.encode())
    patch = patch.replace("@@ -3 +4 @@\n-c\n", "@@ -3 +4,0 @@\n-c\n")
    hatch_build.apply_patch("x.patch", patch, tmp_path)
    assert file.read_bytes().decode() == expected


BAD_PATCHES = {
    "no reason": (
        REASON.partition("\n\n")[2] + "@@ -1 +1 @@\n-a\n+A\n",
        "x.patch must open with its reasons and then change at least one file.",
    ),
    "no file": (
        "Why: a test.\n",
        "x.patch must open with its reasons and then change at least one file.",
    ),
    "unknown file": (
        REASON.replace("file.py", "gone.py") + "@@ -1 +1 @@\n-a\n+A\n",
        "x.patch names gone.py, which is not a file of the unpacked pip.",
    ),
    "two names": (
        REASON.replace("b/file.py", "b/other.py") + "@@ -1 +1 @@\n-a\n+A\n",
        "x.patch names file.py, which is not a file of the unpacked pip.",
    ),
    "no hunk": (REASON, "x.patch changes nothing in file.py."),
    "no change": (f"{REASON}@@ -1 +1 @@\n a\n", "x.patch changes nothing in file.py."),
    "wrong context": (f"{REASON}@@ -1 +1,2 @@\n b\n+x\n", f"{DAMAGE}line 1 is 'a', not 'b'."),
    "one line off": (f"{REASON}@@ -2 +2 @@\n-a\n+A\n", f"{DAMAGE}line 2 is 'b', not 'a'."),
    "trailing space": (f"{REASON}@@ -1 +1 @@\n-a \n+A\n", f"{DAMAGE}line 1 is 'a', not 'a '."),
    "past the end": (
        f"{REASON}@@ -3,2 +3,2 @@\n c\n-d\n+D\n",
        f"{DAMAGE}line 4 is '', not 'd'.",
    ),
    "beyond the end": (
        f"{REASON}@@ -9 +9 @@\n-c\n+C\n",
        f"{DAMAGE}line 9 is missing, not 'c'.",
    ),
    "without context": (
        f"{REASON}@@ -1,0 +2 @@\n+x\n",
        f"{DAMAGE}the hunk @@ -1,0 +2 @@ has no context or is out of order.",
    ),
    "out of order": (
        f"{REASON}@@ -2 +2 @@\n-b\n+B\n@@ -1 +1 @@\n-a\n+A\n",
        f"{DAMAGE}the hunk @@ -1 +1 @@ has no context or is out of order.",
    ),
    "cut short": (
        f"{REASON}@@ -1 +1,2 @@\n a\n",
        f"{DAMAGE}the hunk @@ -1 +1,2 @@ breaks off at ''.",
    ),
    "too long": (f"{REASON}@@ -1 +1 @@\n-a\n+A\n+x\n", f"{DAMAGE}'+x' is no part of a hunk."),
    "garbage": (f"{REASON}@@ -1 +1 @@\n-a\n+A\n\n", f"{DAMAGE}'' is no part of a hunk."),
}


@pytest.mark.parametrize(("patch", "error"), BAD_PATCHES.values(), ids=BAD_PATCHES)
def test_patch_that_does_not_apply(tmp_path: Path, patch: str, error: str) -> None:
    """A patch that is not exact is refused by name, file and line, and changes nothing."""
    file = tmp_path / "file.py"
    file.write_text("a\nb\nc\n")
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.apply_patch("x.patch", patch, tmp_path)
    assert str(caught.value) == error
    assert file.read_text() == "a\nb\nc\n"


BAD_WHEELS = {
    "nothing to unpack": ({"other.py": "# Copyright\n"}, "x.whl has no x.py."),
    "no licence": (
        {"x.py": "# A comment.\n"},
        "x.whl has no licence that could go into the wheel.",
    ),
}


@pytest.mark.parametrize(("files", "error"), BAD_WHEELS.values(), ids=BAD_WHEELS)
def test_wheel_that_cannot_be_vendored(tmp_path: Path, files: dict[str, str], error: str) -> None:
    """A wheel without the wanted files, or without any licence, is refused."""
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    pin = hatch_build.Pin(name="x", version="1", sha256="", unpack="x.py")
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.unpack(path, pin, tmp_path / "vendor")
    assert str(caught.value) == error
