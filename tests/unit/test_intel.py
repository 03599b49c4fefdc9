"""The built-in intel provider: the values of the published one, and what hides a GPU."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.core.properties import ordered_features
from pip_variants.providers import _files, intel, level_zero, render_nodes
from pip_variants.providers.intel import FORCE_DEVICE_IP, IntelFacts, detect, read_facts
from pip_variants.providers.level_zero import Gpu, LevelZeroFacts
from pip_variants.providers.registry import BUILT_INS
from pip_variants.providers.render_nodes import RenderNode
from tests.support.machine_files import machines
from tests.unit.provider_cases import by_feature, result

# The table of intel-variant-provider 0.0.3: the base platform of each device IP.
PUBLISHED = {
    "30.1.0": "30.0.4",
    "30.0.4": "",
    "20.4.4": "20.1.0",
    "20.2.0": "20.1.0",
    "20.1.0": "",
    "12.74.4": "",
    "12.71.4": "12.70.4",
    "12.70.4": "",
    "12.60.7": "",
    "12.57.0": "12.55.8",
    "12.56.5": "12.55.8",
    "12.55.8": "",
    "12.10.0": "",
    "12.4.0": "",
    "12.3.0": "",
    "12.2.0": "",
    "12.1.0": "",
    "12.0.0": "",
}
# What that lacks. Intel's sources behind 0.0.3 have all but the last, which compute-runtime has.
NEWER = {
    "35.11.0": "",
    "35.10.4": "",
    "30.5.4": "30.0.4",
    "30.4.4": "30.0.4",
    "30.3.1": "30.0.4",
    "12.61.7": "",
}


def _gpu(ip: str, name: str = "x") -> Gpu:
    architecture, release, revision = map(int, ip.split("."))
    return Gpu(name, (architecture, release, revision))


@pytest.mark.parametrize(("ip", "base"), {**PUBLISHED, **NEWER}.items())
def test_gpu_has_its_device_ip_and_then_that_of_its_base(ip: str, base: str) -> None:
    """As the published provider has it, and for GPUs that it lacks by the same rule."""
    assert detect(IntelFacts((_gpu(ip),))) == result(("device_ip", filter(None, (ip, base))))


def test_no_other_device_ip_is_known() -> None:
    """Newest first, as in the published table."""
    ((feature, known),) = intel.known_features()
    assert feature == "device_ip"
    assert {*known} == {*PUBLISHED, *NEWER}
    assert [ip for ip in known if ip in PUBLISHED] == [*PUBLISHED]
    assert [*known] == sorted(known, key=lambda ip: [*map(int, ip.split("."))], reverse=True)


ORDERS = {
    "each with its base": (("20.4.4", "12.56.5"), "20.4.4 20.1.0 12.56.5 12.55.8"),
    "one base": (("12.56.5", "12.57.0"), "12.56.5 12.55.8 12.57.0"),
    "base beside it": (("12.55.8", "12.56.5"), "12.55.8 12.56.5"),
    "twice": (("12.60.7", "12.60.7"), "12.60.7"),
}


@pytest.mark.parametrize(("own", "values"), ORDERS.values(), ids=ORDERS)
def test_values_are_in_the_order_of_the_gpus(own: tuple[str, ...], values: str) -> None:
    """The order of the driver, no value twice."""
    found = detect(IntelFacts(tuple(map(_gpu, own))))
    assert found.features == ordered_features([("device_ip", values.split())])
    assert (found.reason, found.unseen) == (None, False)


RECORDED = machines("intel")


def _write_nodes(monkeypatch: pytest.MonkeyPatch, root: Path, nodes: list[dict[str, str]]) -> None:
    """Let Linux show these render nodes; what is `closed` cannot be opened."""
    for folder, name in (("_LISTED", "sys/class/drm"), ("_DEVICES", "dev/dri")):
        monkeypatch.setattr(render_nodes, folder, root / name)
    closed = set()
    for node in nodes:
        if node["vendor"]:
            vendor = root / "sys/class/drm" / node["name"] / "device/vendor"
            vendor.parent.mkdir(parents=True)
            vendor.write_text(f"{node['vendor']}\n")
        if node["state"] != "missing":
            device = root / "dev/dri" / node["name"]
            device.parent.mkdir(parents=True, exist_ok=True)
            device.touch()
        if node["state"] == "closed":
            closed.add(device)
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path not in closed and real(path, mode))
    monkeypatch.setattr(_files, "group", lambda _: "render")


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_machine_has_expected_values(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """What Linux shows and the driver reports gives the values, the reason and the lines."""
    recorded = RECORDED[name]
    reported = recorded["level_zero"]
    queries = []

    def query() -> LevelZeroFacts:
        queries.append(name)
        return level_zero.parse_facts(reported)

    _write_nodes(monkeypatch, tmp_path, recorded["nodes"])
    wsl = tmp_path / "dxg"
    if recorded["wsl"]:
        wsl.touch()
    monkeypatch.setattr(level_zero, "WSL_DEVICE", wsl)
    monkeypatch.setattr(level_zero, "query", query)
    monkeypatch.setattr(intel.sys, "platform", recorded["platform"])  # type: ignore[attr-defined]
    found = detect(read_facts(recorded["variables"]))
    assert " ".join(by_feature(found.features).get("device_ip", ())) == recorded["device_ip"]
    shown = [text.replace(str(tmp_path), "") for text in (found.reason or "", *found.hardware)]
    assert shown == [recorded["reason"] or "", *recorded["hardware"]]
    assert found.unseen == (recorded["reason"] is not None)
    assert (len(queries), found.warnings) == (int(reported is not None), ())


def test_recorded_machines_are_of_every_kind() -> None:
    """Systems, numbers of GPUs, and what Linux shows."""
    assert {item["platform"] for item in RECORDED.values()} == {"linux", "win32", "darwin"}
    reported = [item["level_zero"] for item in RECORDED.values()]
    numbers = {len(item["gpus"]) for item in reported if item is not None}
    assert {0, 1, 2, 3, 8} <= numbers
    assert len(RECORDED) >= 12


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading this machine a failure of the test."""

    def fail(*_: object) -> None:
        raise AssertionError("the machine was read")

    monkeypatch.setattr(level_zero, "query", fail)
    monkeypatch.setattr(render_nodes, "read", fail)


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize("ip", ["12.56.5", "30.0.4"])
def test_forced_device_ip_is_all_and_reads_nothing(ip: str) -> None:
    """Its base is not added, as by the published provider."""
    found = intel.query({FORCE_DEVICE_IP: ip}, None)
    assert found == result(("device_ip", (ip,)))
    assert found.unseen is False
    assert found.hardware == (f"device IP {ip}, forced by {FORCE_DEVICE_IP}",)


INVALID = {
    "word": ("bmg", "'bmg' is not of the form architecture.release.revision"),
    "two parts": ("20.1", "'20.1' is not of the form architecture.release.revision"),
    "list": ("20.1.0,20.4.4", "'20.1.0,20.4.4' is not of the form architecture.release.revision"),
    "space": (" 20.1.0", "' 20.1.0' is not of the form architecture.release.revision"),
    "escape": ("\x1b[2J", r"'\x1b[2J' is not of the form architecture.release.revision"),
    "digits": (
        "9" * 500 + ".1.0",
        f"'{'9' * 79}...' is not of the form architecture.release.revision",
    ),
    "other digits": (
        "\u0662\u0660.1.0",
        r"'\u0662\u0660.1.0' is not of the form architecture.release.revision",
    ),
    "unknown": ("12.99.99", f"12.99.99 is not one of {', '.join(intel._BASES)}"),
}


@pytest.mark.usefixtures("no_reading")
@pytest.mark.parametrize(("text", "problem"), INVALID.values(), ids=INVALID)
def test_invalid_forced_device_ip_is_an_error(text: str, problem: str) -> None:
    """The error names the variable; the published provider warns and reports nothing."""
    with pytest.raises(RequestError) as error:
        read_facts({FORCE_DEVICE_IP: text})
    assert str(error.value) == f"{FORCE_DEVICE_IP}: {problem}"


def test_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the other providers."""
    monkeypatch.setattr(render_nodes, "read", tuple)
    monkeypatch.setattr(level_zero, "WSL_DEVICE", Path("/none"))
    monkeypatch.setattr(intel.sys, "platform", "linux")  # type: ignore[attr-defined]
    assert read_facts({FORCE_DEVICE_IP: ""}) == IntelFacts(problem="no Intel GPU found")


def test_result_of_the_driver_is_cached(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The driver is queried once, and the age of what it reported is known."""
    queries = []

    def query() -> LevelZeroFacts:
        queries.append(1)
        return LevelZeroFacts((_gpu("20.1.0"),))

    monkeypatch.setattr(intel.sys, "platform", "linux")  # type: ignore[attr-defined]
    monkeypatch.setattr(level_zero, "query", query)
    monkeypatch.setattr(render_nodes, "read", lambda: (RenderNode("renderD128", 0x8086),))
    first, second = (intel.query({}, tmp_path) for _ in range(2))
    assert first == second == result(("device_ip", ("20.1.0",)))
    assert (first.age, second.age is not None, len(queries)) == (None, True, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="the key is that of Linux")
def test_other_device_or_library_queries_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next job on a node has other devices, and an upgrade another driver."""
    queries = []

    def query() -> LevelZeroFacts:
        queries.append(1)
        return LevelZeroFacts((_gpu("20.1.0"),))

    depends = replace(
        level_zero._dependencies(), devices=((str(tmp_path), "renderD*"),), folders=(str(tmp_path),)
    )
    monkeypatch.setattr(level_zero, "_dependencies", lambda: depends)
    monkeypatch.setattr(level_zero, "query", query)
    for number, name in enumerate(("renderD128", "libze_loader.so.1", "libze_intel_gpu.so.1"), 1):
        (tmp_path / name).touch()
        for _ in range(2):
            level_zero.driver_facts(tmp_path / "cache")
        assert len(queries) == number


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has groups")
def test_device_that_cannot_be_opened_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is not there, it cannot be looked at, or this user has no permission."""
    device = tmp_path / "kfd"
    missing = _files.device_problem(device)
    assert missing == f"there is no {device} here, as in a container that was not given it"
    device.touch()
    assert _files.device_problem(device) is None
    below = _files.device_problem(device / "x")
    assert below == f"{device / 'x'} cannot be opened: Not a directory"
    monkeypatch.setattr(_files, "group", lambda _: "render")
    monkeypatch.setattr(os, "access", lambda *_: False)
    denied = _files.device_problem(device)
    assert denied == f"no permission to open {device}, which the group render has"


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has groups")
def test_group_of_a_device_is_named() -> None:
    """By its number where no name is known, as in a container."""
    assert _files.group(0) in ("root", "wheel")
    assert _files.group(2**31 - 7) == "2147483641"


def test_published_package_is_replaced() -> None:
    """The package that the wheels of 2025 and 2026 name, in the version whose behaviour we have."""
    (built_in,) = (item for item in BUILT_INS if item.name == "intel")
    assert [(item.package, item.version) for item in built_in.published] == [
        ("intel-variant-provider", "0.0.3")
    ]
