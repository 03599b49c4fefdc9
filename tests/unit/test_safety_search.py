"""What a server may respond to `pip search`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast
from xmlrpc.client import Fault, dumps

import pytest
from pip._internal.exceptions import CommandError
from pip._vendor.requests.models import Response

from patches.common._safety.limits import Limit
from patches.common._safety.search import MAX_BYTES, MAX_RESULTS, results_of

HIT: dict[str, object] = {"name": "x", "version": "1.0", "summary": "A text"}


def _response(body: bytes, **more: object) -> Response:
    def stream(size: int, *, decode_content: bool) -> Iterator[bytes]:
        assert decode_content
        yield from (body[start : start + size] for start in range(0, len(body), size))

    return cast("Response", SimpleNamespace(raw=SimpleNamespace(stream=stream), **more))


def _results(value: Any) -> bytes:  # noqa: ANN401 - what XML-RPC can have
    return dumps((value,), methodresponse=True, allow_none=True).encode()


def _document(value: str) -> bytes:
    return f"<methodResponse><params><param>{value}</param></params></methodResponse>".encode()


RESULTS: dict[str, tuple[list[object], list[tuple[str, str, str]], int]] = {
    "none": ([], [], 0),
    "one": ([HIT], [("x", "1.0", "A text")], 0),
    "without a summary": ([{**HIT, "summary": None}], [("x", "1.0", "")], 0),
    "more than is shown": ([{**HIT, "_pypi_ordering": 5}], [("x", "1.0", "A text")], 0),
    "lines": ([{**HIT, "summary": "a\nFORGED: \x7f\tb"}], [("x", "1.0", "a FORGED: \\x7f b")], 0),
    "no table": ([5, HIT], [("x", "1.0", "A text")], 1),
    "no name": ([{"version": "1.0", "summary": ""}], [], 1),
    "a number as name": ([{**HIT, "name": 5}], [], 1),
    "a number as summary": ([{**HIT, "summary": 5}], [], 1),
    "an invalid version": ([{**HIT, "version": "x"}], [], 1),
    "a version without end": ([{**HIT, "version": "9" * 5000}], [], 1),
    "a summary without end": ([{**HIT, "summary": "x" * 5000}], [], 1),
    "many": ([HIT] * (MAX_RESULTS + 7), [("x", "1.0", "A text")] * MAX_RESULTS, 7),
}


@pytest.mark.parametrize("case", RESULTS)
def test_valid_results(caplog: pytest.LogCaptureFixture, case: str) -> None:
    """Of others there is one warning."""
    hits, expected, ignored = RESULTS[case]
    with caplog.at_level(logging.WARNING):
        (found,) = results_of(_response(_results(hits)))
    assert [tuple(hit.values()) for hit in found] == expected
    text = f"Ignoring {ignored} results: only the first 1000 that are valid are shown"
    assert caplog.messages == ([text] if ignored else [])


INVALID = {
    "empty": (b"", "it is not valid XML"),
    "no XML": (b"junk", "it is not valid XML"),
    "nested without end": (b"<value>" * 100_000, "it is not valid XML"),
    "another document": (b"<html/>", "it is not valid XML-RPC"),
    "another encoding": (b"<?xml version='1.0' encoding='nope'?><a/>", "it is not valid XML"),
    "nothing": (_results(None), "it has no list of results"),
    "a table": (_results({"x": 1}), "it has no list of results"),
    "no value": (b"<methodResponse/>", "it is not valid XML-RPC"),
    "a long number": (_document(f"<value><int>{'9' * 5000}</int></value>"), "valid XML-RPC"),
    "no boolean": (_document("<value><boolean>7</boolean></value>"), "valid XML-RPC"),
    "a table of half": (
        _document("<value><struct><member><name>x</name></member></struct></value>"),
        "it ",
    ),
    "entities": (
        b"<!DOCTYPE l [<!ENTITY a 'x'>]>" + _document("<value>&a;</value>"),
        "it declares a document type",
    ),
    "entities in UTF-16": (
        "<!DOCTYPE l [<!ENTITY a 'x'>]><a>&a;</a>".encode("utf-16"),
        "it declares a document type",
    ),
    "without end": (b" " * (MAX_BYTES + 1), "it has more than 8 MiB"),
}


@pytest.mark.parametrize("case", INVALID)
def test_other_responses_are_an_error(case: str) -> None:
    """In one sentence."""
    body, problem = INVALID[case]
    with pytest.raises(CommandError) as error:
        results_of(_response(body))
    text = str(error.value)
    assert text.startswith("The server's response to the search is not valid: it ")
    assert problem in text
    assert "\n" not in text


def test_fault_is_an_error_on_one_line() -> None:
    """Its text is the server's."""
    body = dumps(Fault(1, "a\nFORGED: b" + "x" * 5000), methodresponse=True).encode()
    with pytest.raises(CommandError) as error:
        results_of(_response(body))
    assert str(error.value).startswith("XMLRPC request failed [code: 1]: a\\nFORGED: bxxx")
    assert str(error.value).endswith("xxx...")


def test_response_is_a_document() -> None:
    """It has the time and the size of one, and not those of a download."""
    limit = Limit(15)
    limit.expect_download(None)
    results_of(_response(_results([]), pip_limit=limit))
    assert limit.is_document
