"""A link knows its label, whatever pip does with it stays as it was, and choices travel with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pip._internal.models.link import Link

from pip_variants.core.decision import CandidateFile
from pip_variants.core.properties import Label
from pip_variants.pip_adapter.links import (
    Choice,
    VariantLink,
    choice_of,
    link_of,
    release_of,
    remote_file,
    set_link,
    source_of,
    variant_link,
)
from tests.unit.adapter.edge import PAGE, link_to, requirement, torch_links, wheel_name

CHOICE = Choice("torch", "2.8.0")
FULL = link_to(wheel_name("fast"), yanked="broken", hashes={"sha256": "0" * 64}, core_metadata=True)


def test_variant_link_equals_and_hashes_as_its_link() -> None:
    """A link with a choice is found in pip's own tables, and the other way round."""
    ours = VariantLink(FULL, Label("fast"), CHOICE)
    assert ours == FULL
    assert hash(ours) == hash(FULL)
    table: dict[Link, str] = {FULL: "cached"}
    assert table[ours] == "cached"
    assert ours != link_to(wheel_name("slow"))


def test_variant_link_copies_every_slot_of_its_link() -> None:
    """No slot of pip's link is missing in the copy."""
    ours = VariantLink(FULL, Label("fast"))
    slots = [name for name in Link.__slots__ if name != "__weakref__"]
    assert {name: getattr(ours, name) for name in slots} == {
        name: getattr(FULL, name) for name in slots
    }
    assert VariantLink.__slots__ == ("choice", "label")


FRAGMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "none": ("", {}),
    "known": (f"#sha256={'0' * 64}", {"sha256": "0" * 64}),
    "unknown": ("#blake3=00112233", {"blake3": "00112233"}),
    "both": (
        f"#blake3=00112233&sha256={'0' * 64}",
        {"blake3": "00112233", "sha256": "0" * 64},
    ),
    "no hashes": ("#egg=abcdef00&subdirectory=deadbeef&anchor=x&top", {}),
}


@pytest.mark.parametrize(("fragment", "hashes"), FRAGMENTS.values(), ids=FRAGMENTS)
def test_file_has_the_hashes_of_its_link_also_of_unknown_kinds(
    fragment: str, hashes: dict[str, str]
) -> None:
    """Of those in the fragment of a URL pip takes only the kinds that it knows."""
    link = Link(f"https://example.org/x-1.0-variants.json{fragment}", comes_from=PAGE)
    assert remote_file(link).hashes == hashes


def test_file_of_another_host_has_no_path() -> None:
    """Such a link on a page is no reason to read none of the others."""
    assert remote_file(Link("file://other/x-1.0-py3-none-any.whl", comes_from=PAGE)).path is None


PROPERTIES = (
    "url",
    "filename",
    "is_wheel",
    "is_yanked",
    "has_hash",
    "hash",
    "redacted_url",
    "ext",
    "is_file",
    "is_vcs",
    "yanked_reason",
    "comes_from",
    "egg_fragment",
)


@pytest.mark.parametrize("name", PROPERTIES)
def test_variant_link_has_each_property_of_its_link(name: str) -> None:
    """Whatever pip reads from a link is the same on ours."""
    assert getattr(VariantLink(FULL, Label("fast")), name) == getattr(FULL, name)


def test_variant_link_gives_metadata_link_and_text_of_its_link() -> None:
    """The link to METADATA (PEP 658) and the text in pip's messages are unchanged."""
    ours = VariantLink(FULL, Label("fast"))
    assert ours.metadata_link() == FULL.metadata_link() is not None
    assert str(ours) == str(FULL)


LABELS = {
    wheel_name("fast"): "fast",
    wheel_name("null"): "null",
    wheel_name(None): None,
    "torch-2.8.0-1-py3-none-any.whl": None,
    "torch-2.8.0-1-py3-none-any-fast.whl": "fast",
    "torch-2.8.0-py3-none-any-FAST.whl": None,
    "torch-2.8.0.tar.gz": None,
    "a-b-c-d-e-f.tar.gz": None,
}


@pytest.mark.parametrize(("filename", "label"), LABELS.items(), ids=LABELS)
def test_label_of_a_link_is_read_from_its_file_name(filename: str, label: str | None) -> None:
    """A wheel with a valid label has it; every other file has none."""
    found = variant_link(link_to(filename))
    assert (found.label, found.choice) == (label, None)


def test_link_that_is_already_parsed_is_returned_itself() -> None:
    """A name is parsed once, and a choice is not lost."""
    ours = VariantLink(FULL, Label("fast"), CHOICE)
    assert variant_link(ours) is ours


def test_choice_belongs_only_to_links_that_have_one() -> None:
    """A link of pip has no choice, and one of ours has that which was made."""
    assert choice_of(FULL) is None
    assert choice_of(VariantLink(FULL, Label("fast"))) is None
    assert choice_of(VariantLink(FULL, Label("fast"), CHOICE)) is CHOICE


def test_link_of_a_requirement_is_that_of_the_original_file() -> None:
    """Of a wheel that pip takes from its cache the original file counts."""
    original, cached = torch_links("fast", None)
    req = requirement(link=original)
    assert link_of(req) is original
    req.link, req.cached_wheel_source_link = cached, original
    assert link_of(req) is original
    assert link_of(requirement()) is None


def test_choice_replaces_the_link_that_was_judged() -> None:
    """The link with a choice goes where the judged link was, and no other link changes."""
    original, cached = torch_links("fast", None)
    chosen = VariantLink(original, Label("fast"), CHOICE)
    req = requirement(link=original)
    set_link(req, chosen)
    assert (req.link, req.cached_wheel_source_link) == (chosen, None)
    assert req.link is chosen
    req.link, req.cached_wheel_source_link = cached, original
    set_link(req, chosen)
    assert req.link is cached
    assert req.cached_wheel_source_link is chosen


SOURCES = {
    "page": (link_to(wheel_name("fast")), PAGE),
    "no page": (link_to(wheel_name("fast"), page=None), "https://example.org/files/"),
    "empty page": (link_to(wheel_name("fast"), page=""), "https://example.org/files/"),
    "folder": (Link("file:///wheels/x.whl"), "file:///wheels/"),
}


@pytest.mark.parametrize(("link", "source"), SOURCES.values(), ids=SOURCES)
def test_source_is_the_page_or_the_folder_of_a_link(link: Link, source: str) -> None:
    """Files belong together if one page lists them, or one folder has them."""
    assert source_of(link) == source


def test_remote_file_has_url_without_fragment_and_without_credentials() -> None:
    """The URL to fetch has the password, the one to show has neither that nor the hash."""
    link = Link(f"https://me:secret@example.org/x-1-py3-none-any-a.whl#sha256={'0' * 64}", PAGE)
    found = remote_file(variant_link(link))
    assert found.url == "https://me:secret@example.org/x-1-py3-none-any-a.whl"
    assert found.shown_url == "https://me:****@example.org/x-1-py3-none-any-a.whl"
    assert found.filename == "x-1-py3-none-any-a.whl"
    assert (found.source, found.is_listed) == (PAGE, True)
    assert dict(found.hashes) == {"sha256": "0" * 64}
    assert (found.label, found.path) == ("a", None)


def test_remote_file_has_all_hashes_that_a_page_gives() -> None:
    """Of several hashes pip shows one; all of them are handed on."""
    hashes = {"md5": "1", "sha256": "2", "blake2b": "3"}
    assert dict(remote_file(link_to("x.json", hashes=hashes)).hashes) == hashes


def test_remote_file_in_a_local_folder_has_its_path(tmp_path: Path) -> None:
    """A file on a disk has its path, also with a space in it, and no page lists it."""
    path = tmp_path / "a folder" / wheel_name("fast")
    found = remote_file(Link(path.as_uri()))
    assert (found.path, found.is_listed) == (path, False)
    assert found.source == path.parent.as_uri() + "/"


def test_release_has_files_in_order_with_shown_sources() -> None:
    """The core receives names, labels and sources without passwords, in pip's order."""
    page = "https://me:secret@example.org/simple/torch/"
    links = tuple(
        variant_link(link_to(wheel_name(label), page=page)) for label in ("fast", None, "slow")
    )
    shown = "https://me:****@example.org/simple/torch/"
    release = release_of("torch", "2.8.0", links)
    assert (release.project, release.version) == ("torch", "2.8.0")
    assert release.files == (
        CandidateFile(wheel_name("fast"), Label("fast"), shown),
        CandidateFile(wheel_name(None), None, shown),
        CandidateFile(wheel_name("slow"), Label("slow"), shown),
    )


# The size on a page in JSON, and what is read.
STATED: dict[str, tuple[object, int | None]] = {
    "bytes": (7, 7),
    "none": (None, None),
    "zero": (0, None),
    "negative": (-1, None),
    "text": ("7", None),
    "yes": (True, None),
    "fraction": (7.5, None),
}


@pytest.mark.parametrize(("size", "expected"), STATED.values(), ids=STATED)
def test_size_of_a_file_is_a_positive_number_or_unknown(size: object, expected: int | None) -> None:
    """A page may have any value there."""

    class Sized(Link):
        """A link with the attribute that our patches add."""

        __slots__ = ("size",)

    link = Sized(FULL.url)
    setattr(link, "size", size)  # noqa: B010 - the stock class has no such attribute
    assert remote_file(link).size == expected


def test_file_on_a_page_in_html_has_no_size() -> None:
    """Only pages in JSON state it."""
    assert remote_file(FULL).size is None
