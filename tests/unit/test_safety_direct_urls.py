"""direct_url.json as anybody may have written it."""

from __future__ import annotations

import json

import pytest
from pip._internal.models.direct_url import DirectUrl, DirectUrlValidationError

from patches.common._safety.direct_urls import direct_url_of

ARCHIVE: dict[str, object] = {"archive_info": {"hash": "sha256=00"}}
GIT: dict[str, object] = {"vcs_info": {"vcs": "git", "commit_id": "abc"}}
FOLDER: dict[str, object] = {"dir_info": {}}
EDITABLE: dict[str, object] = {"dir_info": {"editable": True}}

URLS: dict[str, tuple[str, dict[str, object], str]] = {
    "an archive": ("https://h/x.whl", ARCHIVE, "https://h/x.whl"),
    "a folder": ("file:///x", FOLDER, "file:///x"),
    "an editable": ("file:///a%20b", EDITABLE, "file:///a%20b"),
    "a password": ("https://u:pw@h/x.whl", ARCHIVE, "https://h/x.whl"),
    "a token": ("https://pw@h/x.whl", ARCHIVE, "https://h/x.whl"),
    "a password of git": ("ssh://u:pw@h/x", GIT, "ssh://h/x"),
    "the user of git": ("ssh://git@h/x", GIT, "ssh://git@h/x"),
    "the user of git on the web": ("https://git@h/x", GIT, "https://git@h/x"),
    "variables": ("https://${U}:${P}@h/x.whl", ARCHIVE, "https://${U}:${P}@h/x.whl"),
    "a slash in a password": ("https://u:p/pw@h/x", ARCHIVE, "https://u:****@h/x"),
}


@pytest.mark.parametrize("case", URLS)
def test_url_has_no_password(case: str) -> None:
    """As where pip writes it, which keeps what is none."""
    url, info, expected = URLS[case]
    found = direct_url_of(json.dumps({"url": url, **info}))
    assert found.url == expected
    assert found.is_local_editable() is (info is EDITABLE)
    assert DirectUrl.from_dict(found.to_dict()) == found or info is ARCHIVE


def test_hash_of_an_archive_remains() -> None:
    """And so do a folder in it and what is known of a commit."""
    stated = {"url": "https://h/x", "subdirectory": "y", **ARCHIVE}
    found = direct_url_of(json.dumps(stated)).to_dict()
    assert (found["subdirectory"], found["archive_info"]["hashes"]) == ("y", {"sha256": "00"})
    info = {"vcs": "git", "commit_id": "abc", "requested_revision": "v1"}
    assert direct_url_of(json.dumps({"url": "https://h/x", "vcs_info": info})).to_dict() == {
        "url": "https://h/x",
        "vcs_info": info,
    }


def _stated(url: object, **info: object) -> str:
    return json.dumps({"url": url, **info})


INVALID = {
    "no JSON": ("x", "it is not valid JSON"),
    "empty": ("", "it is not valid JSON"),
    "a long number": ('{"url": ' + "9" * 5000 + "}", "it is not valid JSON"),
    "nested deeply": ("[" * 100_000, "it is not valid JSON"),
    "a number": ("5", "it is not a JSON object"),
    "a list": ("[]", "it is not a JSON object"),
    "null": ("null", "it is not a JSON object"),
    "no URL": (_stated(None, **ARCHIVE), None),
    "nothing about it": (_stated("https://h/x"), None),
    "a list about it": (_stated("https://h/x", archive_info=[]), None),
    "too much about it": (_stated("file:///x", **ARCHIVE, **FOLDER), None),
    "a number as editable": (_stated("file:///x", dir_info={"editable": 5}), None),
    "an invalid hash": (_stated("https://h/x", archive_info={"hash": "x"}), None),
    "an invalid host": (_stated("http://[::1", **ARCHIVE), "its URL is not valid"),
    "a password and its host": (_stated("http://u:pw\u2100@h/", **ARCHIVE), "its URL is not valid"),
    "another machine": (_stated("file://evil/x", **EDITABLE), "its URL is not valid"),
    "a null character": (_stated("file:///a%00b", **EDITABLE), "its URL is not valid"),
    "an editable on the web": (_stated("https://h/x", **EDITABLE), None),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_is_not_valid_has_one_error(case: str) -> None:
    """Which pip makes a warning of; it is one short line."""
    text, expected = INVALID[case]
    with pytest.raises(DirectUrlValidationError) as error:
        direct_url_of(text)
    shown = str(error.value)
    assert shown == expected or (expected is None and shown)
    assert "pw" not in shown


def test_error_is_short() -> None:
    """The value that pip repeats in it is not."""
    with pytest.raises(DirectUrlValidationError) as error:
        direct_url_of(_stated(["a\nFORGED"] * 10_000, **ARCHIVE))
    assert len(str(error.value)) < 300
    assert "\n" not in str(error.value)
