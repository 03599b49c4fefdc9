"""`pip variants platform`, which describes a machine, and `--variant-platform`, which reads it."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
from pip._vendor import tomli

from pip_variants.providers import nvidia, x86_64
from pip_variants.providers.registry import BUILT_INS
from tests.e2e.gpu import PLUGIN, TRUST_GPU, UNTRUSTED_LINE, write_gpu_index, write_provider
from tests.e2e.indexes import ALL_LABELS, torch_files
from tests.e2e.pips import (
    FORCE_CUDA,
    FORCE_SM,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    QUERYING,
    REAL_MACHINE,
    Machine,
    Output,
    Pip,
)
from tests.support.stand_in import TORCH_280, IndexServer, write_simple_index, write_wheel
from tests.support.stand_in_wheel import Json

FEATURES = nvidia.detect(nvidia.NvidiaFacts((12, 9), (9, 0), forced=True)).features
PLATFORM_COMMAND = ("variants", "platform")
COMPLETE = "version = 1\ncomplete = true\n"
NAMESPACES = sorted({item.name for item in BUILT_INS})


def _nvidia_table(*names: str) -> str:
    """Return the nvidia table of NEW_DRIVER in a platform file, or only these features of it."""
    lines = [
        f"{name} = {json.dumps(values)}\n" for name, values in FEATURES if name in (names or name)
    ]
    return "[properties.nvidia]\n" + "".join(lines)


def _file(output: Output) -> str:
    """Return what is printed below the comments about the machine."""
    return output.stdout.partition("\n\n")[2]


def _comments(output: Output) -> list[str]:
    """Return the comments about the machine."""
    return output.stdout.partition("\n\n")[0].splitlines()


@pytest.fixture
def torch_index(tmp_path: Path, server: IndexServer, tag: str) -> str:
    """Return the address of an index with torch, one of whose variants has a dependency."""
    folder = tmp_path / "index/files"
    files = [
        write_wheel(
            folder,
            f"torch-2.8.0-{tag}-{label}.whl",
            variant_json=TORCH_280,
            requires=[
                'extra-of-cuda; "nvidia :: cuda_version_lower_bound :: 12.9" in variant_properties',
                "extra-of-null; 'nvidia' not in variant_namespaces",
            ],
        )
        for label in ALL_LABELS
    ]
    files.append(torch_files(folder, tag, [])[-1])
    others = {
        name: [write_wheel(folder, f"{name.replace('-', '_')}-1.0-py3-none-any.whl")]
        for name in ("extra-of-cuda", "extra-of-null")
    }
    write_simple_index(tmp_path / "index", {"torch": files, **others})
    return f"{server.url}simple/"


def test_named_namespace_is_printed_as_an_incomplete_file(pip: Pip) -> None:
    """The file has all features of the named namespace and is not complete."""
    output = pip.run(*PLATFORM_COMMAND, "nvidia")
    expected = "version = 1\ncomplete = false\n\n# built-in\n" + _nvidia_table()
    assert (_file(output), output.stderr) == (expected, "")


def test_page_names_software_hardware_and_what_was_forced(pip: Pip) -> None:
    """It is what people paste into a bug report, with -v as without but for the age."""
    variables = {"CUDA_VISIBLE_DEVICES": "GPU-8932f937-d72c", "HOME": str(pip.folder)}
    outputs = [
        pip.run(*PLATFORM_COMMAND, *options, "nvidia", machine=NEW_DRIVER, status=0, **variables)
        for options in ((), ("-v", "--refresh"))
    ]
    software, system, *lines = _comments(outputs[0])
    version = pip.run("--version").stdout.split()[1]
    assert software.startswith(f"# pip {version}, {platform.python_implementation()} ")
    assert system.endswith(f"{platform.system()} {platform.release()} {platform.machine()}")
    assert lines == [
        "# variable: CUDA_VISIBLE_DEVICES is set",
        f"# nvidia: CUDA 12.9, forced by {FORCE_CUDA}",
        f"# nvidia: compute capability 9.0, forced by {FORCE_SM}",
    ]
    assert _comments(outputs[1]) == [software, system, *lines, "# nvidia: read now"]
    assert _file(outputs[0]) == _file(outputs[1])
    assert [output.stderr for output in outputs] == ["", ""]


def test_all_namespaces_are_printed_as_a_complete_file(pip: Pip) -> None:
    """Without arguments the file has all built-in namespaces and is complete."""
    output = pip.run(*PLATFORM_COMMAND)
    assert output.stderr == ""
    found = tomli.loads(output.stdout)
    assert _file(output).startswith("version = 1\ncomplete = true\n\n# built-in")
    assert [*found["properties"]] == NAMESPACES
    assert found["properties"]["nvidia"] == {name: [*values] for name, values in FEATURES}
    detected = x86_64.detect(x86_64.read_facts())
    assert [*found["properties"]["x86_64"].items()] == [
        (name, [*values]) for name, values in detected.features
    ]


def test_platform_file_replaces_queries_in_the_output(pip: Pip) -> None:
    """With a platform file its entries are printed, and this machine adds nothing."""
    text = (
        COMPLETE + '[properties.x86_64]\nlevel = ["v2", "v1"]\n[properties.gpu]\n' + _nvidia_table()
    )
    (pip.folder / "p.toml").write_text(text)
    output = pip.run(
        *PLATFORM_COMMAND, *TRUST_GPU, "--variant-platform", "p.toml", machine=OLD_DRIVER
    )
    # Without a requirement nothing names the namespace of a package.
    assert output.stderr.startswith("WARNING: --trust-variant-provider gpu-provider had no effect")
    tables = {f"[properties.{name}]\n" for name in (*NAMESPACES, "gpu")}
    tables -= {"[properties.nvidia]\n", "[properties.x86_64]\n"}
    tables |= {_nvidia_table(), '[properties.x86_64]\nlevel = ["v2", "v1"]\n'}
    assert _file(output) == COMPLETE + "".join(f"\n# user\n{table}" for table in sorted(tables))
    assert "# option: --variant-platform 'p.toml'" in _comments(output)
    assert "# aarch64: 'p.toml' does not list it" in _comments(output)
    assert "# gpu: 'p.toml' lists nothing for it" in _comments(output)


def test_json_option_prints_the_same_entries(pip: Pip) -> None:
    """`--json` prints the entries of `explain`, each namespace once."""
    output = pip.run(*PLATFORM_COMMAND, "--json", "nvidia", "nvidia")
    features = [{"name": name, "values": [*values]} for name, values in FEATURES]
    entry = {"namespace": "nvidia", "state": "built-in", "reason": None, "features": features}
    assert json.loads(output.stdout) == {"namespaces": [entry]}
    everything = json.loads(pip.run(*PLATFORM_COMMAND, "--json").stdout)
    assert [*everything] == ["namespaces"]
    assert [item["namespace"] for item in everything["namespaces"]] == NAMESPACES
    assert entry in everything["namespaces"]


def test_unknown_namespace_is_an_error_with_known_ones(pip: Pip) -> None:
    """An unknown namespace is an error that names the known ones."""
    output = pip.run(*PLATFORM_COMMAND, "x86_64", "am\x1b[31md", status=1)
    expected = r"ERROR: no provider for the namespace 'am\x1b[31md'; there are "
    assert (output.stdout, output.stderr) == ("", f"{expected}{', '.join(NAMESPACES)}\n")


def test_invalid_forced_variable_is_an_error(pip: Pip) -> None:
    """An invalid forced value is an error that names variable and value."""
    output = pip.run(*PLATFORM_COMMAND, machine=Machine("12.9", "9"), status=1)
    text = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH: '9' is not of the form major.minor"
    assert (output.stdout, output.stderr) == ("", f"ERROR: {text}\n")


def test_trusted_provider_is_printed_under_its_namespace(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """A trusted provider is queried too, and printed under the namespace of its plugin."""
    write_gpu_index(
        tmp_path / "index", tag, {"gpu-provider": [write_provider(tmp_path / "index/files")]}
    )
    index = ("--index-url", f"{server.url}simple/")
    output = pip.run(*PLATFORM_COMMAND, *index, *TRUST_GPU, "gpu")
    table = '# plugin\n[properties.gpu]\narch = ["b", "a"]\n'
    assert (_file(output), output.stderr) == (f"version = 1\ncomplete = false\n\n{table}", "")
    all_namespaces = pip.run(*PLATFORM_COMMAND, *index, *TRUST_GPU)
    assert f"\n\n{table}\n" in all_namespaces.stdout
    assert _file(all_namespaces).startswith(COMPLETE)
    (pip.folder / "p.toml").write_text(output.stdout)
    file = ("--variant-platform", "p.toml")
    assert pip.dry_run(index[1], *file, "torch").last_line == "Would install torch-2.8.0-fast"
    off = pip.run(
        *PLATFORM_COMMAND, *index, *TRUST_GPU, "--disable-variant-provider", "gpu", "--json", "gpu"
    )
    assert json.loads(off.stdout)["namespaces"] == [
        {
            "namespace": "gpu",
            "state": "disabled",
            "reason": "disabled by --disable-variant-provider gpu",
            "features": [],
        }
    ]


def test_failing_trusted_provider_makes_the_file_incomplete(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """A failing provider is a comment and a warning, and the file is not complete."""
    folder = tmp_path / "index/files"
    wheel = write_provider(folder, "print('noise')\nraise IndexError('x\\x1b[31m')")
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    index = ("--index-url", f"{server.url}simple/")
    output = pip.run(*PLATFORM_COMMAND, *index, *TRUST_GPU)
    reason = r"its provider (gpu-provider) failed: 'IndexError: x\x1b[31m'"
    assert output.stderr == f"WARNING: gpu-provider: {reason}\n"
    assert f"# gpu-provider: {reason}" in _comments(output)
    found = tomli.loads(output.stdout)
    assert (found["complete"], [*found["properties"]]) == (False, NAMESPACES)


def test_trusted_provider_without_namespace_is_left_out(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """A plugin without a namespace is left out of the file, with a warning."""
    wheel = write_provider(
        tmp_path / "index/files", PLUGIN.replace('    namespace = "gpu"\n', "    pass\n")
    )
    write_gpu_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    output = pip.run(*PLATFORM_COMMAND, "--index-url", f"{server.url}simple/", *TRUST_GPU)
    warning = "gpu-provider does not declare its namespace: left out"
    assert output.stderr == f"WARNING: {warning}\n"
    assert "# option: --trust-variant-provider gpu-provider" in _comments(output)
    assert "gpu" not in _file(output)


@pytest.mark.parametrize("machine", [NEW_DRIVER, OLD_DRIVER, Machine("11.8", "8.0")])
def test_platform_file_reproduces_the_selection_elsewhere(
    pip: Pip, torch_index: str, machine: Machine
) -> None:
    """A file selects on any machine what its own machine selects, dependencies included."""
    on_the_machine = pip.dry_run(torch_index, "torch", machine=machine)
    (pip.folder / "p.toml").write_text(pip.run(*PLATFORM_COMMAND, machine=machine).stdout)
    from_the_file = pip.dry_run(
        torch_index, "--variant-platform", "p.toml", "torch", machine=REAL_MACHINE
    )
    assert from_the_file.stderr == ""
    assert from_the_file.last_line == on_the_machine.last_line
    assert from_the_file.stdout == on_the_machine.stdout.replace(QUERYING, "")
    assert (
        "extra-of-cuda" in from_the_file.last_line,
        "extra-of-null" in from_the_file.last_line,
    ) == (
        machine == NEW_DRIVER,
        machine != NEW_DRIVER,
    )


def test_complete_platform_file_prevents_all_queries(pip: Pip, torch_index: str) -> None:
    """With `complete = true` not even a variable that forces a value is read."""
    (pip.folder / "p.toml").write_text(COMPLETE)
    output = pip.dry_run(
        torch_index, "--variant-platform", "p.toml", "torch", machine=Machine("bad", "bad")
    )
    assert output.stderr == ""
    reason = "nvidia: 'p.toml' does not list it"
    assert f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {reason}\n" in output.stdout
    assert QUERYING not in output.stdout
    # A result of the driver would be cached beside the metadata.
    assert [path.name for path in (pip.folder / "cache/variants").iterdir()] == ["metadata"]


def test_incomplete_platform_file_leaves_the_rest_to_queries(pip: Pip, torch_index: str) -> None:
    """Namespaces that an incomplete file does not list are queried on this machine."""
    (pip.folder / "p.toml").write_text('version = 1\n[properties.x86_64]\nlevel = ["v1"]\n')
    output = pip.dry_run(torch_index, "--variant-platform", "p.toml", "torch", machine=OLD_DRIVER)
    assert QUERYING in output.stdout
    assert f"cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n" in output.stdout


def test_order_in_the_platform_file_decides(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """The order of the features in the file decides between two variants that fit."""
    metadata: Json = {
        "$schema": "https://variants-schema.wheelnext.dev/v0.0.3.json",
        "default-priorities": {"namespace": ["x"]},
        "providers": {"x": {"requires": ["x-provider"]}},
        "variants": {name: {"x": {name: ["1"]}} for name in ("a", "b")},
    }
    files = torch_files(tmp_path / "index/files", tag, ["a", "b"], metadata=metadata)
    write_simple_index(tmp_path / "index", {"torch": files})
    for first, second in (("a", "b"), ("b", "a")):
        text = f'version = 1\n[properties.x]\n{first} = ["1"]\n{second} = ["1"]\n'
        (pip.folder / "p.toml").write_text(text)
        output = pip.dry_run(f"{server.url}simple/", "--variant-platform", "p.toml", "torch")
        assert output.last_line == f"Would install torch-2.8.0-{first}"


@pytest.mark.parametrize("setting", ["variable", "configuration"])
def test_platform_file_comes_from_variable_or_configuration(
    pip: Pip, torch_index: str, tmp_path: Path, setting: str
) -> None:
    """A variable and pip.conf name the file too, and the option has precedence."""
    (pip.folder / "p.toml").write_text(COMPLETE + _nvidia_table())
    (pip.folder / "none.toml").write_text(COMPLETE)
    extra = {"PIP_VARIANT_PLATFORM": "p.toml"}
    if setting == "configuration":
        config = tmp_path / "pip.conf"
        config.write_text("[global]\nvariant-platform = p.toml\n")
        extra = {"PIP_CONFIG_FILE": str(config)}
    output = pip.dry_run(torch_index, "torch", machine=REAL_MACHINE, status=0, **extra)
    assert output.last_line == "Would install extra-of-cuda-1.0 torch-2.8.0-cu129"
    options = ("--variant-platform", "none.toml")
    output = pip.dry_run(torch_index, *options, "torch", machine=REAL_MACHINE, status=0, **extra)
    assert output.last_line == "Would install extra-of-null-1.0 torch-2.8.0-00000000"


CROSS_TARGET = (
    *("--platform", "manylinux_2_28_aarch64", "--python-version", "3.13", "--abi", "cp313"),
    *("--only-binary", ":all:", "--target", "elsewhere"),
)


@pytest.mark.parametrize(
    ("text", "label"),
    [(COMPLETE + _nvidia_table(), "cu129"), (COMPLETE, "00000000"), ("version = 1\n", "00000000")],
    ids=["listed", "not listed", "incomplete"],
)
def test_platform_file_describes_a_cross_target(
    pip: Pip, server: IndexServer, tmp_path: Path, text: str, label: str
) -> None:
    """The file gives a cross target its properties, and enable-if holds for that target."""
    tag = "cp313-cp313-manylinux_2_28_aarch64"
    files = torch_files(tmp_path / "index/files", tag, ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files})
    (pip.folder / "p.toml").write_text(text)
    options = (*CROSS_TARGET, "--variant-platform", "p.toml")
    output = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert (output.stderr, output.last_line) == ("", f"Would install torch-2.8.0-{label}")
    assert QUERYING not in output.stdout


def test_platform_file_does_not_enable_a_disabled_provider(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """A provider that enable-if disables for the target stays disabled."""
    files = torch_files(tmp_path / "index/files", "cp313-cp313-macosx_11_0_arm64", ALL_LABELS)
    write_simple_index(tmp_path / "index", {"torch": files})
    (pip.folder / "p.toml").write_text(COMPLETE + _nvidia_table())
    options = [word.replace("manylinux_2_28_aarch64", "macosx_11_0_arm64") for word in CROSS_TARGET]
    output = pip.dry_run(f"{server.url}simple/", *options, "--variant-platform", "p.toml", "torch")
    assert output.last_line == "Would install torch-2.8.0-00000000"
    assert "nvidia: enabled only if platform_system == 'Linux' or " in output.stdout


def test_platform_of_a_cross_target_is_empty(pip: Pip) -> None:
    """For a cross target the printed file is empty and not complete."""
    output = pip.run(*PLATFORM_COMMAND, "--platform", "manylinux_2_28_aarch64")
    found = tomli.loads(output.stdout)
    assert (found["complete"], found.get("properties")) == (False, None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing.toml", None, "'missing.toml' cannot be read: No such file or directory"),
        ("p.toml", "version = \n", "'p.toml': 'Invalid value (at line 1, column 11)'"),
        (
            "p.toml",
            "version = 1\n[properties.nvidia]\nsm_arch = [9.0]\n",
            "'p.toml': line 3: properties.nvidia.sm_arch: 9.0 must be a string, in quotes",
        ),
        ("\x1b]0;p\x07.toml", "", r"'\x1b]0;p\x07.toml': version: missing; write version = 1"),
    ],
    ids=["missing", "not TOML", "a number", "control characters"],
)
@pytest.mark.parametrize(
    "command", [("install", "torch"), PLATFORM_COMMAND], ids=["install", "platform"]
)
def test_invalid_platform_file_ends_the_command(
    pip: Pip, command: tuple[str, ...], name: str, text: str | None, message: str
) -> None:
    """An invalid file ends the command at once, with the line and the key."""
    if text is not None:
        (pip.folder / name).write_text(text)
    output = pip.run(*command, "--no-index", "--variant-platform", name, status=1)
    assert (output.stdout, output.stderr) == ("", f"ERROR: --variant-platform: {message}\n")


def test_platform_file_replaces_an_untrusted_provider(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """A platform file makes a variant fit without running the third-party provider."""
    write_gpu_index(tmp_path / "index", tag, {})
    index = f"{server.url}simple/"
    assert UNTRUSTED_LINE in pip.dry_run(index, "torch").stdout
    (pip.folder / "p.toml").write_text('version = 1\n[properties.gpu]\narch = ["b"]\n')
    output = pip.dry_run(index, "--variant-platform", "p.toml", "torch")
    assert (output.stderr, output.last_line) == ("", "Would install torch-2.8.0-fast")
    assert "variant providers" not in output.stdout


@pytest.mark.every_release
def test_installation_by_a_platform_file_ends_well(own_pip: Pip, torch_index: str) -> None:
    """What is compared with the file when all is installed is known by then."""
    (own_pip.folder / "gpu.toml").write_text(COMPLETE + _nvidia_table())
    options = ("--no-deps", "--index-url", torch_index, "--variant-platform", "gpu.toml")
    output = own_pip.run("install", *options, "torch", machine=OLD_DRIVER)
    assert (output.last_line, output.stderr) == ("Successfully installed torch-2.8.0-cu129", "")
