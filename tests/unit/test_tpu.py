"""The built-in tpu provider: PCI devices that are TPUs, and the forced answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from pip_variants.core.errors import RequestError
from pip_variants.core.target_markers import parse_requirement
from pip_variants.providers import tpu
from pip_variants.providers.registry import built_in_for
from pip_variants.providers.tpu import FORCE_PRESENT, TpuFacts, detect, read_facts
from tests.support.machine_files import machines, write, write_tpu_machine
from tests.unit.provider_cases import by_feature, result

MACHINES = machines("tpu")


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this a Linux machine."""
    monkeypatch.setattr(tpu.sys, "platform", "linux")  # type: ignore[attr-defined]


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize("name", MACHINES)
def test_derived_machine_is_a_tpu_host_or_not(tmp_path: Path, name: str) -> None:
    """A network adapter, a disk or another vendor's device is no TPU."""
    machine = MACHINES[name]
    write_tpu_machine(tmp_path, machine)
    found = detect(read_facts({}, tmp_path))
    assert by_feature(found.features) == {"present": (machine["present"],)}
    assert found.reason == machine["reason"]
    assert [*found.hardware] == machine["hardware"]
    assert found.unseen == (machine["present"] == "false")


def test_machines_have_every_known_chip() -> None:
    """But for the one without a public name, which no machine can be rented with."""
    found = {chip for machine in MACHINES.values() for chip in machine["hardware"]}
    assert found == {*tpu._CHIPS.values()} - {"TPU without a public name"}
    assert len(MACHINES) >= 6


# The files of a PCI device, and whether it is a TPU.
DEVICES = {
    "TPU": ("0x1ae0\n", "0x0063\n", True),
    "without a line end": ("0x1ae0", "0x0063", True),
    "newer than the list": ("0x1ae0\n", "0x00ff\n", False),
    "no device": ("0x1ae0\n", None, False),
    "no vendor": (None, "0x0063\n", False),
    "empty": ("", "", False),
    "nonsense": ("\0" * 100_000, "\x1b[2J", False),
    "more behind it": ("0x1ae0" + " " * 100_000 + "x", "0x0063", True),
    "two words": ("0x1ae0 0x1ae0", "0x0063", False),
}


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(("vendor", "device", "present"), DEVICES.values(), ids=DEVICES)
def test_malformed_device_is_no_tpu(
    tmp_path: Path, vendor: str | None, device: str | None, *, present: bool
) -> None:
    """Of a file only the beginning is read."""
    (tmp_path / tpu.DEVICES / "1").mkdir(parents=True)
    for name, text in (("vendor", vendor), ("device", device)):
        if text is not None:
            write(tmp_path / tpu.DEVICES / "1" / name, text)
    assert bool(read_facts({}, tmp_path).chips) is present


@pytest.mark.usefixtures("linux")
def test_unreadable_folder_is_a_reason(tmp_path: Path) -> None:
    """Then nothing shows that there is no TPU, but nothing else is there to choose by."""
    write(tmp_path / tpu.DEVICES, "")
    found = detect(read_facts({}, tmp_path))
    assert by_feature(found.features) == {"present": ("false",)}
    assert str(found.reason).startswith("the PCI devices could not be read: ")
    assert found.unseen


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_have_no_tpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    """Nothing is read there."""
    write_tpu_machine(tmp_path, MACHINES["v5e-1"])
    monkeypatch.setattr(tpu.sys, "platform", platform)  # type: ignore[attr-defined]
    reason = f"reading TPUs is not supported on {platform}"
    assert detect(read_facts({}, tmp_path)) == result(("present", ("false",)), reason=reason)


FORCED = {
    "1": True,
    "true": True,
    "TRUE": True,
    "True": True,
    "yes": True,
    "0": False,
    "false": False,
    "FALSE": False,
}


@pytest.mark.parametrize(("text", "present"), FORCED.items())
def test_forced_answer_is_the_users(tmp_path: Path, text: str, *, present: bool) -> None:
    """What a user sets is no lack of hardware, and nothing is read."""
    write(tmp_path / tpu.DEVICES, "")
    facts = read_facts({FORCE_PRESENT: text}, tmp_path)
    assert facts == TpuFacts(forced=present)
    found = detect(facts)
    assert found == result(("present", (str(present).lower(),)))
    what = "a TPU" if present else "no TPU"
    assert (found.unseen, found.hardware) == (False, (f"{what}, forced by {FORCE_PRESENT}",))


@pytest.mark.parametrize("text", ["2", "maybe", " ", "true ", "\x1b[2J", "x" * 10_000])
def test_other_forced_answer_is_an_error(text: str) -> None:
    """The error names the variable and what it may be."""
    with pytest.raises(RequestError) as caught:
        read_facts({FORCE_PRESENT: text})
    start, _, allowed = str(caught.value).partition(" is not one of ")
    assert start.startswith("TPU_VARIANT_PROVIDER_FORCE_PRESENT: '")
    assert (len(start) < 150, allowed) == (True, "1, true, yes, 0, false")


@pytest.mark.usefixtures("linux")
def test_empty_variable_forces_nothing(tmp_path: Path) -> None:
    """As for the other providers."""
    write_tpu_machine(tmp_path, MACHINES["v4-8"])
    assert read_facts({FORCE_PRESENT: ""}, tmp_path).chips == ("TPU v4",) * 4


@pytest.mark.parametrize("required", ["tpu-variant-provider>=0.1,<1", "tpu-variant-provider"])
def test_built_in_stands_for_the_published_package(required: str) -> None:
    """No third-party code is needed."""
    api = "tpu_variant_provider.plugin:TpuVariantPlugin"
    found = built_in_for([parse_requirement(required)], api)
    assert found is not None
    assert by_feature(found.query({FORCE_PRESENT: "1"}, None).features) == {"present": ("true",)}
