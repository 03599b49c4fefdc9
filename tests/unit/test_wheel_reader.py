"""METADATA and `variant.json` of wheels on servers: the requests for them, and what is kept."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from pip_variants.core.errors import FetchError, MetadataError, VariantError
from pip_variants.core.properties import Label
from pip_variants.remote.transport import NO_HEADERS, Headers, RemoteFile, Response, TransportError
from pip_variants.remote.wheel_metadata import WheelReader
from pip_variants.system.workers import Workers

KIB = 1024
TAIL = 128 * KIB
NAME = "x-1.0-py3-none-any-a.whl"
URL = f"https://index.test/{NAME}"
NEXT_URL = f"https://index.test/next/{NAME}"
METADATA = ("x-1.0.dist-info/METADATA", b"Name: x\n")
VARIANT = (
    "x-1.0.dist-info/variant.json",
    json.dumps({"variants": {"a": {"gpu": {"arch": ["1"]}}}}).encode(),
)
LARGE = ("x/lib.bin", bytes(500 * KIB))
EXPECTED = {"METADATA": METADATA[1], "variant.json": VARIANT[1]}


def archive(*members: tuple[str, bytes]) -> bytes:
    """Return a wheel with these members, not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


WHEEL = archive(LARGE, METADATA, VARIANT)
METADATA_FIRST = archive(METADATA, VARIANT, LARGE)
SMALL = archive(METADATA, VARIANT)


@dataclass
class Reply:
    """A response with a body, which arrives in two chunks."""

    body: bytes
    status: int = 206
    content_range: str = ""
    declared_length: str = ""
    accepts_ranges: bool = True
    is_encoded: bool = False
    from_cache: bool = False
    validator: str = ""

    def abort(self) -> None:
        """Do nothing."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self.body[:1]
        yield self.body[1:]


Answer = Callable[[str | None], "Reply | int"]
"""Maps the range that is requested, or None, to a response or an error status."""


def part(content: bytes, start: int, end: int) -> Reply:
    """Return a part of a file, as a server sends it."""
    text = f"bytes {start}-{end - 1}/{len(content)}"
    return Reply(content[start:end], 206, text, str(end - start))


def whole(content: bytes, *, accepts_ranges: bool = True) -> Reply:
    """Return a file."""
    return Reply(content, 200, "", str(len(content)), accepts_ranges)


def ranged(content: bytes) -> Answer:
    """Return how a server with ranges responds."""

    def answer(requested: str | None) -> Reply | int:
        if requested is None:
            return whole(content)
        first, _, last = requested.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(len(content), int(last) + 1) if first and last else len(content)
        return part(content, start, end) if start < len(content) else 416

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Return how a server responds that changes with every request."""
    following = iter(answers)

    def answer(requested: str | None) -> Reply | int:
        return next(following)(requested)

    return answer


def always(reply: Reply | int) -> Answer:
    """Return how a server responds that heeds no range."""
    return lambda _: reply


def without_ranges(reply: Reply | int, content: bytes = WHEEL) -> Answer:
    """Return how a server responds to a range in this way, and otherwise with the file."""
    return lambda requested: whole(content) if requested is None else reply


@dataclass
class Server:
    """A server with one wheel; ``ranges`` are what was requested of it."""

    answer: Answer
    cached: bytes | None = None
    ranges: list[str | None] = field(default_factory=list)

    @contextmanager
    def get(
        self, url: str, headers: Headers = NO_HEADERS, *, is_file: bool = False
    ) -> Iterator[Response]:
        """Respond to a request."""
        assert is_file == ("Range" not in headers)
        assert url in {URL, NEXT_URL}
        byte_range = headers.get("Range")
        assert headers.get("Cache-Control") == (None if byte_range is None else "no-cache")
        self.ranges.append(byte_range)
        reply = self.answer(byte_range)
        if isinstance(reply, int):
            raise TransportError(f"the server responded with status {reply}", reply)
        yield reply

    def gives_up_encryption(self, source: str, url: str) -> bool:
        """Return whether a link is refused."""
        return source.startswith("https:") and url.startswith("http:")

    def open_cached(self, url: str, *, stale: bool = False) -> IO[bytes] | None:
        """Return what the cache has."""
        assert url in {URL, NEXT_URL}
        assert not stale
        return io.BytesIO(self.cached) if self.cached is not None else None


@dataclass
class Keep:
    """Keeps wheels in a folder; ``sizes`` are those of what it has kept."""

    folder: Path
    sizes: list[int | None] = field(default_factory=list)
    announced: list[tuple[str, int | None]] = field(default_factory=list)

    def __call__(self, wheel: RemoteFile, size: int | None, body: Iterator[bytes]) -> Path:
        """Write a wheel and return its path."""
        self.sizes.append(size)
        path = self.folder / str(len(self.sizes)) / wheel.filename
        path.parent.mkdir()
        path.write_bytes(b"".join(body))
        return path

    def quietly(self) -> Keep:
        """Return the same."""
        return self

    def announce(self, wheel: RemoteFile, size: int | None) -> None:
        """Record what is announced later."""
        self.announced.append((wheel.url, size))


def wheel(url: str = URL, *, size: int | None = None) -> RemoteFile:
    """Return the wheel, with the size that its page states."""
    source = "https://index.test/x/"
    return RemoteFile(NAME, url, url, source, label=Label("a"), size=size)


LAST = f"bytes=-{TAIL}"
LAST_STATED = f"bytes={len(WHEEL) - TAIL}-"


# How the server responds, the size on the page, and the requests.
PARTS: dict[str, tuple[Answer, int | None, list[str]]] = {
    "all in the end": (ranged(WHEEL), None, [LAST]),
    "all in the end, size on the page": (ranged(WHEEL), len(WHEEL), [LAST_STATED]),
    "METADATA before the end": (
        ranged(METADATA_FIRST),
        None,
        [LAST, f"bytes=0-{METADATA_FIRST.index(b'x/lib.bin') - 31}"],
    ),
    "size on the page a little too small": (
        ranged(WHEEL),
        len(WHEEL) - 100,
        [f"bytes={len(WHEEL) - 100 - TAIL}-", f"bytes={len(WHEEL) - TAIL}-{len(WHEEL) - 1}"],
    ),
    "size on the page a little too large": (
        ranged(WHEEL),
        len(WHEEL) + 100,
        [f"bytes={len(WHEEL) + 100 - TAIL}-"],
    ),
}


@pytest.mark.parametrize(("answer", "size", "ranges"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("keeps", [True, False], ids=["keep", "keep nothing"])
def test_wheel_is_read_in_parts(
    tmp_path: Path, answer: Answer, size: int | None, ranges: list[str], *, keeps: bool
) -> None:
    """One request for the end, and one for all that is not in it; nothing is kept."""
    server, keep = Server(answer), Keep(tmp_path)
    reader = WheelReader(keep if keeps else None)
    for _ in range(2):
        assert reader.members(wheel(size=size), server) == EXPECTED
    assert server.ranges == ranges
    assert (reader.arrived, keep.sizes) == ({}, [])
    assert reader.sizes == {URL: len(WHEEL)}
    assert reader.known(URL) == EXPECTED


def with_range(reply: Reply, content_range: str) -> Reply:
    """Return a response with another Content-Range."""
    return Reply(reply.body, reply.status, content_range, reply.declared_length)


TAIL_OF_WHEEL = part(WHEEL, len(WHEEL) - TAIL, len(WHEEL))
OTHER = archive(LARGE, ("x/more.bin", bytes(1000)), METADATA, VARIANT)
DAMAGED = {
    "shorter than announced": Reply(
        TAIL_OF_WHEEL.body[:-1], 206, TAIL_OF_WHEEL.content_range, str(TAIL)
    ),
    "longer than announced": Reply(
        TAIL_OF_WHEEL.body + b"x", 206, TAIL_OF_WHEEL.content_range, str(TAIL)
    ),
    "no Content-Range": with_range(TAIL_OF_WHEEL, ""),
    "wrong Content-Range": with_range(TAIL_OF_WHEEL, f"bytes 0-9/{len(WHEEL)}"),
    "not the end": part(WHEEL, 0, TAIL),
    "encoded": Reply(b"\x1f\x8b", 206, "", "2", is_encoded=True),
    "encoded file": Reply(b"\x1f\x8b", 200, "", "2", is_encoded=True),
}


@pytest.mark.parametrize("status", [400, 403, 404, 405, 416, 500])
def test_wheel_is_requested_whole_if_the_range_is_refused(tmp_path: Path, status: int) -> None:
    """Such a server may send the file all the same; it is kept."""
    server, keep = Server(without_ranges(status)), Keep(tmp_path)
    reader = WheelReader(keep)
    assert reader.members(wheel(), server) == EXPECTED
    assert server.ranges == [LAST, None]
    assert keep.sizes == [len(WHEEL)]
    assert reader.arrived[URL].read_bytes() == WHEEL
    assert reader.sizes == {URL: len(WHEEL)}


@pytest.mark.parametrize("reply", DAMAGED.values(), ids=DAMAGED)
def test_wheel_is_requested_whole_after_a_part_that_is_of_no_use(
    tmp_path: Path, reply: Reply
) -> None:
    """Nothing is read out of a body that is not what it says."""
    server, keep = Server(without_ranges(reply)), Keep(tmp_path)
    reader = WheelReader(keep)
    assert reader.members(wheel(), server) == EXPECTED
    assert server.ranges == [LAST, None]
    assert reader.arrived[URL].read_bytes() == WHEEL


SENT_WHOLE = {
    "200": whole(WHEEL),
    "200, no ranges": whole(WHEEL, accepts_ranges=False),
    "200 of unknown size": Reply(WHEEL, 200),
    "206": part(WHEEL, 0, len(WHEEL)),
    "206 of a small wheel": part(SMALL, 0, len(SMALL)),
}


@pytest.mark.parametrize("reply", SENT_WHOLE.values(), ids=SENT_WHOLE)
def test_wheel_that_is_sent_whole_is_kept_and_not_requested_again(
    tmp_path: Path, reply: Reply
) -> None:
    """The body that is under way is used."""
    server, keep = Server(always(reply)), Keep(tmp_path)
    reader = WheelReader(keep)
    for _ in range(2):
        assert reader.members(wheel(), server) == EXPECTED
    assert server.ranges == [LAST]
    assert keep.sizes == [len(reply.body) if reply.declared_length else None]
    assert reader.arrived[URL].read_bytes() == reply.body
    assert reader.sizes == {URL: len(reply.body)}


@pytest.mark.parametrize("reply", [whole(METADATA_FIRST), Reply(METADATA_FIRST, 200)])
def test_wheel_that_is_sent_whole_for_the_second_part_is_kept(tmp_path: Path, reply: Reply) -> None:
    """A server may heed only ranges from the end."""
    answer = in_turn(ranged(METADATA_FIRST), always(reply))
    server, keep = Server(answer), Keep(tmp_path)
    reader = WheelReader(keep)
    assert reader.members(wheel(), server) == EXPECTED
    assert len(server.ranges) == 2
    assert reader.arrived[URL].read_bytes() == METADATA_FIRST


def test_file_that_changes_between_two_requests_is_requested_whole(tmp_path: Path) -> None:
    """Parts of two files are not put together."""
    answer = in_turn(ranged(METADATA_FIRST), ranged(OTHER), ranged(OTHER))
    server = Server(answer)
    reader = WheelReader(Keep(tmp_path))
    assert reader.members(wheel(), server) == EXPECTED
    assert server.ranges[2:] == [None]
    assert reader.arrived[URL].read_bytes() == OTHER


@pytest.mark.parametrize("size", [len(WHEEL) + TAIL, 10 * len(WHEEL)])
def test_size_on_the_page_beyond_the_file_costs_the_whole_wheel(tmp_path: Path, size: int) -> None:
    """A server refuses a range that begins after the end."""
    server = Server(ranged(WHEEL))
    reader = WheelReader(Keep(tmp_path))
    assert reader.members(wheel(size=size), server) == EXPECTED
    assert server.ranges == [f"bytes={size - TAIL}-", None]


VERY_LARGE = archive(("x/lib.bin", bytes(65 * KIB * KIB)), METADATA, VARIANT)


@pytest.mark.parametrize("size", [None, 1], ids=["from the end", "wrong size on the page"])
def test_very_large_wheel_is_not_sent_whole_if_there_are_ranges(
    tmp_path: Path, size: int | None
) -> None:
    """Some servers know no ranges from the end, and a page may state any size."""
    first = always(whole(VERY_LARGE)) if size is None else ranged(VERY_LARGE)
    server, keep = Server(in_turn(first, ranged(VERY_LARGE))), Keep(tmp_path)
    reader = WheelReader(keep)
    assert reader.members(wheel(size=size), server) == EXPECTED
    last = len(VERY_LARGE)
    begin = LAST if size is None else "bytes=0-"
    assert server.ranges == [begin, f"bytes={last - TAIL}-{last - 1}"]
    assert keep.sizes == []


def test_very_large_wheel_without_ranges_is_kept(tmp_path: Path) -> None:
    """There is no other way to read it."""
    server = Server(always(whole(VERY_LARGE, accepts_ranges=False)))
    reader = WheelReader(Keep(tmp_path))
    assert reader.members(wheel(), server) == EXPECTED
    assert server.ranges == [LAST]


NO_RANGES = f"{NAME}: its server does not support range requests"


@pytest.mark.parametrize(
    "reply",
    [whole(WHEEL), part(WHEEL, 0, len(WHEEL)), Reply(WHEEL, 200), 416],
    ids=["200", "206", "200 of unknown size", "416"],
)
def test_wheel_without_ranges_is_an_error_if_none_is_kept(reply: Reply | int) -> None:
    """A hint is not worth a download."""
    server = Server(without_ranges(reply))
    with pytest.raises(FetchError) as caught:
        WheelReader().members(wheel(), server)
    assert str(caught.value) == NO_RANGES


def test_small_wheel_is_read_though_none_is_kept() -> None:
    """It comes whole where its end was requested."""
    server, reader = Server(ranged(SMALL)), WheelReader()
    assert reader.members(wheel(), server) == EXPECTED
    assert (server.ranges, reader.arrived) == ([LAST], {})


@pytest.mark.parametrize("content", [b"x", archive()], ids=["one byte", "empty archive"])
def test_tiny_file_is_read_as_one_on_a_disk(content: bytes) -> None:
    """`zipfile` looks for records before the beginning of such a file."""
    server, reader = Server(ranged(content)), WheelReader()
    with contextlib.suppress(MetadataError):
        assert reader.members(wheel(), server) == {}
    assert server.ranges == [LAST]


# How the server responds, and the error.
FAILURES: dict[str, tuple[Answer, type[VariantError], str]] = {
    "missing": (
        always(404),
        FetchError,
        f"{NAME}: cannot be read: the server responded with status 404",
    ),
    "encoded": (
        always(Reply(WHEEL, 200, "", "9", is_encoded=True)),
        FetchError,
        f"{NAME}: cannot be read: the server sent it encoded",
    ),
    "nothing": (ranged(b"x"), MetadataError, f"{NAME}: 'File is not a zip file'"),
    "no archive": (ranged(bytes(200 * KIB)), MetadataError, f"{NAME}: 'File is not a zip file'"),
}


@pytest.mark.parametrize(("answer", "error", "text"), FAILURES.values(), ids=FAILURES)
def test_wheel_that_cannot_be_read_is_the_same_error_each_time(
    tmp_path: Path, answer: Answer, error: type[VariantError], text: str
) -> None:
    """No request is repeated for it."""
    server, reader = Server(answer), WheelReader(Keep(tmp_path))
    counts = []
    for _ in range(2):
        with pytest.raises(error) as caught:
            reader.members(wheel(), server)
        assert str(caught.value) == text
        counts.append(len(server.ranges))
    assert counts[0] == counts[1]
    assert reader.known(URL) == {}
    assert reader.known_variant(wheel()) is None


def test_reader_without_downloads_knows_what_was_read_but_no_failure(tmp_path: Path) -> None:
    """It may try again what has failed, and keeps nothing."""
    failing, reader = Server(always(503)), WheelReader(Keep(tmp_path))
    with pytest.raises(FetchError):
        reader.members(wheel(), failing)
    hint = reader.without_downloads()
    server = Server(ranged(WHEEL))
    assert hint.members(wheel(), server) == EXPECTED
    assert hint.keep is None
    assert reader.known(URL) == {}
    again = hint.without_downloads()
    assert again.members(wheel(), failing) == EXPECTED
    assert again.sizes is reader.sizes


def test_wheel_in_the_cache_needs_no_request() -> None:
    """Neither does a wheel on a disk."""
    server, reader = Server(always(500), cached=WHEEL), WheelReader()
    assert reader.members(wheel(), server) == EXPECTED
    assert (server.ranges, reader.arrived) == ([], {})


def test_wheel_on_a_disk_needs_no_request(tmp_path: Path) -> None:
    """Its path says where it is."""
    path = tmp_path / NAME
    path.write_bytes(WHEEL)
    server = Server(always(500), cached=b"")
    file = RemoteFile(NAME, URL, URL, str(tmp_path), path=path)
    assert WheelReader().members(file, server) == EXPECTED
    assert server.ranges == []


def test_variant_is_that_of_the_label(tmp_path: Path) -> None:
    """What has been read is known without a request."""
    server, reader = Server(ranged(WHEEL)), WheelReader(Keep(tmp_path))
    assert reader.known_variant(wheel()) is None
    found = reader.own_variant(wheel(), server)
    assert found.variant.label == "a"
    assert reader.known_variant(wheel()) == found
    assert server.ranges == [LAST]


def zip64(content: bytes) -> bytes:
    """Return an archive whose directory is found by the records of ZIP64."""
    directory = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    count = struct.unpack_from("<H", content, end + 10)[0]
    fields = (b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, end - directory, directory)
    record = struct.pack("<4sQHHIIQQQQ", *fields)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    last = (b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return content[:end] + record + locator + struct.pack("<4sHHHHIIH", *last)


def test_archive_in_zip64_is_read_by_ranges() -> None:
    """Wheels of more than 4 GiB are such archives."""
    server, reader = Server(ranged(zip64(METADATA_FIRST))), WheelReader()
    assert reader.members(wheel(), server) == EXPECTED
    assert len(server.ranges) == 2


def hostile(*changes: tuple[int, int]) -> bytes:
    """Return a wheel with other numbers at these offsets of the record at its end."""
    content = bytearray(WHEEL)
    end = content.index(b"PK\x05\x06")
    for offset, value in changes:
        struct.pack_into("<I", content, end + offset, value)
    return bytes(content)


SIZE_OF_DIRECTORY, START_OF_DIRECTORY = 12, 16
HOSTILE: dict[str, Sequence[tuple[int, int]]] = {
    "a directory larger than the file": [(SIZE_OF_DIRECTORY, 0x7FFFFFFF)],
    "a directory as large as the file": [(SIZE_OF_DIRECTORY, len(WHEEL) - 22)],
    "a directory beyond the end": [(START_OF_DIRECTORY, 0x7FFFFFFF)],
    "no directory": [(SIZE_OF_DIRECTORY, 0), (START_OF_DIRECTORY, 0)],
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_hostile_archive_costs_few_requests(changes: Sequence[tuple[int, int]]) -> None:
    """What its end says is no reason to fetch much, or often."""
    server, reader = Server(ranged(hostile(*changes))), WheelReader()
    with contextlib.suppress(MetadataError, FetchError):
        assert reader.members(wheel(), server) == {}
    assert len(server.ranges) <= 2


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Return a thread."""
    own = Workers(1)
    yield own
    own.stop()


def test_wheels_of_a_server_that_sends_parts_are_read_ahead(
    tmp_path: Path, workers: Workers
) -> None:
    """The first one shows that it does; each is requested once, by the first that needs it."""
    server, keep = Server(ranged(WHEEL)), Keep(tmp_path)
    reader = WheelReader(keep)
    reader.read_ahead(wheel(NEXT_URL), server, workers)
    assert not reader.is_read_ahead(NEXT_URL)
    assert reader.members(wheel(), server) == EXPECTED
    for _ in range(2):
        reader.read_ahead(wheel(), server, workers)
        reader.read_ahead(wheel(NEXT_URL), server, workers)
    assert reader.is_read_ahead(NEXT_URL)
    assert not reader.is_read_ahead(URL)
    assert reader.members(wheel(NEXT_URL), server) == EXPECTED
    assert server.ranges == [LAST, LAST]
    assert (keep.sizes, keep.announced) == ([], [])


def test_wheel_that_is_sent_whole_ahead_is_kept(tmp_path: Path, workers: Workers) -> None:
    """It is shown when it is needed, and not requested again."""
    server, keep = Server(ranged(WHEEL)), Keep(tmp_path)
    reader = WheelReader(keep)
    reader.members(wheel(), server)
    server.answer = lambda _: SENT_WHOLE["200"]
    reader.read_ahead(wheel(NEXT_URL), server, workers)
    assert reader.members(wheel(NEXT_URL), server) == EXPECTED
    assert server.ranges == [LAST, LAST]
    assert reader.arrived[NEXT_URL].read_bytes() == WHEEL
    assert keep.announced == [(NEXT_URL, len(WHEEL))]


def test_failure_ahead_is_tried_again(tmp_path: Path, workers: Workers) -> None:
    """Only what fails when it is needed is an error."""
    failures = iter([500, 500])
    server = Server(ranged(WHEEL))
    reader = WheelReader(Keep(tmp_path))
    reader.members(wheel(), server)
    server.answer = lambda requested: next(failures, None) or ranged(WHEEL)(requested)
    reader.read_ahead(wheel(NEXT_URL), server, workers)
    assert reader.members(wheel(NEXT_URL), server) == EXPECTED
    assert server.ranges == [LAST, LAST, None, LAST]
