"""The build: reproducible wheels, or one sentence about the failure and an unchanged dist/."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from email.parser import HeaderParser
from pathlib import Path

import build
import pytest
from hatchling.metadata.core import load_toml

import hatch_build
from tests.support.venvs import Venv, each_python, interpreter, offline_env, online_env, run

ROOT = Path(__file__).parent.parent
SERIES = ROOT / "patches" / "pip-25.1.1"
WHEEL = "pep_xxx_wheel_variants-1.0.0-py3-none-any.whl"
PINS = [hatch_build.Pin(**entry) for entry in load_toml(str(SERIES / "series.toml"))["vendor"]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout that a test may change, with files of no use in it."""
    copy = tmp_path / "a check out"
    for name in ("pip_variants", "patches", "scripts"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    (copy / "pip_variants" / "__pycache__").mkdir()
    (copy / "pip_variants" / "__pycache__" / "waste.pyc").touch()
    return copy


def replace(path: Path, old: str, new: str) -> None:
    """Replace *old*, which must occur once in the file."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@each_python
def test_same_bytes_from_another_checkout_and_python(
    wheel: Path, checkout: Path, python: str, upstream: str
) -> None:
    """Another folder, Python and umask, and other files in the checkout, give the same wheel."""
    base = interpreter(python)
    assert base is not None
    command = f"umask 077; exec '{base}' '{checkout}/scripts/build.py' --upstream {upstream}"
    output = run("sh", "-c", command, env=online_env(), cwd=checkout.parent)
    built = checkout / "dist" / wheel.name
    assert list((checkout / "dist").iterdir()) == [built]
    assert re.fullmatch(
        r"Creating a build environment with Python \S+\nInstalling hatchling==\S+, pip\n"
        rf"Fetching and patching pip {re.escape(upstream)}, packing the wheel\n"
        rf"Built {re.escape(str(built))} \([\d,]+ bytes\) in \d+ s\n",
        output,
    )
    assert contents(built) == contents(wheel)
    if run(base, "-c", "import zlib; print(zlib.ZLIB_RUNTIME_VERSION)").strip() == (
        zlib.ZLIB_RUNTIME_VERSION
    ):
        assert built.read_bytes() == wheel.read_bytes()


def contents(wheel: Path) -> list[tuple[object, ...]]:
    """Return name, time, attributes and checksum of each member of an archive, in order."""
    with zipfile.ZipFile(wheel) as archive:
        return [(i.filename, i.date_time, i.external_attr, i.CRC) for i in archive.infolist()]


def test_pip_wheel_builds_the_same_wheel_as_the_script(
    tmp_path: Path, patched: Callable[[str], Venv], wheel: Path, checkout: Path, upstream: str
) -> None:
    """`pip wheel CHECKOUT`, here of the patched pip, builds the same bytes."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    pip = patched(python).root / "bin" / "pip"
    out = tmp_path / "out"
    env = {**online_env(), "PIP_VARIANTS_UPSTREAM": upstream}
    run(pip, "wheel", "--no-deps", "-w", out, checkout, env=env, quiet=False)
    assert (out / wheel.name).read_bytes() == wheel.read_bytes()


def test_editable_install_is_refused_with_a_reason(tmp_path: Path) -> None:
    """An editable install cannot contain the patched pip: the error suggests another command."""
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
        "     return command.main(cmd_args)",
        "     return command.main(args)",
        "cli-alias.patch, line 9: the context is gone from _internal/cli/main.py.",
    ),
    "file": (
        "patches/pip-25.1.1/series.toml",
        '"python-requires.patch"',
        '"python-retires.patch"',
        "The series names python-retires.patch, and there is no such file.",
    ),
    "requirements": (
        "pyproject.toml",
        "[build-system]\n",
        "[build-systems]\n",
        "There is no array `requires` where one is expected.",
    ),
}


def failing_build(checkout: Path, env: dict[str, str]) -> str:
    """Run the script, which must fail and leave no files; return its stderr."""
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
def test_failing_build_prints_one_sentence_and_keeps_dist(
    checkout: Path, file: str, old: str, new: str, error: str
) -> None:
    """The error is one sentence, and an earlier wheel in dist/ stays."""
    replace(checkout / file, old, new)
    assert failing_build(checkout, online_env()) == f"ERROR: {error}\n"


def test_script_without_index_names_the_missing_requirement(checkout: Path) -> None:
    """Without an index the error names the requirement that could not be installed."""
    env = offline_env(PIP_RETRIES="0", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    del env["PIP_NO_INDEX"]
    (first, _) = build.build_requirements((ROOT / "pyproject.toml").read_text())
    assert failing_build(checkout, env) == (
        f"ERROR: Cannot install {first}, pip: No matching distribution found for {first}.\n"
    )


def test_unknown_release_is_one_error_before_any_step() -> None:
    """`--upstream` with a release without patches names those that there are."""
    script = (sys.executable, ROOT / "scripts" / "build.py", "--upstream", "1.2")
    known = ", ".join(build.releases())
    assert run(*script, status=1, quiet=False) == (
        f"ERROR: There are no patches for pip 1.2, only for {known}.\n"
    )


def test_releases_are_sorted_by_version_behind_the_default_one(tmp_path: Path) -> None:
    """A number of two digits follows one of one digit."""
    for release in ("9.10", "9.3", "8.1", "9.3.1"):
        folder = tmp_path / "patches" / f"pip-{release}"
        folder.mkdir(parents=True)
        default = "default = true\n" if release == "8.1" else ""
        (folder / "series.toml").write_text(f'[release]\nupstream = "{release}"\n{default}')
    assert build.releases(tmp_path) == ("8.1", "9.3", "9.3.1", "9.10")
    oldest_first = [release.upstream for release in hatch_build.releases(tmp_path)]
    assert oldest_first == ["8.1", "9.3", "9.3.1", "9.10"]


def test_several_wheels_are_built_in_one_environment(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment is made once, and each step names its release."""
    upstreams = build.releases(checkout)
    steps: list[str] = []

    def run_hatchling(
        failure: str, command: Sequence[str], cwd: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        """Write an empty wheel in place of building one; make no environment."""
        assert cwd
        if not failure:
            folder = Path(command[-1])
            folder.mkdir()
            (folder / f"{(variables or {})['PIP_VARIANTS_UPSTREAM']}.whl").touch()

    monkeypatch.setattr(build, "run", run_hatchling)
    found = list(
        build.build_wheels(tmp_path / "dist", upstreams, checkout=checkout, report=steps.append)
    )
    assert [path.name for path in found] == [f"{upstream}.whl" for upstream in upstreams]
    assert [step.partition(" ")[0] for step in steps] == [
        *("Creating", "Installing"),
        *["Fetching"] * len(upstreams),
    ]
    assert all(f"pip {name}," in step for name, step in zip(upstreams, steps[2:], strict=True))


def test_script_reads_the_requirements_like_a_toml_parser() -> None:
    """The script has no TOML parser on Python 3.10 and reads the same requirements."""
    path = ROOT / "pyproject.toml"
    assert (
        build.build_requirements(path.read_text())
        == load_toml(str(path))["build-system"]["requires"]
    )


def test_build_hook_without_index_names_the_missing_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an index the error names the release that could not be fetched."""
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


def test_only_patched_and_added_files_differ_from_upstream(
    tmp_path: Path, wheel: Path, upstream: str
) -> None:
    """The vendored pip is upstream's, byte for byte, except for the files of the series."""
    release = hatch_build.find_release(ROOT, upstream)
    series, config = release.folder, release.config["pip"]
    pins = [hatch_build.Pin(**entry) for entry in release.config["vendor"]]
    published = hatch_build.fetch(pins[0], tmp_path)
    ours, theirs = (
        {
            name.removeprefix(prefix): archive.read(name)
            for archive in (zipfile.ZipFile(path),)
            for name in archive.namelist()
            if name.startswith(prefix)
        }
        for path, prefix in ((wheel, "pip_variants/_vendor/pip/"), (published, "pip/"))
    )
    touched = {
        line.removeprefix("+++ b/")
        for name in config["patches"]
        for line in (series / name).read_text().splitlines()
        if line.startswith("+++ b/")
    }
    added = {
        f"{folder}/{path.name}": path.read_bytes()
        for folder, source in config["add"].items()
        for path in (series / source).glob("*.py")
    }
    version = {"__init__.py", "__main__.py"}  # and the stamp of the build
    targets = (f"{pin.into}{pin.unpack}" for pin in pins if pin.into)
    replaced = {name.removeprefix("pip/") for name in targets if name.startswith("pip/")}
    differing = {name for name in ours if ours[name] != theirs.get(name)}
    assert differing == touched | set(added) | version | replaced
    assert {name: ours[name] for name in added} == added
    assert set(theirs) <= set(ours)


def test_wheel_has_package_and_start_up_hook_at_its_root(wheel: Path) -> None:
    """The root of the wheel has our package, the hook and its `.pth`, and no file of pip's."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
        metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
        pth = archive.read("pep_xxx_wheel_variants.pth")
        scripts = archive.read(f"{info}/entry_points.txt").decode().split("\n")
    assert {name.split("/")[0] for name in names} == {
        "pip_variants",
        "_pip_variants_override.py",
        "pep_xxx_wheel_variants.pth",
        info,
    }
    assert {name for name in names if name.startswith(info)} == {
        f"{info}/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    assert not [name for name in names if "__pycache__" in name or "variants/_override" in name]
    assert metadata.get_all("Requires-Dist") is None
    assert scripts == ["[console_scripts]", "variantlib = variantlib.commands.main:main", ""]
    assert pth == (
        b'import sys; exec("try:\\n import _pip_variants_override\\nexcept Exception:\\n pass")\n'
    )


def test_wheel_is_whole_once_the_start_up_hook_is_installed(wheel: Path) -> None:
    """Installers write the file with the stamp first, and the hook with the same stamp last."""
    with zipfile.ZipFile(wheel) as archive:
        info = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
        names = [name for name in archive.namelist() if not name.startswith(info)]
        assert archive.namelist()[: len(names)] == names
        stamp = archive.read("pip_variants/_vendor/pip/__main__.py").splitlines(keepends=True)[-1]
        hook = archive.read("_pip_variants_override.py").decode()
    assert names[0] == "pip_variants/_vendor/pip/__main__.py"
    assert {*names[-2:]} == {"pep_xxx_wheel_variants.pth", "_pip_variants_override.py"}
    assert re.fullmatch(rb"# build [0-9a-f]{16}\n", stamp)
    assert f"\nSTAMP = {stamp.decode()!r}\n" in hook


def test_wheel_has_the_licence_of_everything_vendored(wheel: Path) -> None:
    """The folder of licences has one entry per vendored library."""
    with zipfile.ZipFile(wheel) as archive:
        vendor = zipfile.Path(archive, "pip_variants/_vendor/")
        libraries = {
            path.name.removesuffix(".py")
            for folder in (vendor / "pip" / "_vendor", vendor / "authoring")
            for path in folder.iterdir()
            if path.name not in {"__init__.py", "vendor.txt", "README.rst", "bom.cdx.json"}
            and not path.name.endswith(".dist-info")
        }
        licensed = {path.name for path in (vendor / "licenses").iterdir()}
        nvidia = (vendor / "licenses" / "nvidia-ml-py" / "LICENSE").read_text(encoding="utf-8")
        pip = (vendor / "licenses" / "pip" / "LICENSE.txt").read_text(encoding="utf-8")
    assert licensed == libraries | {"pip", "nvidia-ml-py"}
    assert nvidia.startswith("Copyright (c) 2011-2025, NVIDIA Corporation.  All rights reserved.\n")
    assert nvidia.endswith("\nTHE POSSIBILITY OF SUCH DAMAGE.\n")
    assert pip.startswith("Copyright (c) 2008-present The pip developers")


BAD_WHEELS = {
    "nothing to unpack": ({"other.py": "# Copyright\n"}, "x.whl has no x.py."),
    "no licence": (
        {"x.py": "# A comment.\n"},
        "x.whl has no licence that could go into the wheel.",
    ),
}


@pytest.mark.parametrize(("files", "error"), BAD_WHEELS.values(), ids=BAD_WHEELS)
def test_wheel_without_files_or_licence_is_not_vendored(
    tmp_path: Path, files: dict[str, str], error: str
) -> None:
    """A wheel without the requested files, or without any licence, is refused."""
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    pin = hatch_build.Pin(name="x", version="1", sha256="", unpack="x.py")
    with pytest.raises(hatch_build.BuildError) as caught:
        hatch_build.unpack(path, pin, tmp_path / "vendor")
    assert str(caught.value) == error
