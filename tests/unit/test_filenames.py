"""Labels in wheel file names (PEP 825, "File name")."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.errors import FilenameError
from pip_variants.filenames import label_of, metadata_filename, split_label

LABELLED = [
    pytest.param("a-1-py3-none-any", None, id="five parts: plain"),
    pytest.param("a-1-7-py3-none-any", None, id="six, third starts with a digit: build tag"),
    pytest.param("a-1-7x_y-py3-none-any", None, id="build tag of digit and text"),
    pytest.param("a-1-py3-none-any-cu126", "cu126", id="six, third is a Python tag: label"),
    pytest.param("a-1-py3-none-any-00000000", "00000000", id="old null label"),
    pytest.param("a-1-py3-none-any-null", "null", id="null label"),
    pytest.param("a-1-7-py3-none-any-cu126", "cu126", id="seven: build tag and label"),
    pytest.param("a-1-py3-none-any-7", "7", id="a label of one digit"),
    pytest.param("a-1-cp39.cp310-abi3-any-cuda12.6", "cuda12.6", id="dots: T18"),
    pytest.param("a-1-py3-none-any-cu12_pyt2.8.0", "cu12_pyt2.8.0", id="underscores: T18"),
    pytest.param("a-1-py3-none-any-..", "..", id="two dots are a label and no path"),
    pytest.param("a-1-py3-none-any-" + "x" * 10_000, "x" * 10_000, id="no length limit"),
]

# What has another number of parts is left to whoever parses plain names.
NOT_OURS = [
    pytest.param("", id="empty"),
    pytest.param("a", id="one part"),
    pytest.param("a-1-py3-none", id="four parts"),
    pytest.param("a-1-7-py3-none-any-cu126-x", id="eight parts"),
]

BAD_LABELS = [
    pytest.param("CU126", "'CU126'", id="upper case"),
    pytest.param("", "''", id="empty"),
    pytest.param("a/b", "'a/b'", id="path separator"),
    pytest.param("a\\b", r"'a\\b'", id="Windows path separator"),
    pytest.param("../x", "'../x'", id="parent folder"),
    pytest.param("a\0b", r"'a\x00b'", id="NUL"),
    pytest.param("a\x1b[31m", r"'a\x1b[31m'", id="escape sequence"),
    pytest.param("a\n", r"'a\n'", id="line end"),
    pytest.param("cu12\u0666", r"'cu12\u0666'", id="a digit that is not ASCII"),
    pytest.param("a b", "'a b'", id="space"),
    pytest.param("a+b", "'a+b'", id="plus"),
    pytest.param("X" * 10_000, f"'{'X' * 79}...'", id="10,000 characters"),
]


@pytest.mark.parametrize(("stem", "label"), LABELLED)
def test_a_label_is_found_by_the_number_of_parts(stem: str, label: str | None) -> None:
    """The label is split off, and what remains is the plain name."""
    plain = stem if label is None else stem.removesuffix(f"-{label}")
    assert split_label(stem) == (plain, label)
    assert label_of(f"{stem}.whl") == label


@pytest.mark.parametrize(
    "stem", ["torch-1.0-py3-none-any-cu11-cu12", "torch-1.0-cp310-cp310-linux_x86_64-cu12-cu11"]
)
def test_there_is_one_label_alone(stem: str) -> None:
    """Seven parts without a build tag are no name: the last is no label."""
    assert split_label(stem) == (stem, None)


@pytest.mark.parametrize("stem", NOT_OURS)
def test_other_shapes_are_nobodys_label(stem: str) -> None:
    """A name with too few or too many parts comes back as it is."""
    assert split_label(stem) == (stem, None)


@pytest.mark.parametrize(("label", "shown"), BAD_LABELS)
def test_a_bad_label_is_an_error_that_shows_it(label: str, shown: str) -> None:
    """The error shows label and name as short ASCII literals; nobody else sees a label there."""
    stem = f"a-1-py3-none-any-{label}"
    with pytest.raises(FilenameError) as caught:
        split_label(stem)
    text = str(caught.value)
    start = f"Invalid variant label {shown} in "
    assert text.startswith(start)
    assert re.fullmatch(r"'a-1-py3-none-any-[ -~]*'", text.removeprefix(start))
    assert len(text) < 250
    assert label_of(f"{stem}.whl") is None


def test_the_whole_text_of_a_bad_label() -> None:
    """One sentence names the label and the file."""
    with pytest.raises(FilenameError) as caught:
        split_label("a-1-py3-none-any-a/b")
    assert str(caught.value) == "Invalid variant label 'a/b' in 'a-1-py3-none-any-a/b.whl'"


@pytest.mark.parametrize(
    "filename", ["a-1-py3-none-any-cu126.zip", "a-1.tar.gz", "a-1-variants.json", ""]
)
def test_only_wheels_have_labels(filename: str) -> None:
    """Another kind of file has no label, whatever its dashes look like."""
    assert label_of(filename) is None


@pytest.mark.parametrize(
    "filename",
    [
        "torch-2.8.0-cp311-cp311-linux_x86_64-cu129.whl",
        "torch-2.8.0-1-cp311-cp311-linux_x86_64-cu129.whl",
        "torch-2.8.0-cp311-cp311-linux_x86_64.whl",
    ],
)
def test_metadata_lies_beside_the_wheel(filename: str) -> None:
    """The combined file has the name and version of the wheel."""
    assert metadata_filename(filename) == "torch-2.8.0-variants.json"


part = st.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True)
build = st.none() | st.from_regex(r"[0-9][a-z0-9_]{0,4}", fullmatch=True)
labels = st.none() | st.from_regex(r"[0-9a-z_.]{1,20}", fullmatch=True)


@given(st.tuples(part, part), build, st.tuples(part, part, part), labels)
def test_what_is_joined_is_split_again(
    front: tuple[str, str], tag: str | None, tags: tuple[str, str, str], label: str | None
) -> None:
    """Any name made of valid parts gives back its label and its plain name."""
    plain = "-".join([*front, *([tag] if tag else []), *tags])
    stem = plain if label is None else f"{plain}-{label}"
    assert split_label(stem) == (plain, label)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Any text is a name, with or without a label, or a FilenameError; never another error."""
    assert label_of(f"{text}.whl") is None or f"-{label_of(f'{text}.whl')}.whl" in f"{text}.whl"
