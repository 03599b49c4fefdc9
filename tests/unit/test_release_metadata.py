"""The metadata of a version: from its index-level file, else from the wheels, else unread."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO

import pytest

from pip_variants.core.errors import FetchError
from pip_variants.core.metadata import FileProblems
from pip_variants.core.properties import Label
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.transport import NO_HEADERS, Headers, RemoteFile, Response, TransportError
from pip_variants.remote.wheel_metadata import WheelReader

PAGE = "https://index.test/x/"
JSON = "x-1.0-variants.json"
GPU = {"gpu": {"arch": ["1"]}}
DOCUMENT = {"variants": {"a": GPU, "b": GPU, "c": GPU}}
FUTURE = {"$schema": "https://example.org/v2.0.0.json", "variants": {}}
STATUS = "the server responded with status 503"


@dataclass
class Reply:
    """A wheel, which is shorter than the part that is requested, or a document."""

    body: bytes
    status: int
    is_encoded: bool = False
    accepts_ranges: bool = True
    validator: str = ""
    from_cache: bool = False
    declared_length: str = ""
    content_range: str = ""

    def __post_init__(self) -> None:
        """Announce what is sent."""
        self.declared_length = size = str(len(self.body))
        if self.status == 206:
            self.content_range = f"bytes 0-{len(self.body) - 1}/{size}"

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.body

    def abort(self) -> None:
        """Do nothing."""


@dataclass
class Server:
    """A server with files by name; without one it fails. ``requests`` are their names."""

    files: Mapping[str, bytes]
    requests: list[str] = field(default_factory=list)

    @contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[Response]:
        """Respond to a request."""
        assert not is_file or "Range" not in headers
        name = url.removeprefix(PAGE)
        self.requests.append(name)
        if name not in self.files:
            raise TransportError(STATUS, 503)
        yield Reply(self.files[name], 206 if "Range" in headers else 200)

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a link is refused."""
        return source.startswith("https:") and url.startswith("http:")

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Return None: there is no cache."""
        del url, stale
        return None


def file(name: str, label: str | None = None, **hashes: object) -> RemoteFile:
    """Return a file of the page."""
    url = f"{PAGE}{name}"
    return RemoteFile(name, url, url, PAGE, hashes, label=None if label is None else Label(label))


def wheel_name(label: str) -> str:
    """Return the name of a wheel."""
    return f"x-1.0-py3-none-any-{label}.whl"


def wheel(own: object, *, name: str = "variant.json") -> bytes:
    """Return a wheel with this as its `variant.json`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x-1.0.dist-info/METADATA", "Name: x\n")
        archive.writestr(f"x-1.0.dist-info/{name}", json.dumps(own))
    return buffer.getvalue()


def wheels(**changes: object) -> dict[str, bytes]:
    """Return the wheels a, b and c, each with its own label or with what is given for it."""
    own = {label: {"variants": {label: GPU}} for label in "abc"} | changes
    return {wheel_name(label): wheel(item) for label, item in own.items()}


def text(document: object) -> dict[str, bytes]:
    """Return the index-level file."""
    return {JSON: json.dumps(document).encode()}


WHEELS = wheels()
NO_WHEEL = f"cannot be read: {STATUS}"
MISSING = "there is no variant.json in it"
NO_VARIANT_JSON = {wheel_name("b"): wheel({}, name="other.json")}
NO_ARCHIVE = {wheel_name("b"): b"<html>log in</html>"}
GARBAGE = wheels(b={"variants": {"b": 1}})


def without(label: str) -> dict[str, bytes]:
    """Return the wheels without one."""
    return {name: content for name, content in WHEELS.items() if name != wheel_name(label)}


def listing(*labels: str) -> dict[str, bytes]:
    """Return an index-level file with these labels."""
    return text({"variants": dict.fromkeys(labels, GPU)})


@dataclass(frozen=True)
class Case:
    """What a server has, whether its page lists the index-level file, and what is read.

    Labels that are neither ignored nor unread are described. ``unread`` is the reason.
    """

    files: Mapping[str, bytes]
    listed: bool = True
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    reason: str = ""
    file_error: str | None = None


CASES = {
    "file": Case(text(DOCUMENT)),
    "no file": Case(WHEELS, listed=False),
    "file fails": Case(WHEELS, file_error=STATUS),
    "file is HTML": Case(
        {**WHEELS, JSON: b"<html>"},
        file_error="not JSON: Expecting value: line 1 column 1 (char 0)",
    ),
    "file has another shape": Case(
        {**WHEELS, **text({"variants": []})},
        file_error="variants: expected an object, found a list",
    ),
    "file fails, one wheel too": Case(
        without("b"), unread=("b", "c"), reason=NO_WHEEL, file_error=STATUS
    ),
    "everything fails": Case({}, unread=("a", "b", "c"), reason=NO_WHEEL, file_error=STATUS),
    "no file, one wheel fails": Case(
        without("b"), listed=False, unread=("b", "c"), reason=NO_WHEEL
    ),
    "label missing in the file, its wheel fails": Case(
        listing("a", "c"), unread=("b",), reason=NO_WHEEL
    ),
    "label missing in the file, its wheel is no archive": Case(
        {**listing("a", "c"), **NO_ARCHIVE}, unread=("b",), reason="'File is not a zip file'"
    ),
    "label missing in the file, its wheel describes it": Case({**listing("a", "c"), **WHEELS}),
    "label missing in the file and in its wheel": Case(
        {**listing("a", "c"), **NO_VARIANT_JSON}, ignored=("b",), reason=MISSING
    ),
    "label missing in the file, invalid in its wheel": Case(
        {**listing("a", "c"), **GARBAGE}, ignored=("b",), reason="variants['b']: expected an object"
    ),
    "no file, label missing in its wheel": Case(
        {**WHEELS, **NO_VARIANT_JSON}, listed=False, ignored=("b",), reason=MISSING
    ),
    "file fails, label missing in its wheel": Case(
        {**WHEELS, **NO_VARIANT_JSON}, unread=("b",), reason=MISSING, file_error=STATUS
    ),
    "file fails, label invalid in its wheel": Case(
        GARBAGE, unread=("b",), reason="variants['b']: expected an object", file_error=STATUS
    ),
    "file fails, wheel of a future revision": Case(
        wheels(b=FUTURE), ignored=("b",), reason="major version 2", file_error=STATUS
    ),
    "file fails, wheels contradict each other": Case(
        wheels(
            a={"variants": {"a": GPU}, "default-priorities": {"namespace": ["cpu"]}},
            c={"variants": {"c": GPU}, "default-priorities": {"namespace": ["gpu"]}},
        ),
        ignored=("c",),
        reason="default-priorities.namespace: differs between the files",
        file_error=STATUS,
    ),
    "one invalid label": Case(
        {**text({"variants": {"a": GPU, "b": [], "c": GPU}}), **WHEELS},
        ignored=("b",),
        reason=f"{JSON}: variants['b']: expected an object, found a list",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_label_is_described_ignored_or_unread(case: Case) -> None:
    """What cannot be fetched is not the same as what does not exist."""
    server, reader = Server(case.files), MetadataReader(WheelReader())
    if case.listed:
        reader.add_listed(file(JSON))
    files = [file(wheel_name(label), label) for label in "abc"]
    found = reader.read(files, server)
    assert tuple(label for label, _ in found.failures) == case.ignored
    assert tuple(label for label, _ in found.unread) == case.unread
    assert all(case.reason in reason for _, reason in (*found.failures, *found.unread))
    described = {variant.label for variant in found.metadata.variants}
    assert described == {"a", "b", "c"} - {*case.ignored, *case.unread}
    problems = found.file_problems or FileProblems(JSON)
    assert problems.error == case.file_error
    used = case.listed and case.file_error is None
    assert found.location == (f"{PAGE}{JSON}" if used else None)
    requests = list(server.requests)
    assert reader.read(files, server) is found
    assert server.requests == requests


def test_after_the_first_wheel_that_fails_no_other_is_requested() -> None:
    """A server that is down gets no request for every label, each time with all retries."""
    server, reader = Server({}), MetadataReader(WheelReader())
    reader.add_listed(file(JSON))
    reader.read([file(wheel_name(label), label) for label in "abc"], server)
    assert dict.fromkeys(server.requests) == {JSON: None, wheel_name("a"): None}


def test_requested_label_is_read_first() -> None:
    """Another wheel that fails does not keep it from being read."""
    server, reader = Server(without("a")), MetadataReader(WheelReader())
    files = [file(wheel_name(label), label) for label in "abc"]
    found = reader.read(files, server, Label("b"))
    assert [variant.label for variant in found.metadata.variants] == ["b"]
    assert [label for label, _ in found.unread] == ["a", "c"]


def test_excluded_label_is_read_last() -> None:
    """Its wheel that fails does not keep the others from being read."""
    server, reader = Server(without("a")), MetadataReader(WheelReader())
    files = [file(wheel_name(label), label) for label in "abc"]
    found = reader.read(files, server, excluded=[Label("a")])
    assert [variant.label for variant in found.metadata.variants] == ["b", "c"]
    assert [label for label, _ in found.unread] == ["a"]


def test_other_wheels_of_a_version_are_read_as_well() -> None:
    """Pip ranks yanked files apart from the others: each part has labels of its own."""
    server, reader = Server(WHEELS), MetadataReader(WheelReader())
    for label in "ab":
        found = reader.read([file(wheel_name(label), label)], server)
        assert [variant.label for variant in found.metadata.variants] == [label]


NOTHING: dict[str, tuple[dict[str, bytes], bool, str]] = {
    "no file": (
        wheels(a={}),
        False,
        (
            f"there is no *-variants.json beside them, and {wheel_name('a')}: variant.json:"
            " variants: missing"
        ),
    ),
    "future file": (
        {**text(FUTURE), **WHEELS},
        True,
        f"{JSON}: $schema: major version 2 is not supported",
    ),
    "file fails, future wheel": (
        wheels(a=FUTURE),
        True,
        (
            f"{JSON}: {STATUS}, and {wheel_name('a')}: variant.json: $schema: major version 2 is"
            " not supported"
        ),
    ),
}


@pytest.mark.parametrize(("files", "listed", "problem"), NOTHING.values(), ids=NOTHING)
def test_source_that_describes_no_label_is_an_error(
    files: Mapping[str, bytes], problem: str, *, listed: bool
) -> None:
    """All of it was read, so that its wheels are ignored; the error is the same each time."""
    reader = MetadataReader(WheelReader())
    if listed:
        reader.add_listed(file(JSON))
    for _ in range(2):
        with pytest.raises(FetchError) as caught:
            reader.read([file(wheel_name("a"), "a")], Server(files))
        assert str(caught.value) == problem


def test_null_variant_needs_no_metadata() -> None:
    """It has no properties, whatever its file says; but another label may fit better."""
    reader = MetadataReader(WheelReader())
    found = reader.read([file(wheel_name("null"), "null")], Server({}))
    assert (found.failures, found.unread) == ((), ())
    files = [file(wheel_name(label), label) for label in ("null", "a")]
    assert [label for label, _ in reader.read(files, Server({})).unread] == ["a"]


def test_invalid_entries_and_unknown_hashes_are_reported() -> None:
    """The label of an invalid entry need not have a wheel."""
    document = {"variants": {"a": GPU, "../b": GPU}, "providers": {"gpu": 1}}
    reader = MetadataReader(WheelReader())
    reader.add_listed(file(JSON, blake3="00"))
    found = reader.read([file(wheel_name("a"), "a")], Server(text(document)))
    assert (found.failures, found.unread) == ((), ())
    assert found.file_problems == FileProblems(
        JSON,
        None,
        (
            "providers.gpu: expected an object, found a number",
            "variants['../b']: not a label of a-z, 0-9, _ and .",
        ),
        ("'blake3'",),
    )


def test_hint_tries_again_what_has_failed() -> None:
    """It knows what was read, and sends no other request again."""
    reader = MetadataReader(WheelReader())
    reader.add_listed(file(JSON))
    files = [file(wheel_name("a"), "a")]
    assert reader.read(files, Server({})).unread
    server = Server(text(DOCUMENT))
    found = reader.forget_failures()
    assert found.read(files, server).unread == ()
    assert found.forget_failures().read(files, server).unread == ()
    assert server.requests == [JSON]


OWN = {label: {"variants": {label: GPU}} for label in "abc"}
DOCUMENTS: dict[str, tuple[Mapping[str, bytes], bool, list[object]]] = {
    "file": (text(DOCUMENT), True, [DOCUMENT]),
    "no file": (WHEELS, False, [OWN["a"], OWN["b"]]),
    "file fails": (WHEELS, True, [OWN["a"], OWN["b"]]),
    "label missing in the file": (
        {**listing("a", "c"), **WHEELS},
        True,
        [{"variants": {"a": GPU, "c": GPU}}, OWN["b"]],
    ),
    "invalid entries in the file": (
        text({"variants": {"a": GPU, "b": GPU, "../c": GPU}, "providers": {"gpu": 1}, "x": 1}),
        True,
        [{"variants": {"a": GPU, "b": GPU}, "providers": {}, "x": 1}],
    ),
}


@pytest.mark.parametrize(("files", "listed", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_those_that_describe_the_wheels(
    files: Mapping[str, bytes], expected: list[object], *, listed: bool
) -> None:
    """They are as published, without what cannot be read, and nothing is requested for them."""
    server, reader = Server(files), MetadataReader(WheelReader())
    if listed:
        reader.add_listed(file(JSON))
    wheels_here = [file(wheel_name(label), label) for label in "ab"]
    reader.read(wheels_here, server)
    requests = list(server.requests)
    assert list(reader.documents(wheels_here)) == expected
    assert server.requests == requests


def test_null_variant_has_no_document() -> None:
    """None is needed, and none is read."""
    reader = MetadataReader(WheelReader())
    null = [file(wheel_name("null"), "null")]
    reader.read(null, Server({}))
    assert reader.documents(null) == ()
