"""scripts/emulated.py: what CPUs have, and how a provider's report is compared with it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import emulated as script
import pytest
from emulation import cpus, debian, product, publish
from emulation.cpus import ARCHITECTURES, Architecture, Cpu, Found, words
from emulation.debian import Emulated, EmulationError

from pip_variants.core.properties import OrderedFeatures

SCRIPT = Path(__file__).parents[1] / "scripts" / "emulated.py"
PIP_WHEEL = "pip wheel -q --no-deps --no-cache-dir --no-binary bitarray -w dist/vN bitarray"
LEVELS = {"x86_64": "level", "aarch64": "version"}

NEHALEM = Cpu("Nehalem", ("v2",), words("sse4_2 popcnt rdseed"))
SKYLAKE = Cpu("Skylake", ("v3",), words("avx avx512f"), "v4")
MAX = Cpu("max", ("v3", "v4"), words("avx"), open_ended=True)
NEWER = Cpu("newer", ("v1",), words("sse2"), newer=True)
TOY = Architecture(
    "x86_64",
    "amd64",
    (NEHALEM, SKYLAKE, MAX, NEWER),
    words("rdseed avx512f"),
    {"v2": words("sse4_2"), "v3": words("avx")},
    "",
)


def _known(architecture: str) -> OrderedFeatures:
    found: OrderedFeatures = import_module(
        f"pip_variants.providers.{architecture}"
    ).known_features()
    return found


@pytest.mark.parametrize(
    ("cpu", "found", "wrong"),
    [
        pytest.param(NEHALEM, Found("v2", NEHALEM.flags), [], id="all of it"),
        pytest.param(NEHALEM, Found("v2", words("sse4_2 popcnt")), [], id="all that is emulated"),
        pytest.param(
            NEHALEM,
            Found("v4", NEHALEM.flags | words("avx512f avx")),
            ["v4 instead of v2", "it does not have avx avx512f"],
            id="those of the host",
        ),
        pytest.param(
            NEHALEM, Found("v2", words("sse4_2")), ["it also has popcnt"], id="a flag is missing"
        ),
        pytest.param(
            NEHALEM, Found("v1", NEHALEM.flags), ["v1 instead of v2"], id="a level is missing"
        ),
        pytest.param(NEHALEM, Found(None, reason="no flags"), ["no flags"], id="a reason"),
        pytest.param(NEHALEM, Found(None), ["nothing is supported"], id="no reason"),
        pytest.param(MAX, Found("v4", words("avx amx")), [], id="a later qemu emulates more"),
        pytest.param(MAX, Found("v2", words("avx")), ["v2 instead of v3 or v4"], id="less"),
        pytest.param(MAX, Found("v3"), ["it also has avx"], id="less than every qemu has"),
    ],
)
def test_report_is_compared_with_what_the_cpu_has(cpu: Cpu, found: Found, wrong: list[str]) -> None:
    """Level and flags must be those of the CPU, but for what some qemu does not emulate."""
    assert cpus.differences(cpu, found, TOY.unreliable) == wrong


def test_table_shows_what_is_not_as_expected_and_what_is_not_emulated() -> None:
    """One line for each CPU, in columns, without blanks at its end."""
    reports = {
        NEHALEM: Found("v2", words("sse4_2 popcnt")),
        SKYLAKE: Found("v3", words("avx sse4a")),
        NEWER: None,
    }
    assert cpus.table([cpus.row(cpu, found, TOY) for cpu, found in reports.items()]) == (
        "CPU      level  as expected       flags beyond the level  not emulated here\n"
        "Nehalem  v2     ok                popcnt                  rdseed\n"
        "Skylake  v3     no                sse4a                   (v4) AVX-512\n"
        "newer           not in this qemu\n"
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_expected_flags_and_levels_are_those_that_a_provider_can_report(name: str) -> None:
    """No flag is misspelt, and no level is expected of a CPU that lacks something of it."""
    (level, levels), *features = _known(name)
    assert level == LEVELS[name]
    known = {feature for feature, _ in features}
    architecture = ARCHITECTURES[name]
    assert architecture.unreliable <= known
    for cpu in architecture.cpus:
        assert cpu.flags <= known, cpu.model
        assert set(cpu.levels) <= set(levels), cpu.model
        if cpu.model != "a64fx":
            assert architecture.implied[cpu.levels[0]] <= cpu.flags, cpu.model
        if cpu.real:
            assert architecture.implied[cpu.real] <= cpu.flags, cpu.model


def test_every_level_and_the_usual_cpus_are_in_the_table() -> None:
    """Each qemu since 7.2 has at least fifteen of x86_64, from qemu64 to max, and seven of ARM."""
    models = {
        name: [cpu.model for cpu in found.cpus if not cpu.newer]
        for name, found in ARCHITECTURES.items()
    }
    assert len(models["x86_64"]) >= 15
    assert (models["x86_64"][0], models["x86_64"][-1]) == ("qemu64", "max")
    assert set(models["aarch64"]) >= words(
        "cortex-a53 cortex-a57 cortex-a72 cortex-a76 neoverse-n1 a64fx max"
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_host_lies_about_each_cpu(name: str) -> None:
    """What the host lists has more than any of the CPUs, or is of another architecture."""
    x86_64 = import_module("pip_variants.providers.x86_64")
    listed = x86_64.flags_of_cpuinfo(ARCHITECTURES[name].host)
    for cpu in ARCHITECTURES["x86_64"].cpus:
        assert (cpu.flags < listed) == (name == "x86_64")


ANSWER = {"features": [["level", ["v2", "v1"]], ["avx", ["on"]], ["sse", ["on"]]], "reason": None}
NOTHING = {"features": [], "reason": "no flags"}


@pytest.mark.parametrize(
    ("status", "output", "errors", "found"),
    [
        pytest.param(
            0, json.dumps(ANSWER), "warning: TCG\n", Found("v2", words("avx sse")), id="properties"
        ),
        pytest.param(0, json.dumps(NOTHING), "", Found(None, reason="no flags"), id="none"),
        pytest.param(1, "", "qemu: unable to find CPU model 'x'\n", None, id="unknown to qemu"),
        pytest.param(
            -4, "", "a\nIllegal\n", Found(None, reason="exit status -4: Illegal"), id="a crash"
        ),
        pytest.param(1, "", "", Found(None, reason="exit status 1: no output"), id="no output"),
    ],
)
def test_output_of_the_probe_is_read(
    status: int, output: str, errors: str, found: Found | None
) -> None:
    """Properties, the reason for none, a CPU that this qemu does not have, or a failure."""
    assert script.parse(status, output, errors) == found


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        pytest.param(["Nehalem", "qemu64"], {"x86_64": ["qemu64", "Nehalem"]}, id="x86_64"),
        pytest.param(["a64fx"], {"aarch64": ["a64fx"]}, id="aarch64"),
        pytest.param(["max"], {"x86_64": ["max"], "aarch64": ["max"]}, id="both"),
        pytest.param(
            [],
            {name: [cpu.model for cpu in found.cpus] for name, found in ARCHITECTURES.items()},
            id="all",
        ),
    ],
)
def test_models_select_cpus(models: list[str], expected: dict[str, list[str]]) -> None:
    """An architecture of which no CPU is selected is left out."""
    found = script.selected(models)
    assert {name: [cpu.model for cpu in found[name]] for name in found} == expected


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("qemu-x86_64 version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright\n", (7, 2)),
        ("qemu-aarch64 version 10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)\n", (10, 0)),
        ("qemu-x86_64: not found\n", None),
        ("", None),
    ],
)
def test_version_of_qemu_is_read(text: str, version: tuple[int, int] | None) -> None:
    """Major and minor version; None if the program is none of qemu's."""
    assert debian.qemu_version(text) == version


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("Reading\nW: no\nE: Unable to locate package x\nDone\n", "Unable to locate package x"),
        ("Reading\nW: Failed to fetch\n", "Failed to fetch"),
        ("dpkg-deb: error\n\n", "dpkg-deb: error"),
        ("", "no output"),
    ],
)
def test_last_error_of_apt_is_the_reason(output: str, text: str) -> None:
    """The last error or warning; without one the last line."""
    assert debian.last_error(output) == text


def test_apt_gets_a_state_of_its_own(tmp_path: Path) -> None:
    """Nothing of this machine is read but its sources, and nothing is written."""
    options = debian.apt_options(tmp_path, "arm64")
    assert options[::2] == ["-o"] * len(options[::2])
    assert options[1::2] == [
        f"Dir::State={tmp_path}",
        f"Dir::State::Lists={tmp_path}/lists",
        f"Dir::State::status={tmp_path}/status",
        f"Dir::Cache={tmp_path}",
        f"Dir::Cache::Archives={tmp_path}/archives",
        "Acquire::Languages=none",
        "APT::Sandbox::User=root",
        "APT::Architecture=arm64",
        "APT::Architectures=arm64",
    ]
    assert debian.apt_options(tmp_path, None) == options[:-4]


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


QEMU_OLD = 'echo "qemu-x86_64 version 6.2.0"'
APT_FAILS = """case "$*" in *install*) echo "E: Unable to locate package qemu-user-static"
exit 100;; esac"""
# One package, which has an emulator that is too old.
APT_OLD = """for word in "$@"; do case $word in
Dir::Cache::Archives=*) : > "${word#*=}/qemu.deb";; esac; done"""
DPKG_OLD = 'mkdir -p "$3/usr/bin" && cp "$(dirname "$0")/old" "$3/usr/bin/qemu-x86_64"'
NO_APT = "There is no apt-get here, with which qemu-user-static is fetched."
CANNOT = "qemu-user-static could not be fetched: Unable to locate package qemu-user-static"
TOO_OLD = (
    "qemu-user-static of this machine's apt has no qemu-x86_64 7.2 or newer;"
    " older ones do not emulate AVX."
)


@pytest.mark.parametrize(
    ("programs", "error"),
    [
        pytest.param({}, NO_APT, id="no Debian"),
        pytest.param({"qemu-x86_64": QEMU_OLD}, NO_APT, id="an old qemu and no Debian"),
        pytest.param({"apt-get": APT_FAILS, "dpkg-deb": ":"}, CANNOT, id="no such package"),
        pytest.param(
            {"apt-get": APT_OLD, "dpkg-deb": DPKG_OLD, "old": QEMU_OLD}, TOO_OLD, id="an old Debian"
        ),
    ],
)
def test_what_cannot_be_had_is_reported_in_one_line(
    tmp_path: Path, programs: dict[str, str], error: str
) -> None:
    """Exit status 1, no traceback, and no temporary folder is left."""
    temporary, path = tmp_path / "temporary", tmp_path / "bin"
    temporary.mkdir()
    path.mkdir()
    for tool in ("mkdir", "cp", "dirname"):
        (path / tool).symlink_to(str(shutil.which(tool)))
    for name, text in programs.items():
        _program(path / name, text)
    done = subprocess.run(
        [sys.executable, SCRIPT, "Nehalem"],
        env={**os.environ, "PATH": str(path), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"emulated: {error}\n")
    assert [*temporary.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["Nahelem"], 1, "emulated: There is no CPU Nahelem in scripts/emulation/cpus.py.\n"),
        *(
            (
                [option, "max"],
                2,
                "--product and --publish run on CPUs that are not to be chosen.\n",
            )
            for option in ("--product", "--publish")
        ),
        (["--wheel", "x.whl"], 2, "--wheel is for --product.\n"),
    ],
)
def test_wrong_arguments_are_an_error(arguments: list[str], status: int, error: str) -> None:
    """No argument is ignored."""
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert done.stderr.endswith(error)


def test_python_that_is_too_old_or_missing_is_an_error(tmp_path: Path) -> None:
    """The wheel needs 3.10."""
    programs = tmp_path / "usr" / "bin"
    programs.mkdir(parents=True)
    with pytest.raises(EmulationError, match="There is no Python in Debian's package python3-venv"):
        debian.python(tmp_path, "arm64")
    (programs / "python3").symlink_to("python3.9")
    (programs / "python3.9").touch()
    with pytest.raises(EmulationError, match=r"python3\.9 for arm64 is too old: 3\.10 is needed"):
        debian.python(tmp_path, "arm64")
    (programs / "python3").unlink()
    (programs / "python3").symlink_to("python3.13")
    (programs / "python3.13").touch()
    assert debian.python(tmp_path, "arm64") == programs / "python3.13"


def test_wrapper_starts_the_emulated_python_under_its_own_name(tmp_path: Path) -> None:
    """What it is called comes first, so that a virtual environment's Python knows where it is."""
    _program(tmp_path / "qemu", 'printf "%s\\n" "$@"')
    python = product.wrapper(
        Emulated(tmp_path / "qemu", tmp_path / "python3.11", tmp_path / "a root")
    )
    link = tmp_path / "venv-python"
    link.symlink_to(python)
    done = subprocess.run([link, "-c", "a b"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "-0",
        str(link),
        "-cpu",
        "neoverse-n1",
        "-L",
        str(tmp_path / "a root"),
        str(tmp_path / "python3.11"),
        "-c",
        "a b",
    ]


def test_steps_of_the_product_end_with_the_stock_pip() -> None:
    """Override, platform, each build of torch by forced variables, an install, and the way back."""
    steps = [*product.steps()]
    assert [step.command for step in steps] == [
        "pip --version",
        "pip variants platform",
        *["pip install --dry-run torch"] * 8,
        "pip install torch",
        "python -c 'import torch'",
        "pip check",
        "pip uninstall --yes pep-xxx-wheel-variants",
        "pip --version",
        "pip list",
    ]
    assert str(steps[2]) == (
        "NV_VARIANT_PROVIDER_FORCE_CUDA_DRIVER_VERSION=12.9"
        " NV_VARIANT_PROVIDER_FORCE_SM_ARCH=7.5 pip install --dry-run torch"
    )
    ours = "pip 25.1.dev0+pep-xxx-wheel-variants from /venv/lib/site-packages/pip (python 3.11)\n"
    stock = "pip 23.0.1 from /venv/lib/site-packages/pip (python 3.11)\n"
    assert (steps[0].missing(ours), steps[-2].missing(stock)) == ([], [])
    assert (len(steps[0].missing(stock)), len(steps[-2].missing(ours))) == (1, 1)


def test_provider_reports_the_emulated_cpu() -> None:
    """With this Python and an installed qemu: not what the host is."""
    if (platform.machine(), sys.platform) != ("x86_64", "linux"):
        pytest.skip("this Python is not one for Linux on x86_64")
    qemu = debian.installed_qemu("x86_64")
    if qemu is None:
        pytest.skip("no qemu-x86_64 7.2 or newer is installed")
    here = Emulated(qemu, Path(sys._base_executable))  # type: ignore[attr-defined] # typeshed leaves it out
    architecture = ARCHITECTURES["x86_64"]
    for cpu in script.selected(["Opteron_G1", "Nehalem"])["x86_64"]:
        found = script.probe(here, "x86_64", cpu.model)
        assert found is not None
        assert cpus.differences(cpu, found, architecture.unreliable) == []


def test_readme_has_the_steps_of_a_publication() -> None:
    """The script runs the section's commands, up to its web server, and takes its table."""
    toml, commands = publish.instructions(publish.README.read_text(encoding="utf-8"))
    assert toml.startswith("[variant.default-priorities]\n")
    assert toml.endswith('plugin-api = "x86_64_variant_provider"\n')
    assert [re.sub(r"v[1-4]", "vN", command).partition(" -p ")[0] for command in commands] == [
        'CFLAGS="-O3 -march=x86-64" ' + PIP_WHEEL,
        *['CFLAGS="-O3 -march=x86-64-vN" ' + PIP_WHEEL] * 2,
        *["pip variants make dist/vN/*.whl --dest simple/bitarray --label x86_64_vN"] * 3,
        "pip variants make dist/vN/*.whl --dest simple/bitarray --null",
        "pip variants index --all simple",
        "pip variants check --strict --as x86-vN --as x86-vN --as x86-vN --as none simple",
    ]


def test_build_for_a_better_cpu_must_die() -> None:
    """Its own build works on each CPU; one for a better CPU ends with an illegal instruction."""
    (*own, better) = publish.steps("v2", [Path("unpacked/v3")])
    assert [step.command for step in own] == [
        "pip install --force-reinstall bitarray",
        "python count.py",
    ]
    assert own[0].missing("Successfully installed bitarray-3.12.3-x86_64_v2\n") == []
    assert own[0].missing("Successfully installed bitarray-3.12.3-x86_64_v1\n")
    assert better.command == "python count.py unpacked/v3"
    assert (better.missing("-4\n"), better.missing("300\n")) == ([], ["^-4$"])


def test_cpuinfo_of_a_cpu_has_its_flags_in_the_words_of_linux() -> None:
    """From there uv reads the level, where the emulator shows the file of the host."""
    assert publish.cpuinfo("qemu64") == (
        "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: cx16 lahf_lm mmx pni sse sse2\n\n"
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="variants are built for this machine")
def test_publication_needs_a_compiler(tmp_path: Path) -> None:
    """That is an error before anything is fetched."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "--publish"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    error = "emulated: There is no C compiler here (cc), with which bitarray is built.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", error)
