"""The entries of a lock: which files become candidates, with which metadata and hashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.link import Link
from pip._internal.models.target_python import TargetPython
from pip._internal.req.req_install import InstallRequirement
from pip._vendor.packaging.requirements import Requirement

from pip_variants.pip_adapter import locked
from pip_variants.pip_adapter.evaluator import UnreadVariantsError, decide_release, why_nothing_fits
from pip_variants.pip_adapter.links import Choice, VariantLink
from pip_variants.pip_adapter.prepare import announce, attach_variant
from pip_variants.pip_adapter.releases import LinkedRelease
from pip_variants.pip_adapter.run_state import RunState, new_run_state
from tests.unit.adapter.edge import (
    GPU_JSON,
    NEW_GPU,
    NEW_NEEDS,
    NO_GPU,
    OLD_GPU,
    FakeFinder,
    FakeServer,
    Json,
    Machine,
    candidate,
    logged,
    only,
    requirement,
    run_state,
    wheel_name,
    wheel_of,
    write_installed,
)
from tests.unit.adapter.test_new_run_state import options

LOCK = "pylock.toml"
URL = "https://example.org/files/"


@dataclass(frozen=True)
class File:
    """A file in a lock; its hash is made of its name."""

    filename: str
    size: int | None = None

    @property
    def hashes(self) -> Mapping[str, str]:
        """The hash of the file."""
        return {"sha256": sha256(self.filename)}


@dataclass(frozen=True)
class Package:
    """An entry of a lock."""

    wheels: Sequence[File] | None = None
    sdist: File | None = None
    name: str = "torch"
    archive: File | None = None


@dataclass(frozen=True)
class Lock:
    """A lock."""

    packages: Sequence[Package] = ()
    created_by: str = field(default="hand")


def sha256(filename: str) -> str:
    """Return the hash that a lock has of a file."""
    return filename.encode().hex().ljust(64, "0")[-64:]


def wheel(label: str | None, tag: str = "py3-none-any") -> File:
    """Return a wheel of torch 2.8.0."""
    return File(wheel_name(label).replace("py3-none-any", tag), 1000)


SDIST = File("torch-2.8.0.tar.gz")
OTHER_TAG = "py3-none-plan9"


def make(file: File) -> tuple[InstallRequirement, Link | None]:
    """Return what pip makes of a file, which has no hash in the link."""
    req = InstallRequirement(
        Requirement("torch==2.8.0"),
        comes_from=LOCK,
        hash_options={"sha256": [file.hashes["sha256"]]},
        user_supplied=True,
    )
    return req, Link(f"{URL}{file.filename}", comes_from=LOCK)


def finder_of(server: FakeServer) -> PackageFinder:
    """Return a finder for this interpreter."""
    finder = FakeFinder(server)
    finder._target_python = TargetPython()
    return finder


def lock_files(
    package: Package,
    entry: Json,
    *,
    machine: Machine = NEW_GPU,
    requested: Sequence[str] = (),
    server: FakeServer | None = None,
    selected: File | None = None,
) -> tuple[RunState, InstallRequirement, list[str], FakeFinder]:
    """Let a lock select an entry; return the state, the requirement, and the candidates."""
    state = run_state(machine=machine, requested=requested, listed=None)
    file = selected or (package.wheels or [SDIST])[0]
    req, link = make(file)
    finder = finder_of(server or FakeServer())
    locked.add_files(state, package, file, entry, req, finder, make)
    assert link is not None
    found = locked.candidates(state, candidate(link), candidate)
    assert isinstance(finder, FakeFinder)
    return state, req, [item.link.filename for item in found], finder


FAST, SLOW, NEW, NULL, PLAIN = map(wheel, ("fast", "slow", "new", "null", None))
ENTRY = {"name": "torch", "variants-json": GPU_JSON}

# The files of an entry, the one that pip selected if it is not the first, and the candidates.
CANDIDATES: dict[str, tuple[Package, File | None, Sequence[File]]] = {
    "variants": (Package([FAST, SLOW]), None, [FAST, SLOW]),
    "a plain wheel selected": (Package([PLAIN, FAST]), None, [PLAIN, FAST]),
    "sdist behind variants": (Package([FAST], SDIST), None, [FAST, SDIST]),
    "sdist beside a plain wheel": (Package([FAST, PLAIN], SDIST), None, [FAST, PLAIN]),
    "plain wheel of other tags": (
        Package([FAST, wheel(None, OTHER_TAG)], SDIST),
        None,
        [FAST, SDIST],
    ),
    "variant of other tags": (Package([FAST, wheel("slow", OTHER_TAG)]), None, [FAST]),
    "sdist selected": (Package([FAST], SDIST), SDIST, [SDIST]),
    "only variants of other tags": (Package([wheel("fast", OTHER_TAG)], SDIST), SDIST, [SDIST]),
    "no variant": (Package([PLAIN], SDIST), None, [PLAIN]),
    "no wheels": (Package(None, SDIST), None, [SDIST]),
}


@pytest.mark.parametrize(("package", "selected", "expected"), CANDIDATES.values(), ids=CANDIDATES)
def test_files_of_an_entry_become_candidates_if_there_is_a_variant(
    package: Package, selected: File | None, expected: Sequence[File]
) -> None:
    """Those whose tags fit; an sdist only where PEP 751 falls back to it."""
    state, req, found, _ = lock_files(package, ENTRY, selected=selected)
    assert found == [file.filename for file in expected]
    assert req.hash_options["sha256"] == [file.hashes["sha256"] for file in expected]
    assert state.locked.versions == {"torch": "2.8.0"}


def test_candidates_have_the_hashes_and_sizes_of_the_lock() -> None:
    """Also if the URL of a file has a hash of its own."""
    package = Package([FAST, NULL])

    def with_fragment(file: File) -> tuple[InstallRequirement, Link | None]:
        req, link = make(file)
        assert link is not None
        return req, Link(f"{link.url}#sha256={'0' * 64}", comes_from=LOCK)

    state = run_state(listed=None)
    req, _ = with_fragment(FAST)
    finder = finder_of(FakeServer())
    locked.add_files(state, package, FAST, ENTRY, req, finder, with_fragment)
    links = state.locked.links["torch"]
    assert [link.hash for link in links] == [FAST.hashes["sha256"], NULL.hashes["sha256"]]
    sizes = [getattr(link, "size", 1000) for link in links]  # unpatched pip has none
    assert sizes == [1000, 1000]


def decide(state: RunState, finder: FakeFinder) -> list[str]:
    """Return the files of the entry, best first."""
    links = state.locked.links["torch"]
    decision = decide_release(state, LinkedRelease.of("torch", "2.8.0", links, finder))
    return [links[file.index].filename for file in decision.ranked]


# The files of an entry, the machine, the labels requested, and which can be installed.
CHOICES: dict[str, tuple[Sequence[File], Machine, Sequence[str], Sequence[File]]] = {
    "best first": ([NULL, SLOW, NEW, FAST], NEW_GPU, (), [FAST, SLOW, NULL]),
    "another machine": ([NULL, SLOW, NEW, FAST], OLD_GPU, (), [SLOW, NULL]),
    "no hardware": ([FAST, NULL, PLAIN], NO_GPU, (), [NULL, PLAIN]),
    "plain wheel last": ([PLAIN, SLOW], NEW_GPU, (), [SLOW, PLAIN]),
    "nothing fits": ([FAST, SLOW], NO_GPU, (), []),
    "requested": ([NULL, SLOW, FAST], NEW_GPU, ["torch=slow"], [SLOW]),
    "requested, does not fit": ([NULL, NEW], NEW_GPU, ["torch=new"], []),
    "requested, not locked": ([NULL, FAST], NEW_GPU, ["torch=slow"], []),
    "excluded": ([NULL, SLOW, FAST], NEW_GPU, ["torch=!fast"], [SLOW, NULL]),
}


@pytest.mark.parametrize(
    ("wheels", "machine", "requested", "expected"), CHOICES.values(), ids=CHOICES
)
def test_inlined_document_decides_among_the_locked_wheels(
    wheels: Sequence[File], machine: Machine, requested: Sequence[str], expected: Sequence[File]
) -> None:
    """As the file of an index would; no request is sent."""
    server = FakeServer()
    state, _, _, finder = lock_files(
        Package(wheels), ENTRY, machine=machine, requested=requested, server=server
    )
    assert decide(state, finder) == [file.filename for file in expected]
    assert server.requests == []


def test_wheels_without_a_document_describe_themselves() -> None:
    """One request for each label, and none for a page or a document of the index."""
    links = [Link(f"{URL}{file.filename}") for file in (FAST, SLOW)]
    server = FakeServer({link.url: wheel_of(link) for link in links}, ranges=True)
    state, _, _, finder = lock_files(Package([FAST, SLOW]), {"name": "torch"}, server=server)
    assert decide(state, finder) == [FAST.filename, SLOW.filename]
    assert server.requests == [f"GET {link.url}" for link in links]


WARNINGS: dict[str, tuple[object, str]] = {
    "no table": (
        3,
        (
            "Reading the variant metadata of torch 2.8.0 from its wheels, not from pylock.toml:"
            " variants-json: expected an object, found a number"
        ),
    ),
    "another shape": (
        {"variants": []},
        (
            "Reading the variant metadata of torch 2.8.0 from its wheels, not from pylock.toml:"
            " variants: expected an object, found a list"
        ),
    ),
    "a label": (
        {**GPU_JSON, "variants": {"fast": [], "slow": {"gpu": {"arch": ["1"]}}}},
        (
            "Ignoring an invalid entry in pylock.toml: variants['fast']: expected an object,"
            " found a list"
        ),
    ),
}


@pytest.mark.parametrize(("document", "warning"), WARNINGS.values(), ids=WARNINGS)
def test_broken_document_is_a_warning_that_names_the_lock(
    document: object, warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What it does not describe is read from the wheels, or is no candidate."""
    links = [Link(f"{URL}{file.filename}") for file in (FAST, SLOW)]
    server = FakeServer({link.url: wheel_of(link) for link in links}, ranges=True)
    entry = {"variants-json": document}
    state, _, _, finder = lock_files(Package([FAST, SLOW]), entry, server=server)
    assert SLOW.filename in decide(state, finder)
    assert ("WARNING", warning) in logged(caplog)


def test_document_of_a_future_revision_leaves_no_variant(caplog: pytest.LogCaptureFixture) -> None:
    """Never the first wheel of the list: its label could mean anything."""
    document = {**GPU_JSON, "$schema": "https://example.org/v2.0.0.json"}
    entry = {"variants-json": document}
    state, _, _, finder = lock_files(Package([FAST, PLAIN]), entry)
    assert decide(state, finder) == [PLAIN.filename]
    assert logged(caplog) == [
        (
            "WARNING",
            (
                "Ignoring the variant wheels of torch 2.8.0: pylock.toml: $schema: major version 2"
                " is not supported"
            ),
        )
    ]


def test_wheels_that_cannot_be_read_are_an_error() -> None:
    """Without a document nothing can be selected in their place."""
    state, _, _, finder = lock_files(Package([FAST, PLAIN]), {"name": "torch"})
    with pytest.raises(UnreadVariantsError):
        decide(state, finder)


def test_document_is_of_its_lock_alone() -> None:
    """Wheels of an index with the same names are described by the index."""
    state, _, _, finder = lock_files(Package([FAST, NULL]), ENTRY)
    link = Link(f"{URL}{FAST.filename}", comes_from="https://example.org/simple/torch/")
    with pytest.raises(UnreadVariantsError):
        decide_release(state, LinkedRelease.of("torch", "2.8.0", [link], finder))


def test_requirement_keeps_only_the_hash_of_the_file_that_it_takes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A server must not send one wheel of the entry for another."""
    state, req, _, finder = lock_files(Package([FAST, SLOW, NULL]), ENTRY)
    link = state.locked.links["torch"][1]
    req.link = link
    announce(state, req, finder)
    assert req.hash_options == {"sha256": [SLOW.hashes["sha256"]]}
    assert "ERROR" not in dict(logged(caplog))


HASHES: dict[str, tuple[Mapping[str, list[str]], Mapping[str, list[str]]]] = {
    "its own, in capitals": (
        {"sha256": [FAST.hashes["sha256"].upper()]},
        {"sha256": [FAST.hashes["sha256"].upper()]},
    ),
    "another, of a constraint": ({"sha256": ["1" * 64]}, {"sha256": ["1" * 64]}),
    "of another algorithm too": (
        {"sha256": [FAST.hashes["sha256"]], "sha512": ["1" * 128]},
        {"sha256": [FAST.hashes["sha256"]]},
    ),
}


@pytest.mark.parametrize(("before", "after"), HASHES.values(), ids=HASHES)
def test_hashes_are_only_narrowed(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    """A hash that is not that of the lock stays, and pip refuses the file."""
    state, req, _, _ = lock_files(Package([FAST, NULL]), ENTRY)
    req.hash_options = before
    locked.take_hashes(state, req, state.locked.links["torch"][0])
    assert req.hash_options == after


def test_requirement_beside_the_lock_takes_its_version_and_hashes() -> None:
    """Which `NAME#LABEL` lacks, and pip requires as soon as a lock has hashes."""
    state, _, _, _ = lock_files(Package([FAST, NULL]), ENTRY)
    req = requirement("torch[extra]")
    locked.take_hashes(state, req, state.locked.links["torch"][1])
    assert str(req.req) == "torch[extra]==2.8.0"
    assert req.hash_options == {"sha256": [NULL.hashes["sha256"]]}


def test_hashes_of_a_file_that_is_not_locked_are_kept() -> None:
    """Such as that of a project of the same run without a lock."""
    state, req, _, _ = lock_files(Package([FAST, NULL]), ENTRY)
    before = dict(req.hash_options)
    locked.take_hashes(state, req, Link(f"{URL}{SLOW.filename}"))
    assert req.hash_options == before


CONTRADICTIONS: dict[str, tuple[Json | bytes | None, str]] = {
    "other properties": (
        {**GPU_JSON, "variants": {"fast": {"gpu": {"arch": ["1"]}}}},
        "it is fast: gpu :: arch :: 1",
    ),
    "other label": (only("slow"), "it is slow: gpu :: arch :: 1"),
    "null in its place": ({**GPU_JSON, "variants": {"fast": {}}}, "it is fast: null"),
    "no variant.json": (None, "it has no valid variant.json"),
    "invalid variant.json": (b"{", "it has no valid variant.json"),
}


@pytest.mark.parametrize(("own", "problem"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_wheel_that_contradicts_its_lock_is_refused(
    tmp_path: Path, own: Json | bytes | None, problem: str
) -> None:
    """No other wheel of the lock is tried, as pip would for an inconsistent file of an index."""
    state, req, _, finder = lock_files(Package([FAST, NULL]), ENTRY)
    req.link = chosen_link(state, finder)
    req.local_file_path = str(tmp_path / FAST.filename)
    with pytest.raises(InstallationError) as caught:
        attach_variant(state, req, write_installed(tmp_path, own))
    assert str(caught.value) == (
        f"{FAST.filename} contradicts pylock.toml, which describes this wheel of torch 2.8.0 as"
        f" fast: gpu :: arch :: 2: {problem}"
    )


# What a lock says about an archive that is `fast`, and whether that is refused.
ARCHIVES: dict[str, tuple[Json, bool]] = {
    "the same": ({"variants-json": GPU_JSON}, False),
    "other properties": (
        {"variants-json": {**GPU_JSON, "variants": {"fast": {"gpu": {"arch": ["1"]}}}}},
        True,
    ),
    "another label": ({"variants-json": only("slow")}, False),
    "no document": ({}, False),
    "no usable document": ({"variants-json": 3}, False),
}


@pytest.mark.parametrize(("entry", "is_refused"), ARCHIVES.values(), ids=ARCHIVES)
def test_archive_that_contradicts_its_lock_is_refused(
    tmp_path: Path, entry: Json, *, is_refused: bool
) -> None:
    """Its own metadata counts, with which that of the lock has to agree."""
    state = run_state(machine=NEW_GPU, listed=None)
    req = InstallRequirement(Requirement(f"torch @ {URL}{FAST.filename}"), comes_from=LOCK)
    package = Package(archive=FAST)
    locked.add_files(state, package, FAST, entry, req, finder_of(FakeServer()), make)
    assert not state.locked.versions
    req.local_file_path = str(tmp_path / FAST.filename)
    dist = write_installed(tmp_path, only("fast"))
    if not is_refused:
        attach_variant(state, req, dist)
        return
    with pytest.raises(InstallationError) as caught:
        attach_variant(state, req, dist)
    assert str(caught.value) == (
        f"{FAST.filename} contradicts pylock.toml, which describes this wheel of torch 2.8.0 as"
        " fast: gpu :: arch :: 1: it is fast: gpu :: arch :: 2"
    )


@pytest.mark.parametrize("url", ["torch-2.8.0.tar.gz", PLAIN.filename])
def test_archive_that_is_no_variant_is_not_described(url: str) -> None:
    """Whatever the lock has beside it."""
    state = run_state(listed=None)
    req = InstallRequirement(Requirement(f"torch @ {URL}{url}"), comes_from=LOCK)
    package = Package(archive=PLAIN)
    locked.add_files(state, package, PLAIN, ENTRY, req, finder_of(FakeServer()), make)
    assert not state.locked.archives


def chosen_link(state: RunState, finder: FakeFinder) -> Link:
    """Return the link of the best file, with the choice that led to it."""
    links = state.locked.links["torch"]
    linked = LinkedRelease.of("torch", "2.8.0", links, finder)
    decision = decide_release(state, linked)
    best = decision.ranked[0]
    link = linked.links[best.index]
    return VariantLink(link, link.label, Choice("torch", "2.8.0", best.selected, decision))


def test_wheel_that_agrees_with_its_lock_is_taken(tmp_path: Path) -> None:
    """The whole wheel is there, and is the variant that the lock describes."""
    state, req, _, finder = lock_files(Package([FAST, NULL]), ENTRY)
    req.link = chosen_link(state, finder)
    req.local_file_path = str(tmp_path / FAST.filename)
    attach_variant(state, req, write_installed(tmp_path, only("fast")))


def test_metadata_alone_does_not_contradict_a_lock(tmp_path: Path) -> None:
    """Without hashes pip reads METADATA before the wheel, which has no variant.json."""
    state, req, _, finder = lock_files(Package([FAST, NULL]), ENTRY)
    req.link = chosen_link(state, finder)
    attach_variant(state, req, write_installed(tmp_path, None))


def test_versions_of_a_lock_count_as_being_installed() -> None:
    """For builds that depend on them, whatever is installed or prepared first."""
    state = new_run_state(options(), [])
    req, _ = make(FAST)
    package = Package([PLAIN], name="locked-project")
    locked.add_files(state, package, PLAIN, {}, req, finder_of(FakeServer()), make)
    assert state.versions()["locked-project"] == "2.8.0"


PLAIN_ONLY: dict[str, tuple[Package, Package]] = {
    "plain wheel": (Package([FAST, PLAIN], SDIST), Package([PLAIN], SDIST)),
    "sdist": (Package([FAST], SDIST), Package([], SDIST)),
    "nothing else": (Package([FAST]), Package([FAST])),
    "no variant": (Package([PLAIN]), Package([PLAIN])),
    "no wheel": (Package(None, SDIST), Package(None, SDIST)),
}


@pytest.mark.parametrize(("package", "expected"), PLAIN_ONLY.values(), ids=PLAIN_ONLY)
def test_lock_without_variants_has_what_else_there_is(package: Package, expected: Package) -> None:
    """An entry that has nothing else stays, because it need not be selected."""
    assert locked.plain_only(Lock([package])) == Lock([expected])


def test_entry_with_variants_alone_is_an_error_without_variants() -> None:
    """The reason is the end of pip's error about the lock."""
    assert locked.why_not_plain(Package([FAST])) == (
        "all files of torch are variant wheels, and --no-variants is given"
    )


def test_reasons_why_no_locked_wheel_fits_are_those_of_its_labels() -> None:
    """They end pip's error."""
    state, _, _, finder = lock_files(Package([NEW]), ENTRY)
    assert decide(state, finder) == []
    assert why_nothing_fits(state, "torch") == NEW_NEEDS
