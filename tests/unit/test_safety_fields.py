"""METADATA with folded fields and MIME types, and without a name."""

from __future__ import annotations

import json

import pytest
from pip._internal.metadata import BaseDistribution, get_metadata_distribution
from pip._internal.metadata._json import msg_to_json
from pip._internal.utils.temp_dir import global_tempdir_manager

from patches.common._safety.fields import shown_metadata
from patches.common._safety.versions import name_of

HEAD = "Metadata-Version: 2.1\nName: x\n"


def _distribution(metadata: str) -> BaseDistribution:
    return get_metadata_distribution(metadata.encode(), "x-1.0-py3-none-any.whl", "x")


FIELDS = {
    "one line": ("Summary: a  b", "a  b"),
    "folded": ("Summary: a\n FORGED: b", "a FORGED: b"),
    "by a tab": ("Summary: a\n\tFORGED: b", "a FORGED: b"),
    "of Windows": ("Summary: a\r\n  FORGED: b\r\n c", "a FORGED: b c"),
    "wrapped at once": ("Summary:\n a", "a"),
    "blank lines": ("Summary: a\n \n \n b", "a b"),
    "a requirement": ("Requires-Dist: a\n >=1", "a >=1"),
    "a licence": ("License: MIT\n        a text", "MIT\na text"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_field_has_one_line(case: str) -> None:
    """But a licence, which may be a text."""
    line, expected = FIELDS[case]
    with global_tempdir_manager():
        dist = _distribution(f"{HEAD}{line}\nVersion: 1.0\n\nA text\nof lines\n")
        shown = shown_metadata(dist.metadata, dist)
    assert shown[line.partition(":")[0]] == expected
    assert (shown["Name"], shown["Version"]) == ("x", "1.0")
    assert shown.get_payload() == "A text\nof lines\n"


def test_all_of_a_field_remain_in_their_order() -> None:
    """Folded or not."""
    with global_tempdir_manager():
        dist = _distribution(
            f"{HEAD}Classifier: a\nClassifier: b\n c\nKeywords: k\nClassifier: d\n"
        )
        shown = shown_metadata(dist.metadata, dist)
    assert shown.get_all("Classifier") == ["a", "b c", "d"]
    assert [name for name in dict.fromkeys(shown) if name != "Description"] == [
        *("Metadata-Version", "Name", "Classifier", "Keywords")
    ]


def test_metadata_that_is_as_it_should_be_is_not_copied() -> None:
    """It is that of the library."""
    with global_tempdir_manager():
        dist = _distribution(f"{HEAD}License: a\n        b\n\nText\n")
        metadata = dist.metadata
        assert shown_metadata(metadata, dist) is metadata


BODY = "--x\n\npart\n--x--\nrest\n"
TYPES = ("multipart/mixed; boundary=x", "multipart/mixed", "message/rfc822", "text/plain", "x")


@pytest.mark.parametrize("kind", TYPES)
def test_description_is_text_whatever_mime_type_is_stated(kind: str) -> None:
    """The type of a description has a field of its own."""
    with global_tempdir_manager():
        dist = _distribution(f"{HEAD}Content-Type: {kind}\nSummary: a\n b\n\n{BODY}")
        found = msg_to_json(shown_metadata(dist.metadata, dist))
    assert json.loads(json.dumps(found)) == {
        "metadata_version": "2.1",
        "name": "x",
        "summary": "a b",
        "description": BODY,
    }


NAMES = {"missing": ("", "None"), "behind a mark": ("\ufeff", "None"), "empty": ("Name:\n", "")}


@pytest.mark.parametrize("case", NAMES)
def test_metadata_without_a_name(case: str) -> None:
    """Its text is compared with the name of the wheel, from which it differs."""
    start, expected = NAMES[case]
    head = f"{start}{HEAD}" if case == "behind a mark" else f"{start}Version: 1.0\n"
    with global_tempdir_manager():
        dist = get_metadata_distribution(head.encode(), "x-1.0-py3-none-any.whl", "x")
        assert name_of(dist) == expected
