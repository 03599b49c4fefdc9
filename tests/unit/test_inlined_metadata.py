"""Metadata that a lock inlines, beside the wheels of the lock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from pip_variants.core.errors import FetchError
from pip_variants.core.properties import Label
from pip_variants.remote.index_file import IndexFile, read_index_file
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.transport import RemoteFile
from pip_variants.remote.wheel_metadata import WheelReader
from tests.unit.test_release_metadata import (
    FUTURE,
    GPU,
    PAGE,
    STATUS,
    Server,
    file,
    wheel,
    wheel_name,
    wheels,
)

LOCK = RemoteFile("pylock.toml", PAGE, "pylock.toml", PAGE)
PLUGIN = {"gpu": {"requires": ["gpu-provider"]}}
CPU = {"cpu": {"level": ["1"]}}
OTHER_GPU = {"gpu": {"arch": ["2"]}}

COMPLETE = {"providers": PLUGIN, "variants": {"a": GPU, "b": GPU, "c": GPU}}
WITHOUT_PROVIDERS = {"variants": {"a": GPU, "b": {**GPU, **CPU}, "c": {}}}
NAMES = {"namespace": ["gpu"]}


def described(label: str, variant: object, **more: object) -> object:
    """Return the `variant.json` of a wheel with a provider."""
    return {"providers": PLUGIN, "variants": {label: variant}, **more}


def only(label: str, own: object) -> dict[str, bytes]:
    """Return one wheel."""
    return {wheel_name(label): wheel(own)}


ORDERED = {"namespace": ["gpu"], "feature": {"gpu": ["arch"]}}
BOTH = {"cpu": {"requires": ["cpu-provider"]}}


@dataclass(frozen=True)
class Case:
    """A document of the labels a, b and c, the wheels that a server has, and what is read.

    ``providers`` are the namespaces that have one, ``fetched`` the labels whose wheels are read.
    """

    document: object
    files: Mapping[str, bytes]
    providers: tuple[str, ...] = ("gpu",)
    fetched: str = ""
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    reason: str = ""
    file_error: str | None = None


MISSING = "there is no variant.json in it"
CASES = {
    "complete": Case(COMPLETE, {}),
    "without a label": Case(
        {"providers": PLUGIN, "variants": {"a": GPU, "c": GPU}},
        only("b", described("b", GPU)),
        fetched="b",
    ),
    "without a label, its wheel has another provider": Case(
        {"providers": PLUGIN, "variants": {"a": GPU, "c": GPU}},
        only("b", {"providers": {"gpu": {"requires": ["x"]}}, "variants": {"b": GPU}}),
        fetched="b",
        ignored=("b",),
        reason=f"{wheel_name('b')}: providers.gpu: differs between the files",
    ),
    "without providers": Case(
        WITHOUT_PROVIDERS,
        {
            **only("a", described("a", GPU)),
            **only("b", {"providers": {**PLUGIN, **BOTH}, "variants": {"b": {**GPU, **CPU}}}),
        },
        providers=("gpu", "cpu"),
        fetched="ab",
    ),
    "without providers, one wheel has all": Case(
        {"variants": {"a": {**GPU, **CPU}, "b": GPU, "c": CPU}},
        only("a", {"providers": {**PLUGIN, **BOTH}, "variants": {"a": {**GPU, **CPU}}}),
        providers=("gpu", "cpu"),
        fetched="a",
    ),
    "without providers, the wheels have none either": Case(
        {"variants": {"a": GPU, "b": GPU, "c": GPU}},
        only("a", {"variants": {"a": GPU}}),
        providers=(),
        fetched="a",
    ),
    "without providers and orders": Case(
        {"default-priorities": NAMES, "variants": {"a": GPU, "b": GPU, "c": GPU}},
        only("a", described("a", GPU, **{"default-priorities": ORDERED})),
        fetched="a",
    ),
    "only null variants without providers": Case(
        {"variants": {"a": {}, "b": {}, "c": {}}}, {}, providers=()
    ),
    "without providers, a wheel contradicts it": Case(
        {"variants": {"a": GPU, "b": {}, "c": {}}},
        only("a", described("a", OTHER_GPU)),
        providers=(),
        fetched="a",
        unread=("a",),
        reason=(
            f"{wheel_name('a')} contradicts pylock.toml: variants['a']: differs between the files"
        ),
    ),
    "without providers, a wheel has another label": Case(
        {"variants": {"a": GPU, "b": {}, "c": {}}},
        only("a", described("b", GPU)),
        providers=(),
        fetched="a",
        unread=("a",),
        reason=(
            f"{wheel_name('a')}: variant.json: variants:"
            " expected only the label a of the file name, found b"
        ),
    ),
    "without providers, a wheel has no metadata": Case(
        {"variants": {"a": GPU, "b": {}, "c": {}}},
        {wheel_name("a"): wheel({}, name="other.json")},
        providers=(),
        fetched="a",
        unread=("a",),
        reason=MISSING,
    ),
    "without providers, a wheel cannot be fetched": Case(
        {"variants": {"a": GPU, "b": GPU, "c": {}}},
        {},
        providers=(),
        fetched="aa",
        unread=("a", "b"),
        reason=f"cannot be read: {STATUS}",
    ),
    "without providers, a wheel of a future revision": Case(
        {"variants": {"a": GPU, "b": {}, "c": {}}},
        only("a", FUTURE),
        providers=(),
        fetched="a",
        ignored=("a",),
        reason="major version 2 is not supported",
    ),
    "another shape": Case(
        {"variants": []},
        wheels(),
        providers=(),
        fetched="abc",
        file_error="variants: expected an object, found a list",
    ),
    "an address in its place": Case(
        {"url": "https://example.org/x-1.0-variants.json"},
        wheels(),
        providers=(),
        fetched="abc",
        file_error="variants: missing",
    ),
    "one invalid label": Case(
        {"providers": PLUGIN, "variants": {"a": GPU, "b": {"gpu": 3}, "c": GPU}},
        {},
        ignored=("b",),
        reason="pylock.toml: variants['b'].gpu: expected an object, found a number",
    ),
}


def read(
    document: object, files: Mapping[str, bytes]
) -> tuple[MetadataReader, Server, list[RemoteFile]]:
    """Return a reader that has a document of a lock, its server, and the wheels of the lock."""
    locked = [file(wheel_name(label), label) for label in "abc"]
    reader = MetadataReader(WheelReader())
    reader.add_inlined(locked, read_index_file(LOCK, document, is_inlined=True))
    return reader, Server(files), locked


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_inlined_document_takes_the_place_of_the_index_level_file(case: Case) -> None:
    """Nothing is fetched but wheels, and of those only what the document leaves out."""
    reader, server, locked = read(case.document, case.files)
    found = reader.read(locked, server)
    assert server.requests == [wheel_name(label) for label in case.fetched]
    assert tuple(provider.namespace for provider in found.metadata.providers) == case.providers
    assert tuple(label for label, _ in found.failures) == case.ignored
    assert tuple(label for label, _ in found.unread) == case.unread
    reasons = [reason for _, reason in (*found.failures, *found.unread)]
    assert all(case.reason in reason for reason in reasons)
    assert (found.file_problems.error if found.file_problems else None) == case.file_error
    assert found.location == ("pylock.toml" if case.file_error is None else None)


def test_orders_that_a_document_leaves_out_are_those_of_the_wheels() -> None:
    """So that a lock leads to the choice that its index would."""
    case = CASES["without providers and orders"]
    reader, server, locked = read(case.document, case.files)
    priorities = reader.read(locked, server).metadata.priorities
    assert priorities.namespaces == ("gpu",)
    assert priorities.features == (("gpu", ("arch",)),)


def test_document_of_a_future_revision_describes_no_label() -> None:
    """Its wheels do not either: they are ignored as those of an index."""
    reader, server, locked = read(FUTURE, wheels())
    with pytest.raises(FetchError) as caught:
        reader.read(locked, server)
    assert str(caught.value) == "pylock.toml: $schema: major version 2 is not supported"
    assert server.requests == []


def test_file_of_an_index_is_not_completed_from_wheels() -> None:
    """Only a lock may leave providers out that its wheels have."""
    document = {"variants": {"a": GPU}}
    listed = {"x-1.0-variants.json": json.dumps(document).encode()}
    reader, server = MetadataReader(WheelReader()), Server({**listed, **wheels()})
    reader.add_listed(file("x-1.0-variants.json"))
    found = reader.read([file(wheel_name("a"), "a")], server)
    assert found.metadata.providers == ()
    assert server.requests == ["x-1.0-variants.json"]


def test_document_that_was_not_read_leaves_the_description_to_the_wheels() -> None:
    """As if there were no document, with the reason for the warning."""
    reader, server = MetadataReader(WheelReader()), Server(wheels())
    locked = [file(wheel_name(label), label) for label in "abc"]
    reader.add_inlined(locked, IndexFile(LOCK, error="too large", is_inlined=True))
    found = reader.read(locked, server)
    assert [variant.label for variant in found.metadata.variants] == [*map(Label, "abc")]
    assert found.file_problems is not None
    assert found.file_problems.error == "too large"
