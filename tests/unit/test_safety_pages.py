"""What is wrong with a page or a URL is left out or reported, and nothing else is lost for it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.index.collector import IndexContent
from pip._internal.models.link import Link

from patches.common._safety.pages import files_of, link_or_none, links_of
from patches.common._safety.requirement_texts import LONGEST
from patches.common._safety.urls import check_requirement, check_urls, refuse_host
from tests.support.waiting import within

URL = "https://user:secret@index.example/simple/torch/"
SHOWN = "'https://user:****@index.example/simple/torch/'"
GOOD = {
    "filename": "torch-1.0-py3-none-any.whl",
    "url": "torch-1.0-py3-none-any.whl",
    "hashes": {"sha256": "00"},
    "requires-python": ">=3",
    "core-metadata": {"sha256": "00"},
    "yanked": "broken",
    "size": 5,
    "upload-time": "2026-11-01T10:00:00.123456Z",
}


def page(content: bytes, kind: str = "application/vnd.pypi.simple.v1+json") -> IndexContent:
    """Return a page with this content."""
    return IndexContent(content, kind, None, URL)


def parse(content: IndexContent) -> Iterator[Link]:
    """Yield the links of a page in JSON, as pip does with the patch."""
    for file in files_of(json.loads(content.content), content.url):
        link = link_or_none(Link.from_json, file, content.url)
        if link is not None:
            yield link


PAGES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"<html>", "it cannot be read: 'Expecting value: line 1 column 1 (char 0)'"),
    "cut": (b'{"files": [', "it cannot be read: 'Expecting value: line 1 column 12 (char 11)'"),
    "deep": (b"[" * 100_000, "it cannot be read: "),
    "a list": (b"[]", "it is not a JSON object"),
    "null": (b"null", "it is not a JSON object"),
    "files that are none": (b'{"files": {}}', "its files are not a list"),
    "files that are null": (b'{"files": null}', "its files are not a list"),
    "another encoding": (b'{"files": ["\xff"]}', "it cannot be read: "),
}


@pytest.mark.parametrize("case", PAGES)
def test_a_page_that_cannot_be_read_is_ignored(caplog: pytest.LogCaptureFixture, case: str) -> None:
    """One warning says which page it is and what is wrong with it; no password is shown."""
    content, reason = PAGES[case]
    assert links_of(parse, page(content)) == []
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"Ignoring the page {SHOWN}: {reason}")
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 500


FILES: dict[str, tuple[object, str]] = {
    "a string": ("x", "it is not a JSON object"),
    "null": (None, "it is not a JSON object"),
    "url": ({**GOOD, "url": ["x"]}, "its url is not a string"),
    "filename": ({**GOOD, "filename": 5}, "its filename is not a string"),
    "hashes": ({**GOOD, "hashes": []}, "its hashes is not a table of strings"),
    "a hash": ({**GOOD, "hashes": {"sha256": 5}}, "its hashes is not a table of strings"),
    "requires-python": ({**GOOD, "requires-python": 3}, "its requires-python is not a string"),
    "core-metadata": (
        {**GOOD, "core-metadata": "x"},
        "its core-metadata is not a boolean or a table of strings",
    ),
    "dist-info-metadata": (
        {**GOOD, "dist-info-metadata": {"sha256": None}},
        "its dist-info-metadata is not a boolean or a table of strings",
    ),
    "yanked": ({**GOOD, "yanked": []}, "its yanked is not a boolean or a string"),
    "size": ({**GOOD, "size": "5"}, "its size is not a number of bytes"),
    "negative size": ({**GOOD, "size": -5}, "its size is not a number of bytes"),
    "upload-time": ({**GOOD, "upload-time": "soon"}, "its upload-time is not a time"),
}


@pytest.mark.parametrize("case", FILES)
def test_one_wrong_file_hides_no_other(caplog: pytest.LogCaptureFixture, case: str) -> None:
    """It is left out, with one warning for the page."""
    file, reason = FILES[case]
    content = json.dumps({"files": [file, GOOD, file]}).encode()
    (link,) = links_of(parse, page(content))
    assert link.filename == GOOD["filename"]
    (record,) = caplog.records
    assert record.getMessage() == f"Ignoring 2 files of the page {SHOWN}: {reason}"


def test_what_may_be_missing_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    """Nulls and missing keys are what PEP 691 and indexes have."""
    nulls = {**GOOD, "requires-python": None, "size": None, "yanked": False, "core-metadata": True}
    content = json.dumps({"files": [{"url": "x-1.zip"}, nulls, GOOD]}).encode()
    assert len(links_of(parse, page(content))) == 3
    assert not caplog.records


def test_one_wrong_url_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A link of a page in HTML is left out with a warning, too."""
    assert link_of("http://[::1") is None
    assert link_of("x-1.0.zip") is not None
    (record,) = caplog.records
    assert record.getMessage() == f"Ignoring a link of the page {SHOWN}: 'Invalid IPv6 URL'"


def link_of(address: str) -> Link | None:
    """Return the link that a page in HTML has to an address."""
    return link_or_none(Link.from_element, {"href": address}, page_url=URL, base_url=URL)


@pytest.mark.parametrize(
    "address", ["x-1.0.zip", "//a/x.whl", "https://a/x.whl", "file:///x.whl", "file://localhost/x"]
)
def test_link_to_a_file(caplog: pytest.LogCaptureFixture, address: str) -> None:
    """By http, https or file."""
    assert link_of(address) is not None
    assert not caplog.records


@pytest.mark.parametrize(
    "address", ["mailto:a@b.c", "ftp://a/x.whl", "javascript:x.whl", "data:,x.whl", "ssh://a/x.whl"]
)
def test_link_of_another_scheme_is_none(caplog: pytest.LogCaptureFixture, address: str) -> None:
    """Pages for people have such links, so there is no warning."""
    assert link_of(address) is None
    assert not caplog.records


@pytest.mark.parametrize("scheme", ["git+https", "git+file", "hg+http", "svn+ssh", "bzr+https"])
def test_link_to_a_repository_is_left_out(caplog: pytest.LogCaptureFixture, scheme: str) -> None:
    """No page lets pip start another program, whatever the name of the link."""
    for name in ("x-1.0.tar.gz", "x-1.0-py3-none-any.whl"):
        assert link_of(f"{scheme}://a/{name}") is None
    problem = f"'{scheme} is the scheme of a repository, and not of a file'"
    expected = f"Ignoring a link of the page {SHOWN}: {problem}"
    assert [record.getMessage() for record in caplog.records] == [expected] * 2


@pytest.mark.parametrize("host", ["evil", "user:secret@evil", "127.0.0.1", "."])
def test_link_to_a_file_of_another_host_is_left_out(
    caplog: pytest.LogCaptureFixture, host: str
) -> None:
    """As an invalid URL."""
    assert link_of(f"file://{host}/x-1.0.zip") is None
    (record,) = caplog.records
    assert record.getMessage().startswith(f"Ignoring a link of the page {SHOWN}: ")


def test_a_file_of_another_host_is_an_error() -> None:
    """One that pip's own callers expect, too."""
    for error in (InstallationError, ValueError):
        with pytest.raises(error) as caught:
            refuse_host("file://user:secret@evil/x")
        assert str(caught.value) == (
            "non-local file URIs are not supported on this platform: 'file://evil/x'"
        )


def test_an_empty_hash_of_a_file_is_none() -> None:
    """And another one counts."""
    hashes = ({"sha256": ""}, {"sha256": "", "sha512": "00"}, {"sha256": "00"})
    files = [{**GOOD, "hashes": item} for item in hashes]
    links = links_of(parse, page(json.dumps({"files": files}).encode()))
    assert [link.hash for link in links] == [None, "00", "00"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://me:pass@a/x.whl#sha256=", "sha256"),
        ("https://a/x.whl#egg=x&md5=&subdirectory=y", "md5"),
        ("x @ https://a/x.whl#sha512= ; python_version > '3'", "sha512"),
        ("file:///x.whl#sha1=;x", "sha1"),
    ],
)
def test_an_empty_hash_is_an_error(url: str, name: str) -> None:
    """Who writes one expects that something is checked."""
    with pytest.raises(InstallationError, match=f"has an empty {name} hash\\.$") as caught:
        check_requirement(url)
    assert "pass" not in str(caught.value)


def test_a_valid_url_or_path_is_no_error() -> None:
    """Paths, also of Windows, and requirements pass."""
    for text in ("https://a/x.whl#sha256=00", "https://a/x?sha256=", "./x#sha256=", "x#fast"):
        check_requirement(text)
    check_urls("https://a/simple/?a=b&md5=&c=d")
    check_urls("http://[::1]:8080/x", "https://a/", "./x", "C:\\x", "torch[x]>=1; a == '['", "~/x")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://[::1/x", "'http://[::1/x' is not a valid URL: 'Invalid IPv6 URL'"),
        (
            "http://user:secret@a:99999999/",
            "'http://a:99999999/' is not a valid URL: 'Port out of range 0-65535'",
        ),
        (
            "http://user:sec/ret@a/",
            "'http://a/' is not a valid URL: 'Port could not be cast to integer value as ...'",
        ),
        (
            "http://user:sec\u2100ret@a/",
            (
                "'http://a/' is not a valid URL:"
                " 'netloc ... contains invalid characters under NFKC normalization'"
            ),
        ),
        ("//[\x1b", "'//[\\x1b' is not a valid URL: 'Invalid IPv6 URL'"),
    ],
)
def test_an_invalid_url_is_one_sentence(url: str, problem: str) -> None:
    """It has no password in it."""
    with pytest.raises(InstallationError) as caught:
        check_urls("http://a/", url)
    assert str(caught.value) == problem


def test_a_long_requirement_is_checked_in_a_moment() -> None:
    """It may be of a page or of METADATA."""
    with within(5, time.process_time):
        for part in ("://", "://#md5=x ", "#md5= ", "'"):
            check_requirement(f"x{part * 20_000}"[:LONGEST])
