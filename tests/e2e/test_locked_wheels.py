"""`-r pylock.toml` with variants: real pip, real requests, and what stays as in stock pip."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.indexes import ALL_LABELS, PURE_TAG, torch_files, torch_sdist
from tests.e2e.locks import Table, locked_file, locked_package, write_lock
from tests.e2e.pips import (
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    OTHER_MACHINE,
    QUERY_FAILS,
    QUERYING,
    READS_LOCKS,
    Machine,
    Pip,
    each_resolver,
    installed_label,
    null_banner,
    request_lines,
)
from tests.support.stand_in import TORCH_280, IndexServer, write_wheel

pytestmark = pytest.mark.every_release

LOCK = ("-r", "pylock.toml")
CUDA = ("cu126", "cu128", "cu129")


@pytest.fixture(autouse=True)
def _release_reads_locks(upstream: str) -> None:
    """Skip the tests of this module with releases that read no lock."""
    if upstream not in READS_LOCKS:
        pytest.skip("this release of pip reads no lock")


@pytest.fixture
def torch(server: IndexServer, tmp_path: Path, tag: str) -> dict[str | None, Table]:
    """Return the entries of the wheels of torch 2.8.0 by label; their server has no page."""
    files = torch_files(tmp_path / "index/files", tag, (None, *ALL_LABELS))[:-1]
    entries = [locked_file(path, f"{server.url}files/") for path in files]
    return dict(zip((None, *ALL_LABELS), entries, strict=True))


def lock_torch(
    pip: Pip,
    torch: dict[str | None, Table],
    labels: Sequence[str | None] = ALL_LABELS,
    document: object = TORCH_280,
    **more: object,
) -> None:
    """Write a lock with these wheels of torch 2.8.0 into the folder of pip."""
    wheels = [torch[label] for label in labels]
    package = locked_package("torch", "2.8.0", wheels, document, **more)
    write_lock(pip.folder / "pylock.toml", [package])


def path_of(pip: Pip, label: str | None) -> str:
    """Return the path of a wheel on the server."""
    return f"/files/torch-2.8.0-{pip.tag}{f'-{label}' if label else ''}.whl"


# The machine, the options, and the label that is taken (None: the plain wheel).
CHOICES: dict[str, tuple[Machine, Sequence[str], str | None]] = {
    "new driver": (NEW_DRIVER, (), "cu129"),
    "middle driver": (MIDDLE_DRIVER, (), "cu126"),
    "old driver": (OLD_DRIVER, (), "00000000"),
    "label of an option": (NEW_DRIVER, ("--variant", "torch=cu128"), "cu128"),
    "label of a requirement": (NEW_DRIVER, ("torch#cu126",), "cu126"),
    "label of a later file": (NEW_DRIVER, ("-r", "requirements.txt"), "cu128"),
    "excluded": (NEW_DRIVER, ("--variant", "torch=!cu129"), "cu128"),
    "described machine": (QUERY_FAILS, ("--variant-platform", "box.toml"), "cu126"),
    "without variants": (QUERY_FAILS, ("--no-variants",), None),
}


@pytest.mark.parametrize(("machine", "args", "label"), CHOICES.values(), ids=CHOICES)
def test_locked_wheels_are_chosen_as_those_of_an_index(
    pip: Pip,
    server: IndexServer,
    torch: dict[str | None, Table],
    machine: Machine,
    args: Sequence[str],
    label: str | None,
) -> None:
    """The only request is for the wheel; the report names the variant and the hash of the lock."""
    lock_torch(pip, torch, (*ALL_LABELS, None))
    (pip.folder / "requirements.txt").write_text("torch#cu128\n")
    (pip.folder / "box.toml").write_text(
        "version = 1\ncomplete = true\n[properties.nvidia]\n"
        'cuda_version_lower_bound = ["12.6"]\nsm_arch = ["90_real"]\n'
    )
    url = f"{server.url}simple/"
    output = pip.dry_run(url, "--report", "report.json", *LOCK, *args, machine=machine)
    assert request_lines(server) == [f"GET {path_of(pip, label)} 200"]
    assert output.last_line == f"Would install torch-2.8.0{f'-{label}' if label else ''}"
    (item,) = json.loads((pip.folder / "report.json").read_text())["install"]
    assert item.get("variant", {}).get("label") == label
    hashes = item["download_info"]["archive_info"]["hashes"]
    assert hashes == torch[label]["hashes"]


@each_resolver
def test_choice_is_announced_before_the_wheel_is_fetched(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table], resolver: tuple[str, ...]
) -> None:
    """With the banner and with what was passed over for it, in both resolvers."""
    lock_torch(pip, torch)
    output = pip.dry_run(f"{server.url}simple/", *LOCK, *resolver, machine=OLD_DRIVER)
    passed_over = f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n"
    announced = f"{QUERYING}{passed_over}{null_banner('torch', '2.8.0', '00000000')}"
    assert f"{announced}Collecting torch" in output.stdout
    assert "Would install torch-2.8.0-00000000\n" in output.stdout


def test_nothing_that_fits_is_an_error_with_the_reasons(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table]
) -> None:
    """The first wheel of the lock is not taken, and nothing is requested."""
    lock_torch(pip, torch, CUDA)
    output = pip.dry_run(f"{server.url}simple/", *LOCK, machine=OLD_DRIVER, status=1)
    assert output.stderr.endswith(
        "ERROR: No matching distribution found for torch==2.8.0:"
        f" {OLD_DRIVER_REASON}{OTHER_MACHINE}\n"
    )
    assert request_lines(server) == []


def test_sdist_of_the_lock_is_the_last_resort(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table], tmp_path: Path
) -> None:
    """As PEP 751 has it where no wheel fits, on every machine and without variants."""
    sdist = locked_file(torch_sdist(tmp_path / "index/files"), f"{server.url}files/")
    lock_torch(pip, torch, CUDA, sdist=sdist)
    url = f"{server.url}simple/"
    for args, machine in (((), OLD_DRIVER), (("--no-variants",), QUERY_FAILS)):
        command = (*LOCK, "--no-build-isolation", *args)
        assert pip.dry_run(url, *command, machine=machine).last_line == "Would install torch-2.8.0"
    assert pip.dry_run(url, *LOCK, machine=MIDDLE_DRIVER).last_line.endswith("-cu126")


def test_variants_alone_are_an_error_without_variants(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table]
) -> None:
    """But only if the lock selects the entry."""
    lock_torch(pip, torch, CUDA)
    url = f"{server.url}simple/"
    output = pip.dry_run(url, *LOCK, "--no-variants", status=1)
    assert output.stderr.endswith(
        "ERROR: Cannot select requirements from pylock file 'pylock.toml': all files of torch are"
        " variant wheels, and --no-variants is given\n"
    )
    lock_torch(pip, torch, CUDA, marker="'gpu' in extras")
    pip.dry_run(url, *LOCK, "--no-variants")
    assert request_lines(server) == []


# The arguments after a lock of torch for the extra and the group `gpu`, and whether it is selected.
SELECTED = {
    "neither": (LOCK, False),
    "extra": (("-r", "pylock.toml[gpu]"), True),
    "group": (("--group", "pylock.toml:gpu"), True),
}


@pytest.mark.parametrize(("args", "is_selected"), SELECTED.values(), ids=SELECTED)
def test_only_what_a_lock_selects_is_decided(
    pip: Pip,
    server: IndexServer,
    torch: dict[str | None, Table],
    args: tuple[str, ...],
    *,
    is_selected: bool,
) -> None:
    """No provider is queried for the rest, and no metadata of it read."""
    markers = "'gpu' in extras or 'gpu' in dependency_groups"
    document = TORCH_280 if is_selected else {"variants": 3}
    lock_torch(pip, torch, ALL_LABELS, document, marker=markers)
    machine = NEW_DRIVER if is_selected else QUERY_FAILS
    output = pip.dry_run(f"{server.url}simple/", *args, machine=machine)
    assert ("Would install torch-2.8.0-cu129" in output.stdout) is is_selected
    assert ("Querying" in output.stdout) is is_selected
    assert len(request_lines(server)) == is_selected


@pytest.mark.parametrize("command", [("download", "--dest", "w"), ("wheel", "--wheel-dir", "w")])
def test_other_commands_take_the_same_wheel(
    pip: Pip, torch: dict[str | None, Table], command: tuple[str, ...]
) -> None:
    """Those that stock pip lets read a lock."""
    lock_torch(pip, torch)
    pip.run(*command, *LOCK, machine=MIDDLE_DRIVER)
    assert [path.name for path in (pip.folder / "w").iterdir()] == [
        Path(path_of(pip, "cu126")).name
    ]


def test_wheels_beside_the_lock_are_installed_and_kept(own_pip: Pip, tmp_path: Path) -> None:
    """Paths are relative to the lock; what is installed is kept as for any pinned version."""
    torch_files(tmp_path / "lock/wheels", own_pip.tag, ALL_LABELS)
    files = [
        {**locked_file(path), "path": f"wheels/{path.name}"}
        for path in sorted((tmp_path / "lock/wheels").glob("*.whl"))
    ]
    package = locked_package("torch", "2.8.0", files, TORCH_280)
    lock = write_lock(tmp_path / "lock/pylock.gpu.toml", [package])
    own_pip.run("install", "--no-index", "-r", lock, machine=MIDDLE_DRIVER)
    assert installed_label(own_pip) == "cu126"
    kept = own_pip.run("install", "--no-index", "-r", lock, machine=NEW_DRIVER)
    assert "Keeping the installed variant cu126 of torch 2.8.0" in kept.stdout
    own_pip.run("install", "--no-index", "-U", "-r", lock, machine=NEW_DRIVER)
    assert installed_label(own_pip) == "cu129"


def test_document_that_contradicts_the_wheel_is_refused(
    own_pip: Pip, server: IndexServer, torch: dict[str | None, Table]
) -> None:
    """Nothing is installed in its place."""
    document = json.loads(json.dumps(TORCH_280))
    document["variants"]["cu129"]["nvidia"]["sm_arch"] = ["90_real"]
    lock_torch(own_pip, torch, document=document)
    output = own_pip.run("install", *LOCK, status=1)
    assert "torch-2.8.0-TAG-cu129.whl contradicts pylock.toml, which describes this wheel of" in (
        output.stderr
    )
    assert "wheel of torch 2.8.0 as cu129: nvidia :: cuda_version_lower_bound :: 12.9" in (
        output.stderr
    )
    assert [path for path in request_lines(server) if path.endswith(" 200")] == [
        f"GET {path_of(own_pip, 'cu129')} 200"
    ]


def test_archive_of_the_lock_has_to_be_what_the_lock_describes(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table]
) -> None:
    """It is chosen by its own metadata, as a wheel that the user gives."""
    archive = {key: value for key, value in torch["cu126"].items() if key != "name"}
    document = json.loads(json.dumps(TORCH_280))
    for architectures in (document["variants"]["cu126"]["nvidia"]["sm_arch"], ["90_real"]):
        document["variants"]["cu126"]["nvidia"]["sm_arch"] = architectures
        package = {"name": "torch", "archive": archive, "variants-json": document}
        write_lock(pip.folder / "pylock.toml", [package])
        url, is_right = f"{server.url}simple/", architectures != ["90_real"]
        output = pip.dry_run(url, *LOCK, status=0 if is_right else 1)
        assert ("Would install torch-2.8.0-cu126" in output.stdout) is is_right
        assert ("cu126.whl contradicts pylock.toml, which" in output.stderr) is not is_right


def test_one_locked_wheel_is_not_taken_for_another(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table], tmp_path: Path
) -> None:
    """The hash of the chosen wheel counts, not those of the whole entry."""
    lock_torch(pip, torch)
    files = tmp_path / "index"
    shutil.copy(f"{files}{path_of(pip, 'cu126')}", f"{files}{path_of(pip, 'cu129')}")
    output = pip.dry_run(f"{server.url}simple/", *LOCK, status=1)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in output.stderr


def test_builds_for_what_the_lock_has_fit_in_any_order(
    pip: Pip, server: IndexServer, torch: dict[str | None, Table], tmp_path: Path
) -> None:
    """A project before torch in the lock takes its build for the torch of the lock."""
    document = {
        "default-priorities": {"namespace": ["abi_dependency"]},
        "providers": {"abi_dependency": {"builtin": "abi_dependency"}},
        "variants": {"null": {}, "torch28": {"abi_dependency": {"torch": ["2.8"]}}},
    }
    files = [
        write_wheel(
            tmp_path / "index/files",
            f"ext-1.0-{PURE_TAG}-{label}.whl",
            requires=["torch"],
            variant_json=document,
        )
        for label in ("null", "torch28")
    ]
    entries = [locked_file(path, f"{server.url}files/") for path in files]
    packages = [
        locked_package("ext", "1.0", entries, document),
        locked_package("torch", "2.8.0", [torch[None]]),
    ]
    write_lock(pip.folder / "pylock.toml", packages)
    output = pip.dry_run(f"{server.url}simple/", *LOCK)
    assert output.last_line == "Would install ext-1.0-torch28 torch-2.8.0"
    assert all(line.endswith(".whl 200") for line in request_lines(server))


def test_lock_without_variants_costs_nothing(
    pip: Pip, stock_pip: Pip, server: IndexServer, torch: dict[str | None, Table]
) -> None:
    """The output is that of stock pip, also with `--no-variants`."""
    lock_torch(pip, torch, [None], document=None)
    url = f"{server.url}simple/"
    shutil.copy(pip.folder / "pylock.toml", stock_pip.folder)
    stock = stock_pip.dry_run(url, *LOCK)
    for args in ((), ("--no-variants",)):
        assert pip.dry_run(url, *LOCK, *args, machine=QUERY_FAILS) == stock
