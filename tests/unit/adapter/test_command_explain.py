"""`pip variants explain`: which version and file it explains, and what it prints."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import cast

import pytest
from pip._internal.exceptions import CommandError, DistributionNotFound
from pip._internal.models.link import Link

from pip_variants.commands import explain
from pip_variants.core.decision import Installed
from pip_variants.explain.model import Explanation
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.kept_wheels import Keeper
from pip_variants.pip_adapter.reports import warn_of_unused_requests
from tests.support.stand_in_wheel import write_wheel
from tests.unit.adapter.command import Command, printed
from tests.unit.adapter.edge import (
    GPU_JSON,
    JSON_URL,
    NEW_NEEDS,
    OLD_GPU,
    FakeServer,
    link_to,
    logged,
    only,
    requirement,
    run_state,
    torch_links,
    wheel_name,
    write_installed,
)


def explained(
    caplog: pytest.LogCaptureFixture, command: Command, *args: str, status: int = 0
) -> dict[str, object]:
    """Return the JSON of `pip variants explain`, which ends with this status."""
    assert command.execute("explain", "--json", *args) == status
    (line,) = printed(caplog)
    found: dict[str, object] = json.loads(line)
    return found


def ranks(entry: dict[str, object]) -> dict[str, int | None]:
    """Return the rank of each wheel of an explanation by its label."""
    wheels = entry["wheels"]
    assert isinstance(wheels, list)
    return {str(wheel["label"]): wheel["rank"] for wheel in wheels}


def test_explanation_of_a_name_ranks_the_files_of_the_newest_version(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Files come from the finder, worst first, and are ranked as in an installation."""
    links = [*torch_links("fast", version="2.7.0"), *torch_links(None, "slow", "fast", "new")]
    command = Command(links=links)
    found = explained(caplog, command, "torch")
    assert (found["project"], found["version"]) == ("torch", "2.8.0")
    assert found["selected"] == wheel_name("fast")
    assert ranks(found) == {"fast": 1, "slow": 2, "None": 3, "new": None}
    assert command.server.requests == [f"GET {JSON_URL}"]
    assert {*command.own_finder.queries} == {("torch", "")}


def test_explanation_is_about_an_older_version_if_nothing_newer_fits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As pip does, the command goes on to a version of which a file fits."""
    links = [*torch_links(None, version="2.7.0"), *torch_links("new")]
    found = explained(caplog, Command(links=links), "torch")
    assert (found["version"], found["selected"]) == ("2.7.0", wheel_name(None, "2.7.0"))


def test_explanation_is_about_the_newest_version_if_nothing_fits_at_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The reasons of the version that the user expects are shown; the status is 1 (trial 35)."""
    state = run_state(machine=OLD_GPU)
    found = explained(caplog, Command(state, torch_links("new", "fast")), "torch", status=1)
    assert (found["version"], found["selected"]) == ("2.8.0", None)
    assert ranks(found) == {"fast": None, "new": None}


def test_explanation_of_a_label_that_there_is_not_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Every wheel is shown, and nothing would be installed (trial 35)."""
    state = run_state(requested=["torch=nonsense"])
    links = [*torch_links(None, version="2.7.0"), *torch_links(None, "fast")]
    found = explained(caplog, Command(state, links), "torch", status=1)
    assert (found["version"], found["selected"]) == ("2.8.0", None)
    assert ranks(found) == {"fast": None, "None": None}


# The links, the requirement, and the version that is explained (None: none is found).
YANKED: dict[str, tuple[list[Link], str, str | None]] = {
    "yanked file is left out": (
        [*torch_links(None, version="2.7.0"), link_to(wheel_name("fast"), yanked="x")],
        "torch",
        "2.7.0",
    ),
    "all yanked, not pinned": ([link_to(wheel_name("fast"), yanked="x")], "torch", None),
    "all yanked, pinned": ([link_to(wheel_name("fast"), yanked="x")], "torch==2.8.0", "2.8.0"),
    "all yanked, wildcard": ([link_to(wheel_name("fast"), yanked="x")], "torch==2.8.*", None),
    "no files": ([], "torch", None),
}


@pytest.mark.parametrize(("links", "req", "version"), YANKED.values(), ids=YANKED)
def test_explanation_leaves_out_yanked_files_as_pip_does(
    caplog: pytest.LogCaptureFixture, links: list[Link], req: str, version: str | None
) -> None:
    """A yanked file counts only if the version is pinned and there is no other."""
    command = Command(links=links)
    if version is None:
        with pytest.raises(DistributionNotFound) as caught:
            command.execute("explain", "--json", req)
        assert str(caught.value) == f"No matching distribution found for {req}"
    else:
        assert explained(caplog, command, req)["version"] == version


def test_constraint_narrows_the_version_that_is_explained(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Constraints on the project count, also under another spelling; others do not."""
    file = tmp_path / "c.txt"
    file.write_text("Torch<2.8\ntorch<1 ; python_version < '3'\nnumpy<2\n")
    command = Command()
    with pytest.raises(DistributionNotFound):
        command.execute("explain", "torch==2.9", "-c", str(file))
    assert {*command.own_finder.queries} == {("torch", "<2.8,==2.9")}
    (line,) = printed(caplog)
    assert line.endswith("the requirement torch<2.8,==2.9 (from versions: none)")


def with_installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, label: str | None, version: str
) -> None:
    """Let torch be installed in a version with this label (None: plain)."""
    dist = write_installed(folder, only(label) if label else None, version=version)
    monkeypatch.setattr(explain, "installed_distribution", lambda _: dist)


KEPT = "which satisfies the requirement and is kept"
UPGRADE = "pip install --upgrade torch would install"
# What is installed, the arguments, the version and label that are selected, and the warnings.
INSTALLED: dict[
    str, tuple[tuple[str | None, str], tuple[str, ...], tuple[str, str | None], list[str]]
] = {
    "best variant": (
        ("fast", "2.8.0"),
        (),
        ("2.8.0", "fast"),
        [f"Installed: torch 2.8.0 (fast), {KEPT}", f"{UPGRADE} nothing else"],
    ),
    "another variant": (
        ("slow", "2.8.0"),
        (),
        ("2.8.0", "slow"),
        [f"Installed: torch 2.8.0 (slow), {KEPT}", f"{UPGRADE} {wheel_name('fast')}"],
    ),
    "another variant, upgrade": (("slow", "2.8.0"), ("--upgrade",), ("2.8.0", "fast"), []),
    "another variant, reinstalled": (
        ("slow", "2.8.0"),
        ("--force-reinstall",),
        ("2.8.0", "fast"),
        [],
    ),
    "ignored": (("slow", "2.8.0"), ("-I",), ("2.8.0", "fast"), []),
    "another folder": (("slow", "2.8.0"), ("--target", "x"), ("2.8.0", "fast"), []),
    "older version": (
        (None, "2.7.0"),
        (),
        ("2.7.0", None),
        [f"Installed: torch 2.7.0, {KEPT}", f"{UPGRADE} {wheel_name('fast')}"],
    ),
    "older version, upgrade": ((None, "2.7.0"), ("-U",), ("2.8.0", "fast"), []),
    "misfit": (
        ("new", "2.8.0"),
        (),
        ("2.8.0", "fast"),
        [f"The installed variant new of torch 2.8.0 does not fit this machine: {NEW_NEEDS}"],
    ),
    "version that the index lacks": (
        (None, "2.6.0"),
        (),
        ("2.6.0", ""),
        [f"Installed: torch 2.6.0, {KEPT}", f"{UPGRADE} {wheel_name('fast')}"],
    ),
    "local version": (
        (None, "2.8.0+cu128"),
        (),
        ("2.8.0+cu128", ""),
        [
            f"Installed: torch 2.8.0+cu128, {KEPT}",
            (
                "The installed torch 2.8.0+cu128 is newer than 2.8.0 in the order of versions:"
                " the variants new, fast, slow of torch 2.8.0 are passed over for it"
            ).replace("fast, slow", "fast and slow"),
            f"{UPGRADE} nothing else",
        ],
    ),
}


@pytest.mark.parametrize(("installed", "args", "taken", "texts"), INSTALLED.values(), ids=INSTALLED)
def test_explanation_is_about_what_install_does_with_what_is_installed(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    installed: tuple[str | None, str],
    args: tuple[str, ...],
    taken: tuple[str, str | None],
    texts: list[str],
) -> None:
    """It is kept or replaced, and what an upgrade would take is named (trial 5, issue 14.4)."""
    with_installed(monkeypatch, tmp_path, *installed)
    links = [*torch_links(None, version="2.7.0"), *torch_links("slow", "fast", "new")]
    found = explained(caplog, Command(links=links), *args, "torch")
    version, label = taken
    selected = None if label == "" else wheel_name(label, version)
    assert (found["version"], found["selected"], found["warnings"]) == (version, selected, texts)


# The version that is installed, and the warnings after the one about what cannot be read.
UNREADABLE = {
    "installed version": ("2.8.0", [f"{UPGRADE} nothing else"]),
    "newer version": ("2.7.0", []),
}


@pytest.mark.parametrize(("version", "texts"), UNREADABLE.values(), ids=UNREADABLE)
def test_metadata_that_cannot_be_read_is_a_warning_about_what_is_kept(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    version: str,
    texts: list[str],
) -> None:
    """An installation would not need it; what an upgrade would install may not be known."""
    with_installed(monkeypatch, tmp_path, "fast", version)
    command = Command(links=torch_links("slow", "fast"), server=FakeServer({JSON_URL: b"[]"}))
    found = explained(caplog, command, "torch")
    assert (found["version"], found["selected"]) == (version, None)
    first, *others = cast("list[str]", found["warnings"])
    assert first.startswith("Cannot select a variant of torch 2.8.0, because the metadata of fast")
    assert others == [f"Installed: torch {version} (fast), {KEPT}", *texts]


def test_table_names_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also what is to be replaced, which is no warning."""
    with_installed(monkeypatch, tmp_path, None, "2.7.0")
    shown: list[Explanation] = []
    monkeypatch.setattr(explain, "log_explanation", shown.append)
    assert Command(links=torch_links("fast")).execute("explain", "-U", "torch") == 0
    assert [item.installed for item in shown] == [Installed("2.7.0", None)]


def given(folder: Path, label: str | None) -> str:
    """Return the path of a wheel of torch."""
    return str(write_wheel(folder, wheel_name(label), variant_json=GPU_JSON))


def wheel_command(monkeypatch: pytest.MonkeyPatch, *requested: str) -> Command:
    """Return a command under a pip that parses the names of variant wheels."""
    monkeypatch.setattr(compat, "supports_tags", lambda *_: True)
    monkeypatch.setattr(
        compat,
        "parse_user_requirement",
        lambda path: requirement("torch", Link(Path(path).as_uri())),
    )
    return Command(run_state(requested=requested))


# Label of the wheel, and the rank of the wheel.
GIVEN = {"fits": ("fast", 1), "does not fit": ("new", None), "plain": (None, 1)}


@pytest.mark.parametrize(("label", "rank"), GIVEN.values(), ids=GIVEN)
def test_explanation_of_a_wheel_is_about_its_own_metadata(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    label: str | None,
    rank: int | None,
) -> None:
    """A wheel that was given is judged alone."""
    command, wheel = wheel_command(monkeypatch), given(tmp_path, label)
    found = explained(caplog, command, wheel, status=0 if rank else 1)
    assert ranks(found) == {str(label): rank}
    assert found["selected"] == (wheel_name(label) if rank else None)


def test_explanation_of_a_wheel_uses_the_request_for_its_project(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A request that is satisfied is not reported as one without effect."""
    command = wheel_command(monkeypatch, "torch=fast")
    explained(caplog, command, given(tmp_path, "fast"))
    warn_of_unused_requests(command.own_state)
    assert logged(caplog, logging.WARNING) == []


def test_explanation_of_a_wheel_that_was_not_requested_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`pip install` would refuse it as well."""
    command = wheel_command(monkeypatch, "torch=slow")
    with pytest.raises(CommandError) as caught:
        command.execute("explain", given(tmp_path, "fast"))
    assert str(caught.value) == f"{wheel_name('fast')} is not the requested variant slow of torch"


def test_explanation_shows_the_table_unless_json_is_requested(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The table goes through pip's log, as its own tables do."""
    command = Command(links=torch_links("fast"))
    assert command.execute("explain", "torch") == 0
    assert printed(caplog) == []
    tables = [
        record for record in caplog.records if record.name == "pip_variants.pip_adapter.display"
    ]
    assert [record.levelno for record in tables] == [logging.INFO]
    assert command.own_state.quiet is False


def test_json_of_an_explanation_is_all_that_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    """Notices and the progress of providers are silent."""
    state = run_state(machine=OLD_GPU)
    command = Command(state, torch_links("new"))
    explained(caplog, command, "torch", status=1)
    assert state.quiet is True
    assert state.wheels.keep == Keeper(bar=None)
    assert logged(caplog) == []
