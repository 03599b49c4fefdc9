"""What a server responds to `pip search`: an XML-RPC document, which any server may send."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat
from xmlrpc.client import Fault, ResponseError, loads

from pip._internal.exceptions import CommandError
from pip._vendor.packaging.version import InvalidVersion, Version

from .printing import one_line, printable

if TYPE_CHECKING:
    from pip._vendor.requests.models import Response

MAX_BYTES = 8 * 1024 * 1024
"""Of the document, decompressed."""
MAX_RESULTS = 1000
"""Those that are shown: versions of projects."""

_LONGEST = 512
"""Characters of a name, a version or a summary; PyPI allows a summary as many."""
_BLOCK = 64 * 1024
_PROBLEMS = (ResponseError, ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What xmlrpc.client raises for a document that is XML, and no response."""

logger = logging.getLogger(__name__)


def results_of(response: Response) -> tuple[list[dict[str, str]]]:
    """Return the valid results in a response, as XML-RPC returns a value; warn of others.

    Raise CommandError if it has none at all, and what reading a response raises.
    """
    found = _value_of(_document(response))
    if not isinstance(found, list):
        _refuse("it has no list of results")
    valid = [_shown(hit) for hit in found[:MAX_RESULTS] if _is_valid(hit)]
    if others := len(found) - len(valid):
        logger.warning(
            "Ignoring %d results: only the first %d that are valid are shown", others, MAX_RESULTS
        )
    return (valid,)


def _document(response: Response) -> bytes:
    """Return the body of a response."""
    limit = getattr(response, "pip_limit", None)
    if limit is not None:
        limit.expect_document(MAX_BYTES)
    body = bytearray()
    for block in response.raw.stream(_BLOCK, decode_content=True):  # type: ignore[union-attr]
        body += block
        if len(body) > MAX_BYTES:
            _refuse(f"it has more than {MAX_BYTES // (1024 * 1024)} MiB")
    return bytes(body)


def _value_of(document: bytes) -> object:
    """Return the value in a document of XML-RPC; raise CommandError, also if it is a fault."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: _refuse("it declares a document type")
    try:
        parser.Parse(document, True)
        (value,) = loads(document)[0]
    except Fault as fault:
        code, text = printable(str(fault.faultCode)), printable(str(fault.faultString))
        raise CommandError(f"XMLRPC request failed [code: {code}]: {text}") from None
    except expat.ExpatError:
        _refuse("it is not valid XML")
    except _PROBLEMS:
        _refuse("it is not valid XML-RPC")
    return value


def _is_valid(hit: object) -> bool:
    """Return whether a result has a name and a version, and a summary or none."""
    if not isinstance(hit, dict):
        return False
    texts = [hit.get("name"), hit.get("version"), hit.get("summary") or ""]
    if not all(isinstance(text, str) and len(text) <= _LONGEST for text in texts):
        return False
    try:
        Version(str(hit["version"]))
    except (InvalidVersion, ValueError):
        return False
    return True


def _shown(hit: dict[str, str]) -> dict[str, str]:
    """Return a result, each of whose texts is one line."""
    return {
        key: one_line(" ".join((hit.get(key) or "").split()))
        for key in ("name", "version", "summary")
    }


def _refuse(problem: str) -> NoReturn:
    raise CommandError(f"The server's response to the search is not valid: {problem}.")
