"""`pip variants platform`, which describes a machine, and `--variant-platform`, which reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pip._vendor import tomli
from stand_in import TORCH_280, IndexServer, write_simple_index, write_wheel
from stand_in_wheel import Json

from pip_variants.providers import nvidia, x86_64
from tests.e2e.gpu import PLUGIN, TRUST, UNTRUSTED, provider_wheel, write_index
from tests.e2e.indexes import ALL, torch_files
from tests.e2e.pips import NEW, OLD, OLD_WHY, QUERYING, THIS, Machine, Pip

FEATURES = nvidia.detect(nvidia.Facts((12, 9), (9, 0), forced=True)).features
PLATFORM = ("variants", "platform")
COMPLETE = "version = 1\ncomplete = true\n"


def _table(*names: str) -> str:
    """Return the table of NEW in a file, or only these features of it."""
    lines = [
        f"{name} = {json.dumps(values)}\n" for name, values in FEATURES if name in (names or name)
    ]
    return "[properties.nvidia]\n" + "".join(lines)


@pytest.fixture
def url(tmp_path: Path, server: IndexServer, tag: str) -> str:
    """Return the address of an index with torch, one of whose builds depends on more."""
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
        for label in ALL
    ]
    files.append(torch_files(folder, tag, [])[-1])
    others = {
        name: [write_wheel(folder, f"{name.replace('-', '_')}-1.0-py3-none-any.whl")]
        for name in ("extra-of-cuda", "extra-of-null")
    }
    write_simple_index(tmp_path / "index", {"torch": files, **others})
    return f"{server.url}simple/"


def test_one_namespace_as_text(pip: Pip) -> None:
    """Of the namespaces that are named the file says all, and is not complete."""
    said = pip.run(*PLATFORM, "nvidia")
    assert (said.out, said.err) == (
        "version = 1\ncomplete = false\n\n# built-in\n" + _table(),
        "",
    )


def test_all_namespaces_as_text(pip: Pip) -> None:
    """Without a name it is all that is known of the machine, in a file that is complete."""
    said = pip.run(*PLATFORM)
    assert said.err == ""
    found = tomli.loads(said.out)
    assert said.out.startswith("version = 1\ncomplete = true\n\n# built-in")
    assert [*found["properties"]] == ["aarch64", "nvidia", "x86_64"]
    assert found["properties"]["nvidia"] == {name: [*values] for name, values in FEATURES}
    here = x86_64.detect(x86_64.read_facts())
    assert [*found["properties"]["x86_64"].items()] == [
        (name, [*values]) for name, values in here.features
    ]


def test_a_described_machine_as_text(pip: Pip) -> None:
    """A file describes what is asked about as well: it is said so, and nothing is added."""
    text = COMPLETE + '[properties.x86_64]\nlevel = ["v2", "v1"]\n[properties.gpu]\n' + _table()
    (pip.folder / "p.toml").write_text(text)
    said = pip.run(*PLATFORM, *TRUST, "--variant-platform", "p.toml", machine=OLD)
    assert said.err == ""
    assert said.out == (
        "version = 1\ncomplete = true\n"
        "\n# user: 'p.toml' does not list it\n[properties.aarch64]\n"
        "\n# user: 'p.toml' lists nothing for it\n[properties.gpu]\n"
        f"\n# user\n{_table()}"
        '\n# user\n[properties.x86_64]\nlevel = ["v2", "v1"]\n'
    )


def test_as_json(pip: Pip) -> None:
    """The entries are those of `explain`; a namespace that is named twice is there once."""
    said = pip.run(*PLATFORM, "--json", "nvidia", "nvidia")
    features = [{"name": name, "values": [*values]} for name, values in FEATURES]
    entry = {"namespace": "nvidia", "state": "built-in", "reason": None, "features": features}
    assert json.loads(said.out) == {"namespaces": [entry]}
    everything = json.loads(pip.run(*PLATFORM, "--json").out)
    assert [*everything] == ["namespaces"]
    assert [item["namespace"] for item in everything["namespaces"]] == [
        "aarch64",
        "nvidia",
        "x86_64",
    ]
    assert entry in everything["namespaces"]


def test_an_unknown_namespace(pip: Pip) -> None:
    """Nobody can be asked about it: an error that names those who can."""
    said = pip.run(*PLATFORM, "x86_64", "am\x1b[31md", status=1)
    expected = r"ERROR: nobody can be asked about 'am\x1b[31md', but aarch64, nvidia, x86_64"
    assert (said.out, said.err) == ("", f"{expected}\n")


def test_a_forced_variable_that_is_bad(pip: Pip) -> None:
    """An error that names variable and value."""
    said = pip.run(*PLATFORM, machine=Machine("12.9", "9"), status=1)
    text = "NV_VARIANT_PROVIDER_FORCE_SM_ARCH: '9' is not of the form major.minor"
    assert (said.out, said.err) == ("", f"ERROR: {text}\n")


def test_a_trusted_package(pip: Pip, tmp_path: Path, server: IndexServer, tag: str) -> None:
    """A package that is trusted is asked too, under the name that it gives itself."""
    write_index(
        tmp_path / "index", tag, {"gpu-provider": [provider_wheel(tmp_path / "index/files")]}
    )
    index = ("--index-url", f"{server.url}simple/")
    said = pip.run(*PLATFORM, *index, *TRUST, "gpu")
    table = '# plugin\n[properties.gpu]\narch = ["b", "a"]\n'
    assert (said.out, said.err) == (f"version = 1\ncomplete = false\n\n{table}", "")
    whole = pip.run(*PLATFORM, *index, *TRUST)
    assert f"\n\n{table}\n" in whole.out
    assert whole.out.startswith(COMPLETE)
    (pip.folder / "p.toml").write_text(said.out)
    file = ("--variant-platform", "p.toml")
    assert pip.dry_run(index[1], *file, "torch").last == "Would install torch-2.8.0-fast"
    off = pip.run(*PLATFORM, *index, *TRUST, "--disable-variant-provider", "gpu", "--json", "gpu")
    assert json.loads(off.out)["namespaces"] == [
        {
            "namespace": "gpu",
            "state": "disabled",
            "reason": "switched off by --disable-variant-provider gpu",
            "features": [],
        }
    ]


def test_a_trusted_package_that_fails(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """The file stays one: what fails is a comment and a warning, and the file is not complete."""
    folder = tmp_path / "index/files"
    wheel = provider_wheel(folder, "print('noise')\nraise IndexError('x\\x1b[31m')")
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    index = ("--index-url", f"{server.url}simple/")
    said = pip.run(*PLATFORM, *index, *TRUST)
    why = r"its provider (gpu-provider) failed: 'IndexError: x\x1b[31m'"
    assert said.err == f"WARNING: gpu-provider: {why}\n"
    assert f"\n\n# gpu-provider: failed: {why}\n\n" in said.out
    found = tomli.loads(said.out)
    assert (found["complete"], [*found["properties"]]) == (False, ["aarch64", "nvidia", "x86_64"])


def test_a_trusted_package_without_a_namespace(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """Without metadata nobody can tell which namespace is meant."""
    wheel = provider_wheel(
        tmp_path / "index/files", PLUGIN.replace('    namespace = "gpu"\n', "    pass\n")
    )
    write_index(tmp_path / "index", tag, {"gpu-provider": [wheel]})
    said = pip.run(*PLATFORM, "--index-url", f"{server.url}simple/", *TRUST)
    warning = "gpu-provider does not say which namespace is its own: left out"
    assert said.err == f"WARNING: {warning}\n"
    assert "gpu" not in said.out


@pytest.mark.parametrize("machine", [NEW, OLD, Machine("11.8", "8.0")])
def test_the_same_choice_elsewhere(pip: Pip, url: str, machine: Machine) -> None:
    """A file makes any machine choose as the one that wrote it, dependencies included."""
    there = pip.dry_run(url, "torch", machine=machine)
    (pip.folder / "p.toml").write_text(pip.run(*PLATFORM, machine=machine).out)
    here = pip.dry_run(url, "--variant-platform", "p.toml", "torch", machine=THIS)
    assert here.err == ""
    assert here.last == there.last
    assert here.out == there.out.replace(QUERYING, "")
    assert ("extra-of-cuda" in here.last, "extra-of-null" in here.last) == (
        machine == NEW,
        machine != NEW,
    )


def test_a_described_machine_is_not_probed(pip: Pip, url: str) -> None:
    """With `complete = true` not even a variable that forces an answer is looked at."""
    (pip.folder / "p.toml").write_text(COMPLETE)
    said = pip.dry_run(url, "--variant-platform", "p.toml", "torch", machine=Machine("bad", "bad"))
    assert said.err == ""
    why = "nvidia: 'p.toml' does not list it"
    assert f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {why}\n" in said.out
    assert QUERYING not in said.out
    # What the driver says would be remembered beside the metadata.
    assert [path.name for path in (pip.folder / "cache/variants").iterdir()] == ["metadata"]


def test_a_file_with_holes(pip: Pip, url: str) -> None:
    """What an incomplete file leaves open is asked of this machine."""
    (pip.folder / "p.toml").write_text('version = 1\n[properties.x86_64]\nlevel = ["v1"]\n')
    said = pip.dry_run(url, "--variant-platform", "p.toml", "torch", machine=OLD)
    assert QUERYING in said.out
    assert f"cu128 and cu129 of torch 2.8.0: {OLD_WHY}\n" in said.out


def test_the_order_of_the_file_decides(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Which of two builds that fit is better is what the file says."""
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
        said = pip.dry_run(f"{server.url}simple/", "--variant-platform", "p.toml", "torch")
        assert said.last == f"Would install torch-2.8.0-{first}"


@pytest.mark.parametrize("way", ["variable", "configuration"])
def test_other_ways_to_say_it(pip: Pip, url: str, tmp_path: Path, way: str) -> None:
    """Environment and configuration name the file too; what is typed counts more."""
    (pip.folder / "p.toml").write_text(COMPLETE + _table())
    (pip.folder / "none.toml").write_text(COMPLETE)
    extra = {"PIP_VARIANT_PLATFORM": "p.toml"}
    if way == "configuration":
        config = tmp_path / "pip.conf"
        config.write_text("[global]\nvariant-platform = p.toml\n")
        extra = {"PIP_CONFIG_FILE": str(config)}
    said = pip.dry_run(url, "torch", machine=THIS, status=0, **extra)
    assert said.last == "Would install extra-of-cuda-1.0 torch-2.8.0-cu129"
    typed = ("--variant-platform", "none.toml")
    said = pip.dry_run(url, *typed, "torch", machine=THIS, status=0, **extra)
    assert said.last == "Would install extra-of-null-1.0 torch-2.8.0-00000000"


FOREIGN = (
    *("--platform", "manylinux_2_28_aarch64", "--python-version", "3.13", "--abi", "cp313"),
    *("--only-binary", ":all:", "--target", "elsewhere"),
)


@pytest.mark.parametrize(
    ("text", "label"),
    [(COMPLETE + _table(), "cu129"), (COMPLETE, "00000000"), ("version = 1\n", "00000000")],
    ids=["listed", "not listed", "left open"],
)
def test_a_foreign_target(
    pip: Pip, server: IndexServer, tmp_path: Path, text: str, label: str
) -> None:
    """It is how another machine gets its properties; enable-if is judged for that machine."""
    tag = "cp313-cp313-manylinux_2_28_aarch64"
    files = torch_files(tmp_path / "index/files", tag, ALL)
    write_simple_index(tmp_path / "index", {"torch": files})
    (pip.folder / "p.toml").write_text(text)
    options = (*FOREIGN, "--variant-platform", "p.toml")
    said = pip.dry_run(f"{server.url}simple/", *options, "torch")
    assert (said.err, said.last) == ("", f"Would install torch-2.8.0-{label}")
    assert QUERYING not in said.out


def test_a_foreign_target_for_which_the_provider_is_not(
    pip: Pip, server: IndexServer, tmp_path: Path
) -> None:
    """A file does not switch on what is not meant for the target."""
    files = torch_files(tmp_path / "index/files", "cp313-cp313-macosx_11_0_arm64", ALL)
    write_simple_index(tmp_path / "index", {"torch": files})
    (pip.folder / "p.toml").write_text(COMPLETE + _table())
    options = [word.replace("manylinux_2_28_aarch64", "macosx_11_0_arm64") for word in FOREIGN]
    said = pip.dry_run(f"{server.url}simple/", *options, "--variant-platform", "p.toml", "torch")
    assert said.last == "Would install torch-2.8.0-00000000"
    assert "nvidia: enabled only if platform_system == 'Linux' or " in said.out


def test_the_platform_of_a_foreign_target(pip: Pip) -> None:
    """This machine says nothing of another one: the file leaves everything open."""
    said = pip.run(*PLATFORM, "--platform", "manylinux_2_28_aarch64")
    found = tomli.loads(said.out)
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
@pytest.mark.parametrize("command", [("install", "torch"), PLATFORM], ids=["install", "platform"])
def test_mistakes(
    pip: Pip, command: tuple[str, ...], name: str, text: str | None, message: str
) -> None:
    """A file with mistakes ends the command before it does anything: the line and the key."""
    if text is not None:
        (pip.folder / name).write_text(text)
    said = pip.run(*command, "--no-index", "--variant-platform", name, status=1)
    assert (said.out, said.err) == ("", f"ERROR: --variant-platform: {message}\n")


def test_an_untrusted_provider_can_be_described(
    pip: Pip, tmp_path: Path, server: IndexServer, tag: str
) -> None:
    """Who does not want to run the code of others says himself what the machine has."""
    write_index(tmp_path / "index", tag, {})
    index = f"{server.url}simple/"
    assert UNTRUSTED in pip.dry_run(index, "torch").out
    (pip.folder / "p.toml").write_text('version = 1\n[properties.gpu]\narch = ["b"]\n')
    said = pip.dry_run(index, "--variant-platform", "p.toml", "torch")
    assert (said.err, said.last) == ("", "Would install torch-2.8.0-fast")
    assert "variant providers" not in said.out
