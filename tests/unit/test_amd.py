"""The built-in amd provider: GPUs as the kernel lists them, ROCm as installed, forced facts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.core.metadata import Provider
from pip_variants.core.properties import Namespace
from pip_variants.core.target_markers import parse_requirement
from pip_variants.providers import _files, _kfd, amd, gfx, registry, rocm_bootstrap
from pip_variants.providers._kfd import Gpu, GpuFacts, target_of
from pip_variants.providers.amd import AmdFacts, RocmFacts
from pip_variants.providers.registry import built_in_for, known_features
from pip_variants.providers.result import ProviderResult
from pip_variants.providers.runner import ProviderRunner
from tests.support.machine_files import forbid, machines, node_path, write, write_amd_machine
from tests.unit.provider_cases import by_feature

MACHINES = machines("amd")
AMD, ROCM = gfx.FORCE_AMD, amd.FORCE_ROCM
BOOTSTRAP, DISABLE = gfx.FORCE_BOOTSTRAP, gfx.DISABLE


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a Linux machine."""
    monkeypatch.setattr(_kfd.sys, "platform", "linux")  # type: ignore[attr-defined]


def _in_root(text: str, root: Path) -> str:
    return text.replace("{root}", str(root))


def _environ(machine: Mapping[str, Mapping[str, str]], root: Path) -> dict[str, str]:
    return {name: _in_root(text, root) for name, text in machine.get("environ", {}).items()}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("name", MACHINES)
def test_derived_machine_has_expected_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Each machine has its architectures in the order of ROCm, its version of it, and reasons."""
    machine = MACHINES[name]
    write_amd_machine(tmp_path, machine)
    forbid(monkeypatch, tmp_path, machine)
    found = amd.detect(amd.read_facts(_environ(machine, tmp_path), tmp_path))
    features = by_feature(found.features)
    assert " ".join(features.get("gfx_arch", ())) == machine["gfx_arch"]
    assert " ".join(features.get("rocm_version", ())) == machine["rocm_version"]
    assert [*features] == [name for name in ("gfx_arch", "rocm_version") if machine[name]]
    reason = machine["reason"]
    assert found.reason == (reason and _in_root(reason, tmp_path))
    assert [*found.hardware] == [_in_root(line, tmp_path) for line in machine["hardware"]]
    assert found.unseen == (not machine["gfx_arch"] or not machine["rocm_version"])
    assert (found.failed, found.warnings) == (False, ())


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("name", MACHINES)
def test_rocm_bootstrap_has_the_same_architectures_and_no_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A wheel that names ``rocm-bootstrap`` is no worse off without ROCm."""
    machine = MACHINES[name]
    write_amd_machine(tmp_path, machine)
    forbid(monkeypatch, tmp_path, machine)
    found = amd.detect(rocm_bootstrap.read_facts(_environ(machine, tmp_path), tmp_path))
    names = machine["gfx_arch"].split()
    assert by_feature(found.features) == ({"gfx_arch": (*names,)} if names else {})
    assert found.unseen == (not names)
    assert (found.reason is None) == bool(names)
    assert not any("ROCm " in line for line in found.hardware)


# What amd-variant-provider 0.0.2 lists; one GPU that it lacks hides the others, too.
PUBLISHED = {
    *("gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx1030", "gfx1100", "gfx1101"),
    *("gfx1102", "gfx1200", "gfx1201"),
}
# Where it reports nothing: torch 2.10 has code for most of these, and it runs.
MISSED = {
    "desktop-7900xtx": {"gfx1036"},
    "laptop-7700s": {"gfx1150"},
    "mi350x": {"gfx950"},
    "polaris": {"gfx803"},
    "renoir": {"gfx90c"},
    "strix-halo": {"gfx1151"},
    "unknown-target": {"gfx1310"},
}


def test_gpu_that_the_published_list_lacks_is_reported_and_hides_no_other() -> None:
    """The published list ends with the GPUs of its time; the kernel's word is better."""
    reported = {name: {*machine["gfx_arch"].split()} for name, machine in MACHINES.items()}
    missed = {name: targets - PUBLISHED for name, targets in reported.items()}
    assert {name: targets for name, targets in missed.items() if targets} == MISSED
    assert reported["laptop-7700s"] == {"gfx1102", "gfx1150"}


def test_default_gpu_comes_first_and_not_the_first_by_name() -> None:
    """The published provider sorts: it would take a build for the small GPU in the CPU."""
    targets = MACHINES["desktop-7900xtx"]["gfx_arch"].split()
    assert targets == ["gfx1100", "gfx1036"] != sorted(targets)


def test_machines_are_of_all_kinds() -> None:
    """Zero to eight GPUs, several architectures, and those that a published list lacks."""
    found = {name: machine["gfx_arch"] for name, machine in MACHINES.items()}
    assert len(found) >= 12
    assert {"gfx950", "gfx1151", "gfx1102 gfx1150", "gfx1100 gfx1036", ""} <= {*found.values()}
    assert {len(machine["nodes"] or ()) for machine in MACHINES.values()} >= {0, 1, 2, 3, 9, 10}


# gfx_target_version, as kernels report it: minor version and stepping become one digit each.
TARGETS = {
    90402: "gfx942",
    90010: "gfx90a",
    90012: "gfx90c",
    90500: "gfx950",
    80003: "gfx803",
    100306: "gfx1036",
    110000: "gfx1100",
    110501: "gfx1151",
    120001: "gfx1201",
    120500: "gfx1250",
    130100: "gfx1310",
    0: None,
    16: None,
    91600: None,
    90016: None,
    1_000_000: None,
    10**19: None,
}


@pytest.mark.parametrize(("version", "target"), TARGETS.items())
def test_version_of_the_kernel_is_a_target(version: int, target: str | None) -> None:
    """What has no such digits is none."""
    assert target_of(version) == target


def test_table_has_the_targets_of_all_versions() -> None:
    """A value that lint knows is one that a kernel can report."""
    targets = {*gfx.TARGETS, *gfx.PAST}
    versions = (
        major * 10_000 + minor * 100 + stepping
        for major in range(8, 13)
        for minor in range(16)
        for stepping in range(16)
    )
    assert targets <= {target_of(version) for version in versions}


GPU_NODE = "simd_count 64\ngfx_target_version 90402\n"
# The file of a node, and the targets of a machine with it.
PROPERTIES = {
    "as the kernel writes it": (GPU_NODE, ("gfx942",)),
    "more lines": (f"cpu_cores_count 0\n{GPU_NODE}hive_id 18446744073709551615\n", ("gfx942",)),
    "empty": ("", ()),
    "no lines": ("\0" * 5000, ()),
    "words": ("simd_count many\ngfx_target_version gfx942\n", ()),
    "negative": ("simd_count -1\ngfx_target_version 90402\n", ()),
    "thousands of digits": (f"simd_count 1\ngfx_target_version {'9' * 5000}\n", ()),
    "other digits": ("simd_count \u0664\ngfx_target_version 90402\n", ()),
    "the line is beyond what is read": (f"{'x' * 70_000}\n{GPU_NODE}", ()),
    "megabytes": (f"{GPU_NODE}{'x' * 4_000_000}", ("gfx942",)),
    "escape sequence": (f"\x1b[2J\n{GPU_NODE}", ("gfx942",)),
    "twice, the last counts": (f"gfx_target_version 90010\n{GPU_NODE}", ("gfx942",)),
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("text", "targets"), PROPERTIES.values(), ids=PROPERTIES)
def test_malformed_properties_are_no_gpu(
    tmp_path: Path, text: str, targets: tuple[str, ...]
) -> None:
    """Of a file only the beginning is read, and of that only what has the kernel's form."""
    write(node_path(tmp_path, 1), text)
    write(tmp_path / "dev/kfd", "")
    found = _kfd.read_gpus({}, tmp_path)
    assert tuple(gpu.target for gpu in found.gpus) == targets


@pytest.mark.usefixtures("linux")
def test_nodes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Node 2 comes before node 10; ``rocm-bootstrap`` sorts their names."""
    write(tmp_path / "dev/kfd", "")
    for number, version in ((10, 110000), (2, 90402), (1, 0)):
        write(node_path(tmp_path, number), f"simd_count 8\ngfx_target_version {version}\n")
    write(tmp_path / _kfd.NODES / "x" / "properties", GPU_NODE)
    write(tmp_path / _kfd.NODES / "\u0663" / "properties", GPU_NODE)
    (tmp_path / _kfd.NODES / "3").mkdir()
    found = _kfd.read_gpus({}, tmp_path)
    assert [gpu.target for gpu in found.gpus] == ["gfx942", "gfx1100"]


@pytest.mark.usefixtures("linux")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_file_that_is_none_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe or a folder in the place of a file is not read."""
    write(tmp_path / "dev/kfd", "")
    node_path(tmp_path, 1).parent.mkdir(parents=True)
    os.mkfifo(node_path(tmp_path, 1))
    version = tmp_path / "opt/rocm/.info/version"
    version.parent.mkdir(parents=True)
    os.mkfifo(version)
    found = amd.detect(amd.read_facts({}, tmp_path))
    assert (found.features, found.reason) == (
        (),
        "an AMD GPU may not be used here: hidden by the control group",
    )
    rocm = amd.read_facts({}, tmp_path).rocm
    assert rocm == RocmFacts(
        problem="the version of ROCm could not be read: it is not a regular file"
    )


@pytest.mark.usefixtures("linux")
def test_gpu_whose_render_node_is_closed_does_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The reason names the device and its group, whatever the name of that."""
    for path in ("dev/kfd", "dev/dri/renderD128", "dev/dri/renderD129"):
        write(tmp_path / path, "")
    for number in (1, 2):
        write(node_path(tmp_path, number), f"{GPU_NODE}drm_render_minor {127 + number}\n")
    forbid(monkeypatch, tmp_path, {"no_access": ["dev/dri/renderD129"]})
    monkeypatch.setattr(_files, "group", lambda _: "{render}")
    closed = f"no permission to open {tmp_path}/dev/dri/renderD129, which the group {{render}} has"
    assert _kfd.read_gpus({}, tmp_path) == GpuFacts(
        (Gpu("gfx942"),), (f"an AMD GPU may not be used here: {closed}",)
    )


@pytest.mark.usefixtures("linux")
def test_unreadable_folder_is_a_reason(tmp_path: Path) -> None:
    """A file in the place of the folder of nodes."""
    write(tmp_path / _kfd.NODES, "")
    (problem,) = _kfd.read_gpus({}, tmp_path).problems
    assert problem.startswith("the AMD GPUs could not be read: ")


TWO = {1: (90010, 0x1234567890ABCDEF), 2: (110000, 0x1234567890ABCDE0), 3: (90402, 0)}
ALL = "gfx90a gfx1100 gfx942"
# ROCR_VISIBLE_DEVICES, and what ROCm shows of three GPUs then.
VISIBLE = {
    None: ALL,
    "": "",
    "0": "gfx90a",
    "2,0": "gfx942 gfx90a",
    " 1 , 2 ": "gfx1100 gfx942",
    "0,1,2,3": ALL,
    "0,0,1": "gfx90a",
    "0,x,1": "gfx90a",
    "3": "",
    "-1": "",
    "none": "",
    "GPU-1234567890abcdef": "gfx90a",
    "gpu-1234567890ABCDE0,0": "gfx1100 gfx90a",
    "GPU-1234567890ABCDEF0": "",
    "GPU-1234": "",
    "GPU-0000000000000000": "",
    "GPU-": "",
    "9" * 5000: "",
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("listed", "targets"), VISIBLE.items())
def test_gpus_that_are_hidden_from_rocm_do_not_count(
    tmp_path: Path, listed: str | None, targets: str
) -> None:
    """By number, or by an identifier that is long enough; what is invalid ends the list."""
    write(tmp_path / "dev/kfd", "")
    for number, (version, unique) in TWO.items():
        text = f"simd_count 8\ngfx_target_version {version}\nunique_id {unique}\n"
        write(node_path(tmp_path, number), text)
    found = _kfd.read_gpus({} if listed is None else {"ROCR_VISIBLE_DEVICES": listed}, tmp_path)
    assert " ".join(gpu.target for gpu in found.gpus) == targets
    hidden = 3 - len(found.gpus)
    what = {0: (), 1: ("an AMD GPU",)}.get(hidden, (f"{hidden} AMD GPUs",))
    assert found.problems == tuple(f"ROCR_VISIBLE_DEVICES hides {text}" for text in what)


# HSA_OVERRIDE_GFX_VERSION of all and of the second node, and the targets of two GPUs.
OVERRIDES = {
    ("10.3.0", None): "gfx1030 gfx1030",
    ("9.0.10", None): "gfx90a gfx90a",
    ("11.0.0", "9.0.6"): "gfx906 gfx1100",
    (None, "9.0.6"): "gfx906 gfx1032",
    ("10.3", None): "",
    ("gfx1030", None): "",
    ("10.3.0.1", None): "",
    ("", None): "",
    ("1.99.0", None): "",
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("override", "targets"), OVERRIDES.items())
def test_target_that_rocm_takes_instead_counts(
    tmp_path: Path, override: tuple[str | None, str | None], targets: str
) -> None:
    """ROCm loads code for that target alone; with an invalid version it sees no GPU."""
    write(tmp_path / "dev/kfd", "")
    write(node_path(tmp_path, 0), "simd_count 0\n")
    for number in (1, 2):
        write(node_path(tmp_path, number), "simd_count 8\ngfx_target_version 100302\n")
    every, second = override
    environ = {"HSA_OVERRIDE_GFX_VERSION": every, "HSA_OVERRIDE_GFX_VERSION_1": second}
    set_ = {name: text for name, text in environ.items() if text is not None}
    found = _kfd.read_gpus(set_, tmp_path)
    assert " ".join(gpu.target for gpu in found.gpus) == targets
    problem = f"HSA_OVERRIDE_GFX_VERSION: {every!r} is not a version such as 10.3.0"
    assert found.problems == (() if targets else (problem,))


PRODUCTS = {
    "own name": ("AMD Instinct MI300X OAM\n", "0x00", "AMD Instinct MI300X OAM"),
    "name of libdrm": ("\n", "0xc8", "AMD Radeon RX 7900 XTX"),
    "another revision": ("", "0xc9", None),
    "no revision": ("", "c8", None),
    "control characters": ("\x1b[2J", "0xc8", r"'\x1b[2J'"),
    "long": ("x" * 5000, "0xc8", f"{'x' * 200}..."),
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("own", "revision", "name"), PRODUCTS.values(), ids=PRODUCTS)
def test_name_of_a_product_is_for_people(
    tmp_path: Path, own: str, revision: str, name: str | None
) -> None:
    """That of the card, or that of libdrm for its device; safe on a terminal, and not too long."""
    for path in ("dev/kfd", "dev/dri/renderD128"):
        write(tmp_path / path, "")
    write(node_path(tmp_path, 0), f"{GPU_NODE}device_id 29772\ndrm_render_minor 128\n")
    write(tmp_path / "sys/class/drm/renderD128/device/product_name", own)
    write(tmp_path / "sys/class/drm/renderD128/device/revision", revision)
    ids = "1.0.0\n1744C,\tC8,\tx\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n"
    write(tmp_path / "opt/amdgpu/share/libdrm/amdgpu.ids", ids)
    assert _kfd.read_gpus({}, tmp_path) == GpuFacts((Gpu("gfx942", name),))


# The version file of ROCm, the version, and why there is none.
VERSIONS = {
    "7.1.0-25\n": ("7.1", None),
    "6.4.3-128": ("6.4", None),
    " 5.7 ": ("5.7", None),
    "7.10.0": ("7.10", None),
    "07.01.0": ("7.1", None),
    "7": (None, "'7' is not a version of ROCm"),
    "latest\n": (None, "'latest' is not a version of ROCm"),
    "": (None, "'' is not a version of ROCm"),
    "\x1b[2J7.1": (None, r"'\x1b[2J7.1' is not a version of ROCm"),
    "99999.0": (None, "'99999.0' is not a version of ROCm"),
    "7.99999": (None, "'7.99999' is not a version of ROCm"),
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("text", "found"), VERSIONS.items())
def test_version_of_rocm_is_that_of_its_installation(
    tmp_path: Path, text: str, found: tuple[str | None, str | None]
) -> None:
    """Major and minor of the file; what begins otherwise is a reason."""
    write(tmp_path / "opt/rocm/.info/version", text)
    facts = amd.read_facts({}, tmp_path)
    assert facts.rocm is not None
    version = facts.rocm.version
    assert (version and f"{version[0]}.{version[1]}", facts.rocm.problem) == found


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("named", "version"),
    [("own", (6, 3)), ("missing", (7, 1)), ("bad", (7, 1)), ("", (7, 1))],
)
def test_named_installation_of_rocm_comes_first(
    tmp_path: Path, named: str, version: tuple[int, int]
) -> None:
    """ROCM_PATH, then /opt/rocm if there is no version."""
    write(tmp_path / "opt/rocm/.info/version", "7.1.0")
    write(tmp_path / "own/.info/version", "6.3.4")
    write(tmp_path / "bad/.info/version", "?")
    environ = {"ROCM_PATH": str(tmp_path / named) if named else ""}
    rocm = amd.read_facts(environ, tmp_path).rocm
    assert rocm is not None
    assert rocm.version == version


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_have_nothing_and_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    """Nothing is read on Windows and macOS; what is forced counts there as well."""
    write_amd_machine(tmp_path, MACHINES["mi300x"])
    monkeypatch.setattr(_kfd.sys, "platform", platform)  # type: ignore[attr-defined]
    found = amd.detect(amd.read_facts({}, tmp_path))
    assert found == ProviderResult(reason=f"reading AMD GPUs is not supported on {platform}")
    assert (found.unseen, found.hardware) == (True, ())
    forced = amd.detect(amd.read_facts({AMD: "gfx1100", ROCM: "7.0.0"}, tmp_path))
    assert by_feature(forced.features) == {"gfx_arch": ("gfx1100",), "rocm_version": ("7.0",)}


def _unexpected(*_: object) -> str:
    raise AssertionError("a file was read")


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading this machine a failure of the test."""
    monkeypatch.setattr(_kfd, "read_gpus", _unexpected)
    monkeypatch.setattr(amd, "read_text", _unexpected)


FORCED = {"amd": {ROCM: "7.0.0"}, "rocm_bootstrap": dict[str, str]()}
READERS: Mapping[str, Callable[[Mapping[str, str]], AmdFacts]] = {
    "amd": amd.read_facts,
    "rocm_bootstrap": rocm_bootstrap.read_facts,
}

# The variables, and the architectures for wheels that name either package.
FORCED_GPUS = [
    ({AMD: "gfx942"}, "gfx942", "gfx942"),
    ({AMD: "gfx1100,gfx942"}, "gfx1100 gfx942", "gfx1100 gfx942"),
    ({AMD: " gfx1100; gfx942\tgfx906\n"}, "gfx1100 gfx942 gfx906", "gfx1100 gfx942 gfx906"),
    ({AMD: "gfx942,gfx942,,"}, "gfx942", "gfx942"),
    ({AMD: "gfx9999"}, "gfx9999", "gfx9999"),
    ({BOOTSTRAP: "gfx942"}, "gfx942", "gfx942"),
    ({BOOTSTRAP: "gfx1100, gfx90a,"}, "gfx1100 gfx90a", "gfx1100 gfx90a"),
    ({BOOTSTRAP: "gfx1250-strict"}, "gfx1250", "gfx1250"),
    ({BOOTSTRAP: "gfx1250-strict,gfx1250,gfx1251"}, "gfx1250 gfx1251", "gfx1250 gfx1251"),
    ({AMD: "gfx942", BOOTSTRAP: "gfx1100"}, "gfx942", "gfx1100"),
    ({AMD: "", BOOTSTRAP: "gfx1100"}, "gfx1100", "gfx1100"),
    ({AMD: "gfx942", BOOTSTRAP: ""}, "gfx942", "gfx942"),
    ({DISABLE: "1"}, "", ""),
    ({DISABLE: "1", BOOTSTRAP: "gfx942"}, "", ""),
    ({DISABLE: "1", AMD: "gfx942"}, "gfx942", ""),
    ({DISABLE: "0", BOOTSTRAP: "gfx942"}, "gfx942", "gfx942"),
]


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize(("environ", "by_amd", "by_bootstrap"), FORCED_GPUS)
def test_forced_architectures_are_those_of_the_machine(
    environ: dict[str, str], by_amd: str, by_bootstrap: str
) -> None:
    """The variable of the package that a wheel names comes first, then that of the other."""
    for package, expected in (("amd", by_amd), ("rocm_bootstrap", by_bootstrap)):
        result = amd.detect(READERS[package](environ | FORCED[package]))
        assert " ".join(by_feature(result.features).get("gfx_arch", ())) == expected
        if not expected:
            assert str(result.reason).startswith("ROCM_BOOTSTRAP_DISABLE_DETECTION is set")


BAD_GPUS = [
    ({AMD: "bad"}, f"{AMD}: 'bad' is not an architecture of AMD GPUs"),
    ({AMD: "gfx942,GFX906"}, f"{AMD}: 'GFX906' is not an architecture of AMD GPUs"),
    ({AMD: "gfx90a:xnack+"}, f"{AMD}: 'gfx90a:xnack+' is not an architecture of AMD GPUs"),
    ({AMD: "\x1b[2J"}, f"{AMD}: '\\x1b[2J' is not an architecture of AMD GPUs"),
    ({AMD: "x" * 10_000}, f"{AMD}: '{'x' * 79}...' is not an architecture of AMD GPUs"),
    (
        {AMD: f"gfx{'9' * 10_000}"},
        f"{AMD}: 'gfx{'9' * 76}...' is not an architecture of AMD GPUs",
    ),
    ({AMD: " ,;"}, f"{AMD}: ' ,;' names no architecture"),
    ({BOOTSTRAP: "gfx9999"}, f"{BOOTSTRAP}: 'gfx9999' is not an architecture of AMD GPUs"),
    ({BOOTSTRAP: "gfx942 gfx906"}, f"{BOOTSTRAP}: 'gfx942 gfx906' is not an architecture of"),
    ({BOOTSTRAP: "gfx942;gfx906"}, f"{BOOTSTRAP}: 'gfx942;gfx906' is not an architecture of"),
    ({BOOTSTRAP: ", ,"}, f"{BOOTSTRAP}: ', ,' names no architecture"),
]


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize("package", READERS)
@pytest.mark.parametrize(("environ", "problem"), BAD_GPUS)
def test_invalid_architecture_is_an_error(
    environ: dict[str, str], problem: str, package: str
) -> None:
    """The error names the variable, whichever package the wheel names."""
    with pytest.raises(RequestError) as caught:
        READERS[package](environ)
    assert str(caught.value).startswith(problem)


FORCED_VERSIONS = {
    "7.0.0": "7.0",
    "6.4.3": "6.4",
    " 7.1.0 ": "7.1",
    "7.10.1": "7.10",
    "7": None,
    "7.0": None,
    "7.0.0.0": None,
    "7.0.x": None,
    "7.-1.0": None,
    "v7.0.0": None,
    "7,0,0": None,
    " ": None,
    "7.0.0\0": None,
    "\u0667.\u0660.\u0660": None,
    "9" * 10_000: None,
}


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize(("text", "version"), FORCED_VERSIONS.items())
def test_forced_version_of_rocm_has_three_parts(text: str, version: str | None) -> None:
    """Two of them are the value; anything else is an error that names the variable."""
    environ = {AMD: "gfx942", ROCM: text}
    if version is None:
        with pytest.raises(RequestError, match=f"^{ROCM}: '.*' is not of the form 7.0.0$"):
            amd.read_facts(environ)
    else:
        found = amd.detect(amd.read_facts(environ))
        assert by_feature(found.features)["rocm_version"] == (version,)
        assert found.hardware == (
            f"architecture gfx942, forced by {AMD}",
            f"ROCm {version}, forced by {ROCM}",
        )
        assert (found.reason, found.unseen) == (None, False)


GPU, NO_GPU = GpuFacts((Gpu("gfx942"),)), GpuFacts(problems=("no AMD GPU driver found",))
FORCED_GPU = GpuFacts((Gpu("gfx942"),), forced=BOOTSTRAP)
ROCM_7 = RocmFacts((7, 1), "/opt/rocm")
NO_ROCM = RocmFacts(problem="no installation of ROCm found")
# Why something is missing, with what has to be forced beside what is.
REASONS = [
    (AmdFacts(GPU, ROCM_7), None),
    (AmdFacts(NO_GPU, NO_ROCM), "no AMD GPU driver found"),
    (AmdFacts(NO_GPU, ROCM_7), "no AMD GPU driver found"),
    (
        AmdFacts(NO_GPU, RocmFacts((7, 1), ROCM)),
        f"no AMD GPU driver found, and {ROCM} alone is not enough: {AMD} is needed too",
    ),
    (AmdFacts(GPU, NO_ROCM), "no installation of ROCm found"),
    (
        AmdFacts(FORCED_GPU, NO_ROCM),
        f"no installation of ROCm found, and {BOOTSTRAP} alone is not enough: {ROCM} is needed too",
    ),
    (AmdFacts(FORCED_GPU), None),
    (AmdFacts(NO_GPU), "no AMD GPU driver found"),
]


@pytest.mark.parametrize(("facts", "reason"), REASONS)
def test_reason_names_what_has_to_be_forced_too(facts: AmdFacts, reason: str | None) -> None:
    """One of the two facts is not enough for a build that needs both."""
    assert amd.detect(facts).reason == reason


PACKAGES = {
    "amd-variant-provider": ("amd", {"gfx_arch", "rocm_version"}),
    "rocm-bootstrap": ("rocm_bootstrap", {"gfx_arch"}),
}


@pytest.mark.parametrize(("package", "expected"), PACKAGES.items())
def test_each_package_has_its_own_features(package: str, expected: tuple[str, set[str]]) -> None:
    """A requirement that the published provider never meets is a mistake to lint, too."""
    module, features = expected
    (built_in,) = (item for item in registry.BUILT_INS if item.name == "amd")
    (known,) = (item for item in built_in.published if item.package == package)
    declared = Provider(Namespace("amd"), (f"{package}>={known.version}",), known.plugin_api)
    assert dict(known_features(declared) or ()).keys() == features
    found = built_in_for([parse_requirement(package)], None)
    assert found is not None
    assert found.key == module
    environ = {AMD: "gfx942", ROCM: "7.1.0"}
    assert dict(found.query(environ, None).features).keys() == features


def test_two_packages_of_one_run_are_two_queries() -> None:
    """The result for one is not that for the other, though their namespace is the same."""
    found = {
        Namespace(package.replace("-", "_")): built_in_for([parse_requirement(package)], None)
        for package in PACKAGES
    }
    runner = ProviderRunner({AMD: "gfx942", BOOTSTRAP: "gfx1100", ROCM: "7.1.0"})
    result = runner.query({name: item for name, item in found.items() if item is not None}, ())
    assert {str(name): by_feature(item.features) for name, item in result.items()} == {
        "amd_variant_provider": {"gfx_arch": ("gfx942",), "rocm_version": ("7.1",)},
        "rocm_bootstrap": {"gfx_arch": ("gfx1100",)},
    }
