"""Pages and redirects that are small, and would take all memory or minutes."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

import pytest

from tests.e2e.pips import Pip
from tests.support.stand_in import IndexServer, Reply, write_simple_index, write_wheel
from tests.support.waiting import children_time, within

pytestmark = pytest.mark.every_release

PAGE = "/simple/plain/"
MIB = 1024 * 1024
SKIPPED = "WARNING: Could not fetch URL INDEX/simple/plain/: "
NOT_FOUND = (
    "ERROR: Could not find a version that satisfies the requirement plain (from versions: none)\n"
    "ERROR: No matching distribution found for plain\n"
)


@pytest.fixture
def plain_index(server: IndexServer, tmp_path: Path) -> str:
    """Return the address of an index with one plain wheel, which serves HTML alone."""
    wheel = write_wheel(tmp_path / "index/files", "plain-1.0-py3-none-any.whl")
    write_simple_index(tmp_path / "index", {"plain": [wheel]})
    return f"{server.url}simple/"


def page(server: IndexServer) -> bytes:
    """Return the page as it is served."""
    content = server.source(f"{PAGE}index.html")
    assert content is not None
    return content


def compressed(content: bytes, *encodings: str) -> Reply:
    """Return a page that is compressed several times over."""
    for encoding in encodings:
        content = gzip.compress(content) if encoding == "gzip" else zlib.compress(content)
    return Reply(body=content, headers=(("Content-Encoding", ", ".join(encodings)),))


def bomb(mebibytes: int) -> bytes:
    """Return a gzip stream of this many mebibytes, which is about a thousandth of it."""
    stream = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([stream.compress(bytes(MIB)) for _ in range(mebibytes)]) + stream.flush()


ACCEPTED = (("gzip",), ("deflate",), ("gzip", "deflate"), ("gzip",) * 5)


@pytest.mark.parametrize("encodings", ACCEPTED, ids=" ".join)
def test_page_that_is_compressed_is_read(
    pip: Pip, server: IndexServer, plain_index: str, encodings: tuple[str, ...]
) -> None:
    """Up to five encodings are undone."""
    server.replies[PAGE] = compressed(page(server), *encodings)
    assert pip.dry_run(plain_index, "plain").last_line == "Would install plain-1.0"


@pytest.mark.parametrize("count", [6, 60])
def test_page_that_is_compressed_many_times_is_not_read(
    pip: Pip, server: IndexServer, plain_index: str, count: int
) -> None:
    """A warning or the error says so, whatever the page is."""
    server.replies[PAGE] = compressed(page(server), *["gzip"] * count)
    output = pip.dry_run(plain_index, "plain", status=1)
    assert "content encodings" in output.stderr


@pytest.mark.parametrize("times", [1, 2])
def test_page_that_grows_without_end_is_skipped(
    pip: Pip, server: IndexServer, plain_index: str, times: int
) -> None:
    """A megabyte that stands for a gigabyte is given up; so is one that is compressed again."""
    content = bomb(1024)
    for _ in range(times - 1):
        content = gzip.compress(content)
    headers = (("Content-Encoding", ", ".join(["gzip"] * times)),)
    server.replies[PAGE] = Reply(body=content, headers=headers)
    output = pip.dry_run(plain_index, "plain", status=1)
    assert output.stderr == f"{SKIPPED}it has more than 32 MiB - skipping\n{NOT_FOUND}"


def test_body_of_a_redirect_that_grows_without_end_is_not_decompressed(
    pip: Pip, server: IndexServer, plain_index: str
) -> None:
    """The redirect is followed."""
    headers = (("Location", "/moved/"), ("Content-Encoding", "gzip"))
    server.replies[PAGE] = Reply(302, body=bomb(1024), headers=headers)
    server.replies["/moved/"] = Reply(body=page(server).replace(b"../..", server.url.encode()))
    assert pip.dry_run(plain_index, "plain").last_line == "Would install plain-1.0"


def test_page_that_cannot_be_decompressed_is_not_read(
    pip: Pip, server: IndexServer, plain_index: str
) -> None:
    """A damaged page is no traceback."""
    headers = (("Content-Encoding", "gzip"),)
    server.replies[PAGE] = Reply(body=b"not gzip", headers=headers)
    output = pip.dry_run(plain_index, "plain", status=1)
    assert "content-encoding: gzip, but failed to decode it" in output.stderr


LONG_HOSTS = {"bidirectional": "\u0660" * 21_000, "contextual": "\u30fb" * 20_000 + "\u6f22"}


@pytest.mark.parametrize("host", LONG_HOSTS.values(), ids=LONG_HOSTS)
def test_redirect_to_a_very_long_host_takes_no_time(
    pip: Pip, server: IndexServer, plain_index: str, host: str
) -> None:
    """It is refused for its length before its letters are compared."""
    location = f"http://{host}/".encode().decode("latin-1")
    server.replies[PAGE] = Reply(302, headers=(("Location", location),))
    with within(8, children_time):
        output = pip.dry_run(plain_index, "plain", status=1)
    assert "refused (not a valid URL)" in output.stderr


def test_blank_lines_of_record_are_left_out_and_millions_refused(pip: Pip, tmp_path: Path) -> None:
    """The one was a traceback; the others took gigabytes."""
    info = "x-1.0.dist-info"
    wheel = tmp_path / "x-1.0-py3-none-any.whl"
    for record, status in ((b"\nx.py,,\n\n", 0), (b",,\n" * 5_000_000, 1)):
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.py", "")
            archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
            archive.writestr(f"{info}/RECORD", record)
        site = tmp_path / f"site{status}"
        output = pip.run("install", "--no-index", "--target", site, wheel, status=status)
    assert "x.py,," in (tmp_path / f"site0/{info}/RECORD").read_text().splitlines()
    problem = "its RECORD has more than 200,000 rows"
    assert output.stderr == f"ERROR: {wheel.name} is not supported: {problem}\n"
