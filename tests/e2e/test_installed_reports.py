"""What pip reports of installed variants: list, show, inspect, check, freeze."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.indexes import CU129_PROPERTIES, PURE_TAG
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    Machine,
    Pip,
    installed_label,
    request_lines,
)
from tests.support.stand_in import IndexServer, write_wheel


def test_list_show_and_inspect_name_the_variant(own_pip: Pip, cu126_index: str) -> None:
    """`list`, `show` and `inspect` name the variant; `freeze` stays as with a stock pip."""
    assert cu126_index
    output = own_pip.run("list")
    assert [line.rstrip() for line in output.stdout.splitlines() if "torch" in line] == [
        "torch                  2.8.0   cu126"
    ]
    assert output.stdout.splitlines()[0] == "Package                Version Variant"
    assert installed_label(own_pip) == "cu126"
    shown = own_pip.run("show", "torch").stdout.splitlines()
    properties = [f"nvidia :: sm_arch :: {arch}0_real" for arch in (5, 6, 7)]
    properties += [f"nvidia :: sm_arch :: {arch}_real" for arch in (75, 80, 86, 90)]
    expected = ["nvidia :: cuda_version_lower_bound :: 12.6", *properties]
    assert shown[-2:] == ["Variant: cu126", f"Variant-properties: {', '.join(expected)}"]
    (entry,) = (
        item
        for item in json.loads(own_pip.run("inspect").stdout)["installed"]
        if item["metadata"]["name"] == "torch"
    )
    assert entry["variant"] == {"label": "cu126", "properties": expected}
    frozen = own_pip.run("freeze").stdout.splitlines()
    assert "torch==2.8.0" in frozen


def test_reports_without_variants_are_unchanged(pip: Pip) -> None:
    """Without an installed variant the reports have nothing more."""
    assert pip.run("list").stdout.split()[:2] == ["Package", "Version"]
    assert "Variant" not in pip.run("list").stdout + pip.run("show", "pip").stdout
    assert "variant" not in json.loads(pip.run("list", "--format=json").stdout)[0]
    assert all("variant" not in item for item in json.loads(pip.run("inspect").stdout)["installed"])


def test_uninstall_removes_the_variant_metadata(own_pip: Pip, cu126_index: str) -> None:
    """Uninstalling a variant removes all its files."""
    assert cu126_index
    own_pip.run("uninstall", "--yes", "torch")
    assert not [path for path in own_pip.python.parents[1].rglob("*torch*") if path.is_file()]


@pytest.mark.parametrize(
    ("machine", "status", "line"),
    [
        (MIDDLE_DRIVER, 0, None),
        (NEW_DRIVER, 0, None),
        (
            OLD_DRIVER,
            1,
            f"torch 2.8.0 is the variant cu126, which does not fit: {OLD_DRIVER_REASON}",
        ),
    ],
    ids=["same driver", "newer driver", "older driver"],
)
def test_pip_check_reports_an_unsupported_variant(
    own_pip: Pip, cu126_index: str, machine: Machine, status: int, line: str | None
) -> None:
    """`pip check` reports an installed variant that this machine does not support."""
    assert cu126_index
    output = own_pip.run("check", machine=machine, status=status)
    expected = line or "No broken requirements found."
    assert (output.stdout, output.stderr) == (f"{expected}\n", "")


def test_pip_check_ignores_what_needs_an_untrusted_provider(own_pip: Pip, workdir: Path) -> None:
    """A provider that is not queried proves nothing: `check` is silent, `list` gives the reason."""
    metadata: dict[str, object] = {
        "default-priorities": {"namespace": ["npu"]},
        "providers": {"npu": {"requires": ["npu-variant-provider"]}},
        "variants": {"npu1": {"npu": {"version": ["1"]}}},
    }
    wheel = write_wheel(workdir, f"demo-1.0-{PURE_TAG}-npu1.whl", variant_json=metadata)
    platform = workdir / "npu.toml"
    platform.write_text('version = 1\n[properties.npu]\nversion = ["1"]\n')
    own_pip.run("install", "--quiet", "--variant-platform", platform, wheel)
    assert "demo" not in own_pip.run("check").stdout
    reason = (
        "npu: its provider (npu-variant-provider) is third-party code, which is not run without"
        " --trust-variant-provider npu-variant-provider"
    )
    (entry,) = json.loads(own_pip.run("variants", "list", "--json").stdout)
    assert entry == {
        "project": "demo",
        "version": "1.0",
        "label": "npu1",
        "properties": ["npu :: version :: 1"],
        "fits": False,
        "reason": reason,
    }
    args = ("variants", "list", "--json", "--variant-platform", platform)
    (entry,) = json.loads(own_pip.run(*args).stdout)
    assert (entry["fits"], entry["reason"]) == (True, None)


def test_variants_list_shows_whether_variants_fit(own_pip: Pip, cu126_index: str) -> None:
    """`pip variants list` is a table of the installed variants and whether they fit."""
    assert cu126_index
    assert (
        own_pip.run("variants", "list", machine=MIDDLE_DRIVER).stdout
        == """\
Package Version Variant Fits
------- ------- ------- ----
torch   2.8.0   cu126   yes
"""
    )
    output = own_pip.run("variants", "list", machine=OLD_DRIVER)
    assert output.stdout.splitlines()[-1] == f"torch   2.8.0   cu126   {OLD_DRIVER_REASON}"
    own_pip.run("uninstall", "--yes", "--quiet", "torch")
    assert own_pip.run("variants", "list").stdout == "No variants are installed.\n"
    assert own_pip.run("variants", "list", "--json").stdout == "[]\n"


def test_outdated_variants_are_listed_with_what_is_better(
    own_pip: Pip, server: IndexServer, cu126_index: str
) -> None:
    """One request for each installed variant; in another environment, too."""
    command = ("variants", "list", "--outdated", "--index-url", cu126_index)
    site = next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    for path in ((), ("--path", site)):
        server.requests.clear()
        assert (
            own_pip.run(*command, *path).stdout
            == """\
Package Version Variant Better      Fits
------- ------- ------- ----------- ----
torch   2.8.0   cu126   2.8.0 cu129 yes
"""
        )
        assert request_lines(server) == ["GET /simple/torch/ 200"]
    output = own_pip.run(*command, machine=MIDDLE_DRIVER)
    assert output.stdout == "No better variants are available.\n"


def test_banner_and_reports_have_the_same_properties(
    own_pip: Pip, cu126_index: str, workdir: Path
) -> None:
    """`install --report` and the banner have the same properties."""
    report = workdir / "report.json"
    args = ("install", "--upgrade", "--report", report, "--index-url", cu126_index, "torch")
    output = own_pip.run(*args)
    (item,) = json.loads(report.read_text())["install"]
    assert item["variant"] == {"label": "cu129", "properties": list(CU129_PROPERTIES)}
    assert all(f"Variant-property: {text}\n" in output.stdout for text in CU129_PROPERTIES)


def test_undecodable_installed_variant_json_is_ignored(own_pip: Pip, workdir: Path) -> None:
    """A distribution whose variant.json cannot be decoded counts as a plain one."""
    own_pip.run("install", "--quiet", write_wheel(workdir, f"demo-1.0-{PURE_TAG}.whl"))
    site = next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    (site / "demo-1.0.dist-info/variant.json").write_bytes(b"\xff\xfe{")
    for command in (("list",), ("show", "demo"), ("inspect",), ("install", "--no-index", "demo")):
        assert "ariant:" not in own_pip.run(*command).stdout
    own_pip.run("check")
