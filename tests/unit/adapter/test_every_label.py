"""A variant that depends on what any label of its version needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.models.link import Link
from pip._internal.utils.temp_dir import global_tempdir_manager

from pip_variants.pip_adapter.compat import distribution_of_metadata
from pip_variants.pip_adapter.distributions import variant_of
from pip_variants.pip_adapter.links import variant_link
from pip_variants.pip_adapter.prepare import attach_variant
from tests.unit.adapter.edge import (
    FAST_BANNER,
    FakeFinder,
    FakeServer,
    chosen,
    link_to,
    logged,
    requirement,
    run_state,
    wheel_name,
    wheel_of,
    write_installed,
)


@pytest.fixture(autouse=True)
def temporary_folders() -> Iterator[None]:
    """Let pip have its temporary folders, as in a command."""
    with global_tempdir_manager():
        yield


LABELS = ("slow", "fast", "null", None)
SOME = (
    "Needed by some of the variants of torch 2.8.0 only, but locked for all of them, because a"
    " lock has no conditions about variants: "
)


def dependencies(
    folder: Path,
    requires: Mapping[str | None, Sequence[str]],
    *,
    core_metadata: bool = False,
    which: str = "all",
    ignore: bool = False,
    lost: bool = False,
    name: str = "Name: torch\n",
) -> list[str]:
    """Return what torch depends on for pip, and is prepared for a lock."""
    links = [link_to(wheel_name(label), core_metadata=core_metadata) for label in LABELS]
    state = run_state(machine=None)
    state.options.lock_variants = which
    state.options.ignore_dependencies = ignore
    link = chosen(state, links)
    server = FakeServer({} if lost else files(links, requires, core_metadata), ranges=True)
    state.use_finder(FakeFinder(server))
    own = write_installed(folder, None, requires=requires[link.label])
    if not name:
        own = distribution_of_metadata(b"Version: 2.8.0\n", link.filename, "torch")
    dist = attach_variant(state, requirement(link=link), own)
    assert (dist.metadata["Name"], str(dist.version)) == (("torch" if name else None), "2.8.0")
    assert link.choice is not None
    assert variant_of(dist) == link.choice.selected
    return [str(item) for item in dist.iter_dependencies()]


def files(
    links: Sequence[Link], requires: Mapping[str | None, Sequence[str]], core_metadata: bool
) -> dict[str, bytes]:
    """Return the wheels, or METADATA alone, by URL."""
    if not core_metadata:
        return {
            link.url: wheel_of(link, requires=requires[variant_link(link).label]) for link in links
        }
    return {
        f"{link.url}.metadata": "".join(
            ["Metadata-Version: 2.1\nName: torch\nVersion: 2.8.0\n"]
            + [f"Requires-Dist: {text}\n" for text in requires[variant_link(link).label]]
        ).encode()
        for link in links
    }


ALL = {"slow": ["all", "cuda"], "fast": ["all", "cuda>=2"], "null": ["all", "cpu"], None: ["all"]}
UNITED = ["all", "cuda>=2", "cuda", "cpu"]


@pytest.mark.parametrize("core_metadata", [True, False], ids=["beside the wheel", "in the wheel"])
def test_dependencies_of_all_labels_are_united(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, core_metadata: bool
) -> None:
    """One line names those that not every label needs; no banner announces one label."""
    caplog.set_level("INFO")
    found = dependencies(tmp_path, ALL, core_metadata=core_metadata)
    assert sorted(found) == sorted(UNITED)
    texts = [text for _, text in logged(caplog)]
    assert texts == [f"{SOME}cuda (slow and fast) and cpu (null)"]
    assert FAST_BANNER not in texts


@pytest.mark.parametrize(
    ("which", "ignore"), [("this", False), ("all", True)], ids=["this", "no-deps"]
)
def test_other_wheels_are_not_read_in_vain(tmp_path: Path, *, which: str, ignore: bool) -> None:
    """A lock for this machine, and one without dependencies, has those of the chosen wheel."""
    requires = {key: ["own"] for key in LABELS}
    assert dependencies(tmp_path, requires, which=which, ignore=ignore, lost=True) == ["own"]


def test_metadata_without_a_name_is_left_to_pip(tmp_path: Path) -> None:
    """It discards such a wheel when it compares the names."""
    assert set(dependencies(tmp_path, ALL, name="")) > {"cpu"}


def test_contradicting_labels_are_an_error(tmp_path: Path) -> None:
    """The error says how to lock them one by one."""
    requires = {**ALL, "slow": ["cuda==1"], "fast": ["cuda==2"]}
    with pytest.raises(InstallationError) as caught:
        dependencies(tmp_path, requires)
    assert str(caught.value) == (
        "One lock cannot have all variants of torch 2.8.0: slow needs cuda==1 and fast needs"
        " cuda==2; lock for one machine after the other, with --variant-platform FILE for each in"
        " place of --variants all"
    )


def test_dependencies_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    """A lock that lacks packages would be worse."""
    with pytest.raises(InstallationError, match="cannot be read, which the lock has to list: "):
        dependencies(tmp_path, ALL, lost=True)
