"""The options about variants of commands that look at what is installed, and at what could be."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.gpu import PLUGIN, TRUST_GPU, write_gpu_index, write_provider
from tests.e2e.indexes import cuda, torch_files, with_variants
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    QUERY_FAILS,
    Pip,
    request_lines,
    write_pip_conf,
)
from tests.support.stand_in import IndexServer, write_simple_index

CU126_MACHINE = """\
version = 1
[properties.nvidia]
cuda_version_lower_bound = ["12.6"]
sm_arch = ["90_real"]
"""
MISFIT = f"torch 2.8.0 is the variant cu126, which does not fit: {OLD_DRIVER_REASON}"

# How `pip check` is configured for a machine with another GPU: options, variables, pip.conf; the
# line about torch, if there is one.
CHECKS: dict[str, tuple[tuple[str, ...], dict[str, str], str, str | None]] = {
    "nothing": ((), {}, "", MISFIT),
    "platform": (("--variant-platform", "gpu.toml"), {}, "", None),
    "platform by variable": ((), {"PIP_VARIANT_PLATFORM": "gpu.toml"}, "", None),
    "platform in pip.conf": ((), {}, "[check]\nvariant-platform = gpu.toml\n", None),
    "platform of another command": ((), {}, "[install]\nvariant-platform = gpu.toml\n", MISFIT),
    "no variants": (("--no-variants",), {}, "", None),
    "no variants by variable": ((), {"PIP_NO_VARIANTS": "1"}, "", None),
    "disabled": (("--disable-variant-provider", "nvidia"), {}, "", None),
}


def test_pip_check_sees_the_machine_that_install_sees(own_pip: Pip, cu126_index: str) -> None:
    """Options, variables and pip.conf describe the machine for `pip check` as well."""
    assert cu126_index
    (own_pip.folder / "gpu.toml").write_text(CU126_MACHINE)
    found = {}
    for case, (options, variables, config, line) in CHECKS.items():
        file = {"PIP_CONFIG_FILE": str(write_pip_conf(own_pip, config))}
        status = 0 if line is None else 1
        output = own_pip.run(
            "check", *options, machine=OLD_DRIVER, status=status, **{**variables, **file}
        )
        found[case] = (output.stdout, output.stderr)
    assert found == {
        case: (f"{line or 'No broken requirements found.'}\n", "")
        for case, (_, _, _, line) in CHECKS.items()
    }


ALL_OPTIONS = (
    *("--variant", "torch=cu126", "--variant", "torch=!cu129", "--variant", "torhc=!x"),
    *("--variant-platform", "gpu.toml", "--enable-variant-provider", "nvidia"),
    *("--trust-variant-provider", "nvidia-variant-provider"),
    *("--variant-jobs", "1", "--variant-banner", "short"),
)


def test_reports_take_the_options_and_query_nothing(own_pip: Pip, cu126_index: str) -> None:
    """What they report is the same with the options and without; only typing errors count."""
    assert cu126_index
    (own_pip.folder / "gpu.toml").write_text(CU126_MACHINE)
    variables = {
        "PIP_VARIANT": "torch=cu126",
        "PIP_VARIANT_PLATFORM": "gpu.toml",
        "PIP_NO_VARIANTS": "1",
    }
    warning = (
        "WARNING: --variant torhc=!x had no effect: torhc is not installed; did you mean torch?\n"
    )
    for command in (("list",), ("show", "torch"), ("inspect",), ("freeze",)):
        plain = own_pip.run(*command, machine=QUERY_FAILS)
        output = own_pip.run(*command, *ALL_OPTIONS, machine=QUERY_FAILS)
        assert (output.stdout, output.stderr) == (plain.stdout, warning)
        output = own_pip.run(*command, machine=QUERY_FAILS, status=0, **variables)
        assert (output.stdout, output.stderr) == (plain.stdout, "")


def test_pip_check_queries_a_trusted_provider(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """It comes from the indexes of the environment, because `pip check` has no such options."""
    provider = write_provider(tmp_path / "index/files", PLUGIN.replace('["b", "a"]', '["a"]'))
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [provider]})
    file = own_pip.folder / "gpu.toml"
    file.write_text('version = 1\n[properties.gpu]\narch = ["b"]\n')
    url = f"{server.url}simple/"
    own_pip.run("install", "-q", "--index-url", url, "--variant-platform", file, "torch#fast")
    output = own_pip.run("check", *TRUST_GPU, status=1, PIP_INDEX_URL=url)
    needed = "fast needs gpu :: arch :: b, this machine has a"
    line = f"torch 2.8.0 is the variant fast, which does not fit: {needed}"
    assert line in output.stdout.splitlines()
    assert "torch" not in own_pip.run("check", status=0, PIP_INDEX_URL=url).stdout


def test_versions_for_other_machines_are_not_offered(
    own_pip: Pip, cu126_index: str, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """`list --outdated` and `index versions` request the metadata of a version once."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ["cu126", "cu129"])
    for version, label, needed in (("2.9.0", "cu129", "12.9"), ("3.0", "cu130", "13.0")):
        newer = with_variants({label: cuda(needed)})
        files += torch_files(folder, tag, [label], version=version, metadata=newer)
    write_simple_index(tmp_path / "index", {"torch": files})
    outdated = ("list", "--outdated", "--format=json", "--index-url", cu126_index)
    versions = ("index", "versions", "--json", "--index-url", cu126_index, "torch")
    server.requests.clear()
    output = own_pip.run(*outdated, machine=MIDDLE_DRIVER)
    assert "torch" not in {item["name"] for item in json.loads(output.stdout)}
    requested = [line for line in request_lines(server) if ".json" in line]
    assert [line.split("/")[-1] for line in requested] == [
        "torch-3.0-variants.json 200",
        "torch-2.9.0-variants.json 200",
    ]
    found = json.loads(own_pip.run(*versions, machine=MIDDLE_DRIVER).stdout)["versions"]
    assert found == ["2.8.0"]
    (item,) = (
        item for item in json.loads(own_pip.run(*outdated).stdout) if item["name"] == "torch"
    )
    assert item["latest_version"] == "2.9.0"
    assert json.loads(own_pip.run(*versions).stdout)["versions"] == ["2.9.0", "2.8.0"]
    assert json.loads(own_pip.run(*outdated, "--no-variants").stdout) == []


def test_uninstall_of_another_variant_is_refused(own_pip: Pip, cu126_index: str) -> None:
    """A label has to be that of the installed variant, also in a file; else nothing is removed."""
    assert cu126_index
    (own_pip.folder / "r.txt").write_text("torch==2.8.0#cuda12.6\n")
    error = (
        "ERROR: Cannot uninstall torch#cuda12.6: the installed torch is the variant cu126;"
        " torch without a label uninstalls it\n"
    )
    for args in (("torch#cuda12.6",), ("-r", "r.txt")):
        output = own_pip.run("uninstall", "-y", *args, status=1)
        assert (output.stdout, output.stderr) == ("", error)
    output = own_pip.run("uninstall", "-y", "torch#cu126")
    assert output.last_line.strip() == "Successfully uninstalled torch-2.8.0"


def test_freeze_leaves_our_own_wheel_out(pip: Pip) -> None:
    """As pip leaves itself out, unless `--all` is given."""
    name = "pep-xxx-wheel-variants"
    assert name not in pip.run("freeze").stdout.replace("_", "-")
    assert name in pip.run("freeze", "--all").stdout.replace("_", "-")
