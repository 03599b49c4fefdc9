"""Both resolvers of pip, with constraints, backtracking and fast-deps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    PURE_TAG,
    torch_files,
    torch_sdist,
    write_torch_release,
)
from tests.e2e.pips import (
    LEGACY_RESOLVER,
    MIDDLE_DRIVER,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    OTHER_MACHINE,
    Machine,
    Pip,
    each_resolver,
    needs_driver,
)
from tests.support.stand_in import IndexServer, Listed, write_simple_index, write_wheel

# The labels of 2.8.0, the machine, and what is selected; 2.7.0 has a plain wheel.
RESOLVED = {
    "best": ((None, *ALL_LABELS), NEW_DRIVER, "torch-2.8.0-cu129"),
    "second": ((None, *ALL_LABELS), Machine("12.8", "9.0"), "torch-2.8.0-cu128"),
    "null": ((None, *ALL_LABELS), OLD_DRIVER, "torch-2.8.0-00000000"),
    "plain": ((None, *CUDA_LABELS), OLD_DRIVER, "torch-2.8.0"),
    "older": (CUDA_LABELS, OLD_DRIVER, "torch-2.7.0"),
    "no variant": ((None,), NEW_DRIVER, "torch-2.8.0"),
    "sdist": (("sdist", *CUDA_LABELS), OLD_DRIVER, "torch-2.8.0"),
}


@each_resolver
@pytest.mark.parametrize("case", RESOLVED)
def test_both_resolvers_select_the_same_file(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, resolver: tuple[str, ...]
) -> None:
    """Both resolvers select the same file of a requirement and of a dependency."""
    labels, machine, selected = RESOLVED[case]
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, [label for label in labels if label != "sdist"])
    if "sdist" in labels:
        files.append(torch_sdist(root / "files"))
    files += torch_files(root / "files", tag, [None], version="2.7.0")
    app = write_wheel(root / "files", f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
    write_simple_index(root, {"torch": files, "app": [app]})
    output = pip.dry_run(f"{server.url}simple/", *resolver, "app", machine=machine)
    assert output.last_line == f"Would install app-1.0 {selected}"
    assert output.stdout.count("variant_hash=") == selected.count("-") - 1


def test_both_resolvers_print_the_same_text(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Both resolvers print the same text, but the legacy one downloads the file."""
    write_torch_release(tmp_path / "index", tag)
    url = f"{server.url}simple/"
    legacy = pip.dry_run(url, LEGACY_RESOLVER, "torch")
    new = pip.dry_run(url, "--no-cache-dir", "torch")
    fetched = "  Downloading torch-2.8.0-TAG-cu129.whl (SIZE)\n"
    assert (legacy.stdout.replace(fetched, ""), legacy.stderr) == (new.stdout, new.stderr)
    assert fetched in legacy.stdout


# A constraint on torch, of which 2.9.0 and 2.8.0 have variants, and what is selected.
CONSTRAINTS = {
    "below": ("torch<2.9", "torch-2.8.0-cu129"),
    "exactly": ("torch==2.8.0", "torch-2.8.0-cu129"),
    "another spelling": ("Torch<2.9", "torch-2.8.0-cu129"),
    "another project": ("other<1", "torch-2.9.0-cu129"),
    "address": ("torch @ {files}/torch-2.8.0-{tag}-cu126.whl", "torch-2.8.0-cu126"),
    "address of the plain wheel": ("torch @ {files}/torch-2.8.0-{tag}.whl", "torch-2.8.0"),
}


def write_constrained(pip: Pip, server: IndexServer, root: Path, tag: str, line: str) -> None:
    """Write an index of two versions of torch and of an app, and the constraints file."""
    files = torch_files(root / "files", tag, (None, *ALL_LABELS))
    files += torch_files(root / "files", tag, (None, *ALL_LABELS), version="2.9.0")
    app = write_wheel(root / "files", f"app-1.0-{PURE_TAG}.whl", requires=["torch"])
    write_simple_index(root, {"torch": files, "app": [app]})
    text = line.format(files=f"{server.url}files", tag=tag)
    (pip.folder / "constraints.txt").write_text(f"{text}\n")


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_variant_is_selected_within_constraints(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str
) -> None:
    """A constraint restricts the versions or names the file from which a variant is selected."""
    line, selected = CONSTRAINTS[case]
    write_constrained(pip, server, tmp_path / "index", tag, line)
    output = pip.dry_run(f"{server.url}simple/", "-c", "constraints.txt", "app")
    assert (output.last_line, output.stderr) == (f"Would install app-1.0 {selected}", "")
    assert output.stdout.count("variant_hash=") == selected.count("-") - 1
    version = selected.split("-")[1]
    expected_json = [] if "address" in case else [f"/files/torch-{version}-variants.json"]
    assert server.requested(".json") == expected_json


def test_constraint_to_an_unsupported_wheel_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A constraint to the address of a variant that does not fit is an error with the reason."""
    line = CONSTRAINTS["address"][0]
    write_constrained(pip, server, tmp_path / "index", tag, line)
    options = ("-c", "constraints.txt", "app")
    output = pip.dry_run(f"{server.url}simple/", *options, machine=OLD_DRIVER, status=1)
    name = "torch-2.8.0-TAG-cu126.whl"
    assert (
        f"ERROR: {name} does not fit this machine: {OLD_DRIVER_REASON}{OTHER_MACHINE}\n"
        in output.stderr
    )


def test_backtracking_avoids_a_torch_that_does_not_fit(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An older app is selected if the torch of the newest does not fit, with a reason."""
    root = tmp_path / "index"
    files = torch_files(root / "files", tag, CUDA_LABELS)
    files += torch_files(root / "files", tag, [None], version="2.7.0")
    apps = [
        write_wheel(root / "files", f"app-2.0-{PURE_TAG}.whl", requires=["torch>=2.8"]),
        write_wheel(root / "files", f"app-1.0-{PURE_TAG}.whl", requires=["torch"]),
    ]
    write_simple_index(root, {"torch": files, "app": apps})
    output = pip.dry_run(f"{server.url}simple/", "app", machine=OLD_DRIVER)
    assert (
        output.stdout.count(
            f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}\n"
        )
        == 1
    )
    assert (output.last_line, output.stderr) == ("Would install app-1.0 torch-2.7.0", "")


def test_each_passed_over_version_has_its_line(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """Each version that is passed over has its line, in the order in which pip tries them."""
    folder = tmp_path / "index/files"
    files = torch_files(folder, tag, CUDA_LABELS) + torch_files(
        folder, tag, ["cu129"], version="2.9.0"
    )
    files += torch_files(folder, tag, [None], version="2.7.0")
    write_simple_index(tmp_path / "index", {"torch": files})
    output = pip.dry_run(f"{server.url}simple/", "torch", machine=OLD_DRIVER)
    lines = [line for line in output.stdout.splitlines() if line.startswith("Passed over")]
    reason = needs_driver("cu129", "12.9", "12.5")
    assert lines == [
        f"Passed over cu129 of torch 2.9.0: {reason}",
        f"Passed over cu126, cu128 and cu129 of torch 2.8.0: {OLD_DRIVER_REASON}",
    ]
    assert output.last_line == "Would install torch-2.7.0"


@pytest.mark.parametrize("with_core_metadata", [True, False], ids=["PEP 658", "ranges"])
def test_fast_deps_installs_the_selected_variant(
    own_pip: Pip, server: IndexServer, tmp_path: Path, tag: str, *, with_core_metadata: bool
) -> None:
    """`--use-feature=fast-deps` reads a part of the selected wheel and prints one banner."""
    root = tmp_path / "index"
    *wheels, variants_json = torch_files(root / "files", tag, ALL_LABELS)
    listed = [Listed(wheel, core_metadata=with_core_metadata) for wheel in wheels]
    write_simple_index(root, {"torch": [*listed, Listed(variants_json)]})
    install = ("install", "--use-feature=fast-deps", "--index-url", f"{server.url}simple/")
    output = own_pip.run(*install, "torch", machine=MIDDLE_DRIVER)
    assert output.stdout.count("variant_hash=") == 1
    assert output.last_line == "Successfully installed torch-2.8.0-cu126"
    assert own_pip.run_python("-c", "import torch").stdout == "torch 2.8.0, build cu126\n"
    assert {path for path in server.requested() if "-TAG-".replace("TAG", tag) in path} <= {
        f"/files/torch-2.8.0-{tag}-cu126.whl",
        f"/files/torch-2.8.0-{tag}-cu126.whl.metadata",
    }
