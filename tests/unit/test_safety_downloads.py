"""Names under which downloads are saved, and partial responses that continue a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pip._internal.exceptions import InstallationError
from pip._internal.models.link import Link
from pip._vendor.requests.models import Response

from patches.common._safety.downloads import check_project, continues, file_path, new_hash

LINK = Link("https://index.example/files/torch-2.8.0.tar.gz")


@pytest.mark.parametrize("name", ["a.whl", "..a", "a b", "a%2fb", "%2e%2e", "a:b"])
def test_name_of_a_file_is_joined_to_the_folder(name: str) -> None:
    """What is still encoded is no separator."""
    assert file_path("/downloads", name, LINK) == str(Path("/downloads") / name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "..\\a", "a\0"])
def test_name_that_is_a_path_is_refused_with_the_address(name: str) -> None:
    """The error names the address and the name that the server wants."""
    with pytest.raises(InstallationError) as caught:
        file_path("/downloads", name, LINK)
    assert str(caught.value) == (
        f"{LINK} would be saved as {name!r}, which is not the name of a file."
    )


def test_wheel_of_another_project_is_refused() -> None:
    """The error names both projects."""
    check_project(LINK, "torch", "torch")
    with pytest.raises(InstallationError) as caught:
        check_project(LINK, "evil", "torch")
    assert str(caught.value) == f"{LINK} is a wheel of 'evil', and not of 'torch'."


@pytest.mark.parametrize("name", ["sha256", "sha512", "md5", "blake2b", "sha3_256"])
def test_hash_of_a_known_algorithm(name: str) -> None:
    """As hashlib makes it."""
    assert new_hash(name).hexdigest() == hashlib.new(name).hexdigest()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("shake_128", "'shake_128'"),
        ("shake_256", "'shake_256'"),
        ("", "''"),
        ("a\nFORGED: x", "'a\\nFORGED: x'"),
        ("a\0", "'a\\x00'"),
        ("\ud800", "'\\ud800'"),
        ("x" * 300, f"'{'x' * 200}...'"),
    ],
)
def test_hash_that_cannot_be_computed_is_one_sentence(name: str, shown: str) -> None:
    """Also one whose length has to be chosen."""
    with pytest.raises(InstallationError) as caught:
        new_hash(name)
    assert str(caught.value) == f"Unknown hash name: {shown}"


# Content-Range and Content-Length of the rest of 100 bytes from 40 on, and whether it is that.
RANGES = {
    "exact": ("bytes 40-99/100", "60", True),
    "unknown total": ("bytes 40-99/*", "60", True),
    "no length": ("bytes 40-99/100", None, True),
    "spaces around": (" bytes 40-99/100 ", "60", True),
    "leading zero": ("bytes 040-99/100", "60", True),
    "earlier": ("bytes 0-99/100", "100", False),
    "later": ("bytes 41-99/100", "59", False),
    "shorter": ("bytes 40-98/100", "59", False),
    "longer": ("bytes 40-100/101", "61", False),
    "another total": ("bytes 40-99/101", "60", False),
    "a length that differs": ("bytes 40-99/100", "61", False),
    "a length that is none": ("bytes 40-99/100", "x", False),
    "only a length": (None, "60", True),
    "only a length that differs": (None, "59", False),
    "neither range nor length": (None, None, False),
    "empty": ("", "60", False),
    "another unit": ("items 40-99/100", "60", False),
    "no range": ("bytes */100", "60", False),
    "two ranges": ("bytes 40-50,51-99/100", "60", False),
    "negative": ("bytes -40-99/100", "60", False),
    "digits of another script": ("bytes \u0664\u0660-99/100", "60", False),
    "very many digits": (f"bytes 40-99/{'9' * 5000}", "60", False),
}


def partial(content_range: str | None, length: str | None, status: int = 206) -> Response:
    """Return a response to a range request."""
    response = Response()  # type: ignore[no-untyped-call]
    response.status_code = status
    if content_range is not None:
        response.headers["Content-Range"] = content_range
    if length is not None:
        response.headers["Content-Length"] = length
    return response


@pytest.mark.parametrize(("content_range", "length", "expected"), RANGES.values(), ids=RANGES)
def test_part_continues_the_file_only_from_the_offset_to_the_end(
    content_range: str | None, length: str | None, *, expected: bool
) -> None:
    """Offset, end, total and length must be those of what is missing."""
    assert continues(partial(content_range, length), 40, 100) is expected


@pytest.mark.parametrize("status", [200, 203, 302, 416])
def test_response_with_another_status_does_not_continue_the_file(status: int) -> None:
    """Only a partial response does."""
    assert not continues(partial("bytes 40-99/100", "60", status), 40, 100)
