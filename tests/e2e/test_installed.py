"""Variants that are installed: what pip's reports say of them, and when they are replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stand_in import IndexServer, Reply, write_simple_index, write_torch_index, write_wheel

from tests.e2e.indexes import ALL, cuda, torch_files, torch_sdist, with_variants
from tests.e2e.pips import NEW, OLD, OLD_WHY, Machine, Pip, asked
from tests.e2e.test_selection import CU129_PROPERTIES

ANY = "py3-none-any"
MIDDLE = Machine("12.6", "9.0")
PAGE = "GET /simple/torch/ 200"
LIST_80 = """\
Package                Version Variant
---------------------- ------- --------
pep_xxx_wheel_variants 1.0.0
"""
MISFIT = (
    "The installed variant cu129 of torch 2.8.0 does not fit this machine: cu129 needs"
    " nvidia :: cuda_version_lower_bound :: 12.9, this machine has up to 12.6"
)
HINT = (
    "Keeping the installed variant cu126 of torch 2.8.0; cu129 fits this machine better:"
    " pip install --upgrade torch\n"
)


@pytest.fixture
def torch(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> str:
    """Return the address of an index of torch 2.8.0's builds; cu126 is installed in own_pip."""
    write_torch_index(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch", machine=MIDDLE)
    server.requests.clear()
    return url


def installed(pip: Pip) -> str | None:
    """Return the label of the installed torch, or None: it is a plain one; it must be there."""
    found = json.loads(pip.run("list", "--format=json").out)
    (entry,) = (item for item in found if item["name"] == "torch")
    label: str | None = entry.get("variant")
    return label


# ---- What is installed ---------------------------------------------------------------------------


def test_reports(own_pip: Pip, torch: str) -> None:
    """`list`, `show`, `inspect` name the variant; `freeze` stays what a stock pip can install."""
    assert torch
    said = own_pip.run("list")
    assert [line.rstrip() for line in said.out.splitlines() if "torch" in line] == [
        "torch                  2.8.0   cu126"
    ]
    assert said.out.splitlines()[0] == "Package                Version Variant"
    assert installed(own_pip) == "cu126"
    shown = own_pip.run("show", "torch").out.splitlines()
    properties = [f"nvidia :: sm_arch :: {arch}0_real" for arch in (5, 6, 7)]
    properties += [f"nvidia :: sm_arch :: {arch}_real" for arch in (75, 80, 86, 90)]
    expected = ["nvidia :: cuda_version_lower_bound :: 12.6", *properties]
    assert shown[-2:] == ["Variant: cu126", f"Variant-properties: {', '.join(expected)}"]
    (entry,) = (
        item
        for item in json.loads(own_pip.run("inspect").out)["installed"]
        if item["metadata"]["name"] == "torch"
    )
    assert entry["variant"] == {"label": "cu126", "properties": expected}
    frozen = own_pip.run("freeze").out.splitlines()
    assert "torch==2.8.0" in frozen


def test_reports_without_variants(pip: Pip) -> None:
    """Where no variant is installed nothing is added."""
    assert pip.run("list").out.split()[:2] == ["Package", "Version"]
    assert "Variant" not in pip.run("list").out + pip.run("show", "pip").out
    assert "variant" not in json.loads(pip.run("list", "--format=json").out)[0]
    assert all("variant" not in item for item in json.loads(pip.run("inspect").out)["installed"])


def test_uninstall_leaves_nothing(own_pip: Pip, torch: str) -> None:
    """What says which variant it is goes with it."""
    assert torch
    own_pip.run("uninstall", "--yes", "torch")
    assert not [path for path in own_pip.python.parents[1].rglob("*torch*") if path.is_file()]


@pytest.mark.parametrize(
    ("machine", "status", "line"),
    [
        (MIDDLE, 0, None),
        (NEW, 0, None),
        (OLD, 1, f"torch 2.8.0 is the variant cu126, which does not fit: {OLD_WHY}"),
    ],
    ids=["the same", "a better one", "an older one"],
)
def test_check(own_pip: Pip, torch: str, machine: Machine, status: int, line: str | None) -> None:
    """`pip check` reports a variant that this machine does not support."""
    assert torch
    # The wheel's own dependency is not there: nothing of the index is needed for these tests.
    own_pip.run("uninstall", "--yes", "--quiet", "pep-xxx-wheel-variants", "--dry-run", status=2)
    said = own_pip.run("check", machine=machine, status=1)
    found = [text for text in said.out.splitlines() if "variantlib" not in text]
    assert found == ([line] if line else [])
    assert (status, said.err) == (1 if line else 0, "")


def test_check_of_what_nobody_can_tell(own_pip: Pip, here: Path) -> None:
    """A provider that is not asked proves nothing: `check` is silent, `list` says why."""
    metadata: dict[str, object] = {
        "default-priorities": {"namespace": ["npu"]},
        "providers": {"npu": {"requires": ["npu-variant-provider"]}},
        "variants": {"npu1": {"npu": {"version": ["1"]}}},
    }
    wheel = write_wheel(here, f"demo-1.0-{ANY}-npu1.whl", variant_json=metadata)
    platform = here / "npu.toml"
    platform.write_text('version = 1\n[properties.npu]\nversion = ["1"]\n')
    own_pip.run("install", "--quiet", "--variant-platform", platform, wheel)
    assert "demo" not in own_pip.run("check", status=1).out
    why = (
        "npu: its provider (npu-variant-provider) is third-party code, which is not run without"
        " --trust-variant-provider npu-variant-provider"
    )
    (entry,) = json.loads(own_pip.run("variants", "list", "--json").out)
    assert entry == {
        "project": "demo",
        "version": "1.0",
        "label": "npu1",
        "properties": ["npu :: version :: 1"],
        "fits": False,
        "reason": why,
    }
    args = ("variants", "list", "--json", "--variant-platform", platform)
    (entry,) = json.loads(own_pip.run(*args).out)
    assert (entry["fits"], entry["reason"]) == (True, None)


def test_variants_list(own_pip: Pip, torch: str) -> None:
    """The installed variants, and whether they fit, as a table."""
    assert torch
    assert (
        own_pip.run("variants", "list", machine=MIDDLE).out
        == """\
Package Version Variant Fits
------- ------- ------- ----
torch   2.8.0   cu126   yes
"""
    )
    said = own_pip.run("variants", "list", machine=OLD)
    assert said.out.splitlines()[-1] == f"torch   2.8.0   cu126   {OLD_WHY}"
    own_pip.run("uninstall", "--yes", "--quiet", "torch")
    assert own_pip.run("variants", "list").out == "No variants are installed.\n"
    assert own_pip.run("variants", "list", "--json").out == "[]\n"


# ---- The machine changed -------------------------------------------------------------------------


def test_a_misfit_is_replaced(own_pip: Pip, server: IndexServer, torch: str) -> None:
    """What this machine does not support any more is said, and replaced in the same version."""
    own_pip.run("install", "--quiet", "--upgrade", "--index-url", torch, "torch")
    assert installed(own_pip) == "cu129"
    server.requests.clear()
    said = own_pip.run("install", "--index-url", torch, "torch", machine=MIDDLE)
    assert said.err == f"WARNING: {MISFIT}\n"
    assert said.last == "Successfully installed torch-2.8.0-cu126"
    assert installed(own_pip) == "cu126"


def test_a_misfit_without_a_replacement_stays(own_pip: Pip, torch: str) -> None:
    """Where nothing else fits the installed one is not taken away: the command fails."""
    assert torch
    args = ("install", "--no-index", "torch")
    said = own_pip.run(*args, machine=OLD, status=1)
    assert said.err.splitlines()[0].startswith(
        "WARNING: The installed variant cu126 of torch 2.8.0"
    )
    assert installed(own_pip) == "cu126"


def test_a_misfit_that_nobody_named_stays(own_pip: Pip, torch: str, here: Path) -> None:
    """A dependency is not replaced behind the user's back; `pip check` tells of it."""
    assert torch
    wheel = write_wheel(here, f"app-1.0-{ANY}.whl", requires=["torch"])
    said = own_pip.run("install", "--no-index", wheel, machine=OLD)
    assert (said.last, said.err) == ("Successfully installed app-1.0", "")
    assert installed(own_pip) == "cu126"


def test_a_better_build_is_a_hint(own_pip: Pip, server: IndexServer, torch: str) -> None:
    """Without an upgrade a build that fits is kept; who named it hears of a better one."""
    said = own_pip.run("install", "--index-url", torch, "torch")
    assert HINT in said.out
    assert "Requirement already satisfied: torch in " in said.out
    # What the JSON says is known since the installation.
    assert (asked(server), said.err) == ([PAGE], "")
    assert installed(own_pip) == "cu126"


def test_no_hint_where_there_is_nothing_better(
    own_pip: Pip, server: IndexServer, torch: str
) -> None:
    """The best build is kept in silence."""
    said = own_pip.run("install", "--index-url", torch, "torch", machine=MIDDLE)
    assert "Keeping" not in said.out
    assert (asked(server), said.err) == ([PAGE], "")


def test_no_hint_for_a_dependency(
    own_pip: Pip, server: IndexServer, torch: str, here: Path
) -> None:
    """What nobody named causes no request."""
    wheel = write_wheel(here, f"app-1.0-{ANY}.whl", requires=["torch"])
    said = own_pip.run("install", "--index-url", torch, wheel)
    assert ("Keeping" in said.out, asked(server)) == (False, [])


def test_no_hint_without_the_index(own_pip: Pip, torch: str) -> None:
    """An index that does not answer is asked once, and no hint is worth a word about it."""
    assert torch
    nobody = "http://127.0.0.1:9/simple/"
    said = own_pip.run("install", "--index-url", nobody, "torch")
    assert "Requirement already satisfied: torch in " in said.out
    assert (said.err, "Keeping" in said.out) == ("", False)


@pytest.mark.parametrize("strategy", ["only-if-needed", "eager"])
def test_upgrade_replaces(own_pip: Pip, server: IndexServer, torch: str, strategy: str) -> None:
    """An upgrade takes the best build of the newest version, once."""
    args = ("install", "--upgrade", "--upgrade-strategy", strategy, "--index-url", torch, "torch")
    assert own_pip.run(*args).last == "Successfully installed torch-2.8.0-cu129"
    server.requests.clear()
    said = own_pip.run(*args)
    assert said.last.startswith("Requirement already satisfied: torch in ")
    assert asked(server) == [PAGE]


def test_upgrade_from_plain(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """A plain wheel is upgraded to the best build too, and from the same version."""
    write_simple_index(
        tmp_path / "index", {"torch": torch_files(tmp_path / "index/files", tag, [None, *ALL])}
    )
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--no-variants", "--index-url", url, "torch")
    assert installed(own_pip) is None
    assert "already satisfied" in own_pip.run("install", "--index-url", url, "torch").out
    own_pip.run("install", "--quiet", "--upgrade", "--index-url", url, "torch")
    assert installed(own_pip) == "cu129"


# From cu126, how another build is asked for, and what is installed then; None: a plain wheel.
WAYS = {
    "--variant": (("--variant", "torch=cu129", "torch"), "cu129"),
    "#LABEL": (("torch#cu128",), "cu128"),
    "the same label": (("torch#cu126",), "cu126"),
    "null": (("torch#null",), "00000000"),
    "--no-variants": (("--no-variants", "torch"), None),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_another_build(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, way: str
) -> None:
    """Each way to want another build replaces the installed one of the same version."""
    files = torch_files(tmp_path / "index/files", tag, [None, *ALL])
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch", machine=MIDDLE)
    args, label = WAYS[way]
    said = own_pip.run("install", "--index-url", url, *args)
    assert said.err == ""
    assert installed(own_pip) == label
    # Once more: nothing to do.
    again = own_pip.run("install", "--index-url", url, *args)
    assert ("already satisfied" in again.out, installed(own_pip)) == (True, label)


@pytest.mark.parametrize("address", [False, True], ids=["file", "address"])
@pytest.mark.parametrize("label", ["cu128", "cu126", None])
def test_explicit_wheel(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str | None, address: bool
) -> None:
    """A wheel of another build replaces the installed one; the same build is left."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [None, *ALL])
    by_label = dict(zip([None, *ALL], files, strict=False))
    own_pip.run("install", "--quiet", by_label["cu126"])
    wheel = by_label[label]
    where = f"{server.url}files/{wheel.name}" if address else str(wheel)
    said = own_pip.run("install", where)
    assert installed(own_pip) == label
    assert ("Successfully installed" in said.out) == (label != "cu126")


def test_sdist_and_older_versions_say_why(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """One line says what was passed over when an sdist is taken; two projects share a reason."""
    root = tmp_path / "index"
    folder = root / "files"
    builds = with_variants({"cu126": cuda("12.6"), "null": {}})
    labels = ["cu126", "null"]
    other = torch_files(folder, ANY, labels, version="1.0", name="vision", metadata=builds)
    torch = torch_files(folder, tag, ["cu126", "cu128"])
    write_simple_index(root, {"torch": [*torch, torch_sdist(folder)], "vision": other})
    url = f"{server.url}simple/"
    said = own_pip.dry_run(url, "vision", "torch", machine=OLD)
    told = [line for line in said.out.splitlines() if line.startswith("Passed over")]
    assert told == [
        f"Passed over cu126 of vision 1.0: {OLD_WHY}",
        "Passed over cu126 and cu128 of torch 2.8.0 for the same reason as of vision 1.0",
    ]
    assert said.last == "Would install torch-2.8.0 vision-1.0-null"
    quiet = own_pip.dry_run(url, "-q", "vision", "torch", machine=OLD)
    assert (quiet.out, quiet.err) == ("", "")


def test_verbose_adds_the_table(pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """With -v the table of `explain` follows the line about what was passed over."""
    write_torch_index(tmp_path / "index", tag)
    said = pip.dry_run(f"{server.url}simple/", "-v", "torch", machine=OLD)
    lines = [line.rstrip() for line in said.out.splitlines()]
    start = lines.index(f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_WHY}")
    assert lines[start + 1] == "torch 2.8.0 from INDEX/simple/torch/"
    assert "Rank  Label     Why" in lines[start:]
    assert "  a driver with CUDA 12.9 or newer would select cu129" in lines[start:]


def test_the_banner_has_what_the_reports_say(own_pip: Pip, torch: str, here: Path) -> None:
    """`install --report`, `inspect` and the banner name the same properties."""
    report = here / "report.json"
    args = ("install", "--upgrade", "--report", report, "--index-url", torch, "torch")
    said = own_pip.run(*args)
    (item,) = json.loads(report.read_text())["install"]
    assert item["variant"] == {"label": "cu129", "properties": list(CU129_PROPERTIES)}
    assert all(f"Variant-property: {text}\n" in said.out for text in CU129_PROPERTIES)


# ---- What must not be replaced -------------------------------------------------------------------


def test_upgrade_without_metadata(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Where nothing is known of the builds, an upgrade does not take a worse one."""
    files = torch_files(tmp_path / "index/files", tag, [None, *ALL])
    write_simple_index(tmp_path / "index", {"torch": files})
    url = f"{server.url}simple/"
    own_pip.run("install", "--quiet", "--index-url", url, "torch")
    server.replies["/files/torch-2.8.0-variants.json"] = Reply(404)
    for options in ((), ("--upgrade",)):
        said = own_pip.run("install", *options, "--index-url", url, "torch")
        assert ("Keeping" in said.out, installed(own_pip)) == (False, "cu129")


def test_upgrade_to_less(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """An index that does not list the installed build offers nothing better by that."""
    folder = tmp_path / "index/files"
    by_label = dict(zip(ALL, torch_files(folder, tag, ALL), strict=False))
    own_pip.run("install", "--quiet", by_label["cu129"])
    listed = [by_label["cu126"], folder / "torch-2.8.0-variants.json"]
    write_simple_index(tmp_path / "index", {"torch": listed})
    url = f"{server.url}simple/"
    for options in ((), ("--upgrade",)):
        said = own_pip.run("install", *options, "--index-url", url, "torch")
        assert ("Keeping" in said.out, installed(own_pip)) == (False, "cu129")


def test_upgrade_leaves_an_editable_one(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A checkout is replaced by no wheel of the same version."""
    write_torch_index(tmp_path / "index", tag)
    site = next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    info = site / "torch-2.8.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0\n")
    (info / "RECORD").write_text("")
    direct = {"url": "file:///torch", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(direct))
    said = own_pip.dry_run(f"{server.url}simple/", "--upgrade", "torch")
    assert "Would install" not in said.out


def test_sdist_takes_the_place(own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str) -> None:
    """What pip took instead of a variant really replaces it, also if that has to be built."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, ALL)
    own_pip.run("install", "--quiet", files[-2])
    write_simple_index(tmp_path / "index", {"torch": [*files, torch_sdist(folder)]})
    said = own_pip.dry_run(f"{server.url}simple/", "--no-variants", "torch")
    assert said.last == "Would install torch-2.8.0"


def test_an_installed_file_that_is_no_text(own_pip: Pip, here: Path) -> None:
    """A variant.json that cannot be read makes a distribution a plain one, and no command fails."""
    own_pip.run("install", "--quiet", write_wheel(here, f"demo-1.0-{ANY}.whl"))
    site = next(own_pip.python.parents[1].glob("lib/python*/site-packages"))
    (site / "demo-1.0.dist-info/variant.json").write_bytes(b"\xff\xfe{")
    for command in (("list",), ("show", "demo"), ("inspect",), ("install", "--no-index", "demo")):
        assert "ariant:" not in own_pip.run(*command).out
    own_pip.run("check", status=1)


# ---- What builds depend on -----------------------------------------------------------------------

DEPENDENT = {
    "$schema": "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json",
    "default-priorities": {"namespace": ["abi_dependency"]},
    "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
    "variants": {"null": {}, "torch28": {"abi_dependency": {"torch": ["2.8"]}}},
}


@pytest.mark.parametrize(
    ("options", "label"),
    [((), "torch28"), (("--target", "elsewhere"), "null"), (("--ignore-installed",), "null")],
    ids=["here", "elsewhere", "ignored"],
)
def test_what_does_not_count_as_installed(
    own_pip: Pip, here: Path, options: tuple[str, ...], label: str
) -> None:
    """A build for an installed version is for where that version is, and stays."""
    own_pip.run("install", "--no-index", write_wheel(here, f"torch-2.8.0-{ANY}.whl"))
    for name in ("null", "torch28"):
        write_wheel(here / "dist", f"ext-1.0-{ANY}-{name}.whl", variant_json=DEPENDENT)
    command = ("install", "--dry-run", "--no-index", "--find-links", "dist", *options, "ext")
    assert own_pip.run(*command).last == f"Would install ext-1.0-{label}"


@pytest.mark.parametrize("early", [(), ("--enable-variant-provider", "other")])
@pytest.mark.parametrize("command", [("download", "--dest"), ("wheel", "--wheel-dir")])
def test_what_is_made_for_elsewhere(
    own_pip: Pip, here: Path, command: tuple[str, ...], early: tuple[str, ...]
) -> None:
    """These resolve without what is installed, whatever other options there are."""
    own_pip.run("install", "--no-index", write_wheel(here, f"torch-2.8.0-{ANY}.whl"))
    for name in ("null", "torch28"):
        write_wheel(here / "dist", f"ext-1.0-{ANY}-{name}.whl", variant_json=DEPENDENT)
    own_pip.run(*command, "out", "--no-index", "--find-links", "dist", *early, "ext")
    assert [path.name for path in (here / "out").iterdir()] == [f"ext-1.0-{ANY}-null.whl"]


def test_two_labels_are_none(pip: Pip) -> None:
    """A wheel with two labels is no wheel, as for a stock pip."""
    wheel = write_wheel(pip.folder / "dist", f"ext-1.0-{ANY}-null.whl", variant_json=DEPENDENT)
    wheel.rename(wheel.with_name(f"ext-1.0-{ANY}-foo-null.whl"))
    said = pip.run("install", "--dry-run", "--no-index", "--find-links", "dist", "ext", status=1)
    assert "No matching distribution found for ext" in said.err
