"""Requested labels that no wheel has or that do not fit this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.indexes import (
    ALL_LABELS,
    CUDA_LABELS,
    TORCH_JSON,
    torch_files,
    write_torch_projects,
)
from tests.e2e.pips import (
    LEGACY_RESOLVER,
    NEW_DRIVER,
    OLD_DRIVER,
    OLD_DRIVER_REASON,
    OTHER_MACHINE,
    READING,
    RESOLVERS,
    UNREAD,
    Machine,
    Pip,
    needs_driver,
)
from tests.support.stand_in import IndexServer, Reply, write_simple_index

CU129_REASON = needs_driver("cu129", "12.9", "12.6")
LABELS_BY_RANK = "cu129, cu128, cu126 and 00000000"
NOT_FOUND = """\
ERROR: Could not find a version that satisfies the requirement {0} (from versions: {1})
ERROR: No matching distribution found for {0}: {2}
"""


# The machine, requirement and label, the versions in the error, and the reason.
UNSATISFIABLE = {
    "unknown label": (
        NEW_DRIVER,
        ("torch==2.8.0", "cu130"),
        "2.7.0, 2.8.0",
        f"No wheel of torch 2.8.0 has the variant label cu130; available: {LABELS_BY_RANK}",
    ),
    "does not fit": (
        Machine("12.6", "9.0"),
        ("torch==2.8.0", "cu129"),
        "2.7.0, 2.8.0",
        f"Variant cu129 of torch 2.8.0 does not fit: {CU129_REASON}{OTHER_MACHINE}",
    ),
    "nothing fits": (
        OLD_DRIVER,
        ("torch==2.8.0", "cu126"),
        "2.7.0, 2.8.0",
        f"Variant cu126 of torch 2.8.0 does not fit: {OLD_DRIVER_REASON}{OTHER_MACHINE}",
    ),
    "no variants": (
        NEW_DRIVER,
        ("plain", "cu126"),
        "1.0",
        "No wheel of plain 1.0 has the variant label cu126; available: no variants",
    ),
    "null of a plain project": (
        NEW_DRIVER,
        ("plain", "null"),
        "1.0",
        "No wheel of plain 1.0 has the variant label null; available: no variants",
    ),
    "no null variant": (
        NEW_DRIVER,
        ("scikit-learn", "null"),
        "1.0",
        "No wheel of scikit-learn 1.0 has the variant label null; available: cu129 and cu126",
    ),
}


@pytest.mark.parametrize("form", ["requirement", "option", "legacy"])
@pytest.mark.parametrize("case", UNSATISFIABLE)
def test_unsatisfiable_label_is_an_error_with_the_reason(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, case: str, form: str
) -> None:
    """No plain wheel and no sdist replaces the requested label, and one line has the reason."""
    machine, (requirement, label), versions, reason = UNSATISFIABLE[case]
    write_torch_projects(tmp_path / "index", tag, sdist=True)
    project = requirement.split("=")[0]
    args = (
        (f"{requirement}#{label}",)
        if form == "requirement"
        else ("--variant", f"{project}={label}", requirement)
    )
    options = (LEGACY_RESOLVER,) if form == "legacy" else ()
    output = pip.dry_run(f"{server.url}simple/", *options, *args, machine=machine, status=1)
    assert output.stderr == NOT_FOUND.format(requirement, versions, reason)
    assert f"{reason}\n" in output.stdout
    assert [name for name in server.requested() if name.endswith((".whl", ".gz"))] == []


def test_older_version_with_the_requested_label_is_selected(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """An older version that has the label is selected, and one line has the reason."""
    write_torch_projects(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch#cu118")
    assert output.last_line == "Would install torch-2.7.0-cu118"
    reason = f"No wheel of torch 2.8.0 has the variant label cu118; available: {LABELS_BY_RANK}\n"
    assert (reason in output.stdout, output.stderr) == (True, "")


def test_unsatisfiable_label_of_a_dependency_is_an_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """A requested label of a dependency that no wheel has is an error."""
    write_torch_projects(tmp_path / "index", tag, ALL_LABELS)
    options = ("--variant", "torch=cu130")
    output = pip.dry_run(f"{server.url}simple/", *options, "app", status=1)
    reason = f"No wheel of torch 2.8.0 has the variant label cu130; available: {LABELS_BY_RANK}"
    assert f"ERROR: No matching distribution found for torch: {reason}\n" in output.stderr


@pytest.mark.parametrize(
    ("label", "status"), [("cu126", 0), ("cu129", 1)], ids=["read", "not read"]
)
def test_requested_label_alone_has_to_be_read(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str, status: int
) -> None:
    """Without the variants JSON the wheel of the label is read; those of others may fail."""
    write_torch_projects(tmp_path / "index", tag)
    server.replies[TORCH_JSON] = Reply(404)
    server.replies[f"/files/torch-2.8.0-{tag}-cu129.whl"] = Reply(404)
    url = f"{server.url}simple/"
    output = pip.dry_run(url, f"torch==2.8.0#{label}", status=status)
    if status:
        assert output.stderr.startswith(f"{UNREAD}cu129 cannot be read: torch-2.8.0-variants.json")
    else:
        assert output.last_line == "Would install torch-2.8.0-cu126"
        assert output.stderr == f"{READING}the server responded with status 404\n"


# The project, and the version of which the error has the labels.
MANY_VERSIONS = {"variants": ("torch", "2.40"), "no variants": ("plain", "1.40")}


@pytest.mark.parametrize("resolver", RESOLVERS.values(), ids=RESOLVERS)
@pytest.mark.parametrize("case", MANY_VERSIONS)
def test_label_of_no_version_is_one_line(
    pip: Pip,
    server: IndexServer,
    tmp_path: Path,
    tag: str,
    case: str,
    resolver: tuple[str, ...],
) -> None:
    """However many versions there are; only the metadata of the newest is read."""
    project, newest = MANY_VERSIONS[case]
    major = newest.partition(".")[0]
    folder = tmp_path / "index/files"
    labels: list[str | None] = ["cu126", "cu129"] if case == "variants" else [None]
    files = [
        file
        for minor in range(41)
        for file in torch_files(folder, tag, labels, version=f"{major}.{minor}", name=project)
    ]
    write_simple_index(tmp_path / "index", {project: files})
    output = pip.dry_run(f"{server.url}simple/", *resolver, f"{project}#foo", status=1)
    known = "cu129 and cu126" if case == "variants" else "no variants"
    reason = f"No wheel of {project} {newest} has the variant label foo; available: {known}"
    assert [line for line in output.stdout.splitlines() if "label" in line] == [reason]
    assert output.stderr.endswith(f"for {project}: {reason}\n")
    assert len(server.requested(".json")) == (case == "variants")


@pytest.mark.parametrize("label", CUDA_LABELS)
def test_requested_label_must_fit_the_machine(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, label: str
) -> None:
    """A requested label that does not fit this machine is an error with the reason."""
    write_torch_projects(tmp_path / "index", tag)
    args = ("--variant", f"torch={label}", f"torch==2.8.0#{label}")
    output = pip.dry_run(f"{server.url}simple/", *args, machine=OLD_DRIVER, status=1)
    bound = f"12.{label[-1]}"
    assert output.stderr.splitlines()[-1] == (
        "ERROR: No matching distribution found for torch==2.8.0:"
        f" Variant {label} of torch 2.8.0 does not fit:"
        f" {needs_driver(label, bound, '12.5')}{OTHER_MACHINE}"
    )


@pytest.mark.parametrize(
    "quiet",
    [
        "-q",
        pytest.param(
            "-qq",
        ),
    ],
)
def test_quiet_options_leave_the_reason_in_the_error(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, quiet: str
) -> None:
    """However quiet pip is, the error has its reason."""
    write_torch_projects(tmp_path / "index", tag)
    output = pip.dry_run(
        f"{server.url}simple/", quiet, "torch==2.8.0#cu126", machine=OLD_DRIVER, status=1
    )
    assert OLD_DRIVER_REASON in output.stderr


@pytest.mark.parametrize("location", ["{files}/{name}", "w/{name}"], ids=["address", "file"])
def test_explicit_wheel_with_another_label_is_refused(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, location: str
) -> None:
    """An explicit wheel with another label than the requested one is refused."""
    write_torch_projects(tmp_path / "index", tag)
    torch_files(pip.folder / "w", tag, ["cu126"])
    wheel = location.format(files=f"{server.url}files", name=f"torch-2.8.0-{tag}-cu126.whl")
    output = pip.dry_run(f"{server.url}simple/", "--variant", "torch=cu129", wheel, status=1)
    problem = "is not the requested variant cu129 of torch"
    assert output.stderr == f"ERROR: torch-2.8.0-TAG-cu126.whl {problem}\n"


@pytest.mark.parametrize(
    "other",
    [
        "missing",
        "plain==2.0",
    ],
)
def test_missing_project_is_pips_error_beside_a_label(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str, other: str
) -> None:
    """A project without candidates is pip's own error, with a requested label or without."""
    write_torch_projects(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "torch#cu126", other, status=1)
    assert output.stderr.endswith(f"ERROR: No matching distribution found for {other}\n")


def test_no_variants_does_not_replace_label_by_plain_wheel(
    pip: Pip, server: IndexServer, tmp_path: Path, tag: str
) -> None:
    """With `--no-variants` no plain wheel is selected instead of the requested label."""
    write_torch_projects(tmp_path / "index", tag)
    output = pip.dry_run(f"{server.url}simple/", "--no-variants", "torch#cu126", status=1)
    reason = "No wheel of torch 2.8.0 has the variant label cu126; available: no variants"
    assert output.stderr == NOT_FOUND.format("torch", "2.8.0", reason)
