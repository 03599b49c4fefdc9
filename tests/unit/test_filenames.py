"""Labels in wheel file names (PEP 825, "File name")."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pip_variants.core.errors import FilenameError
from pip_variants.core.filenames import label_of, metadata_filename, split_label

LABELLED = [
    pytest.param("a-1-py3-none-any", None, id="five parts: plain"),
    pytest.param("a-1-7-py3-none-any", None, id="six, third starts with a digit: build tag"),
    pytest.param("a-1-7x_y-py3-none-any", None, id="build tag of digit and text"),
    pytest.param("a-1-py3-none-any-cu126", "cu126", id="six, third is a Python tag: label"),
    pytest.param("a-1-py3-none-any-00000000", "00000000", id="old null label: T6"),
    pytest.param("a-1-py3-none-any-null", "null", id="null label"),
    pytest.param("a-1-7-py3-none-any-cu126", "cu126", id="seven: build tag and label"),
    pytest.param("a-1-py3-none-any-7", "7", id="a label of one digit"),
    pytest.param("a-1-cp39.cp310-abi3-any-cuda12.6", "cuda12.6", id="dots: T18"),
    pytest.param("a-1-py3-none-any-cu12_pyt2.8.0", "cu12_pyt2.8.0", id="underscores: T18"),
    pytest.param("a-1-py3-none-any-x8664vv4_iomp5", "x8664vv4_iomp5", id="a typing error: T18"),
    pytest.param("a-1-py3-none-any-..", "..", id="two dots are a label, not a path"),
    pytest.param("a-1-py3-none-any-" + "x" * 10_000, "x" * 10_000, id="no length limit"),
]

OTHER_NUMBERS_OF_PARTS = [
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
def test_number_of_parts_decides_about_the_label(stem: str, label: str | None) -> None:
    """The label is split off, and what remains is the plain name."""
    plain = stem if label is None else stem.removesuffix(f"-{label}")
    assert split_label(stem) == (plain, label)
    assert label_of(f"{stem}.whl") == label


@pytest.mark.parametrize(
    "stem", ["torch-1.0-py3-none-any-cu11-cu12", "torch-1.0-cp310-cp310-linux_x86_64-cu12-cu11"]
)
def test_seven_parts_without_build_tag_have_no_label(stem: str) -> None:
    """A name has at most one label, so two parts after the tags are none."""
    assert split_label(stem) == (stem, None)


@pytest.mark.parametrize("stem", OTHER_NUMBERS_OF_PARTS)
def test_name_of_another_shape_comes_back_unchanged(stem: str) -> None:
    """A name with too few or too many parts is left to the parser of plain names."""
    assert split_label(stem) == (stem, None)


@pytest.mark.parametrize(("label", "shown"), BAD_LABELS)
def test_invalid_label_is_quoted_in_the_error(label: str, shown: str) -> None:
    """The error shows label and file name as short ASCII literals; label_of() finds no label."""
    stem = f"a-1-py3-none-any-{label}"
    with pytest.raises(FilenameError) as caught:
        split_label(stem)
    text = str(caught.value)
    start = f"Invalid variant label {shown} in "
    assert text.startswith(start)
    assert re.fullmatch(r"'a-1-py3-none-any-[ -~]*'", text.removeprefix(start))
    assert len(text) < 250
    assert label_of(f"{stem}.whl") is None


def test_error_of_invalid_label_is_one_sentence() -> None:
    """One sentence names the label and the file."""
    with pytest.raises(FilenameError) as caught:
        split_label("a-1-py3-none-any-a/b")
    assert str(caught.value) == "Invalid variant label 'a/b' in 'a-1-py3-none-any-a/b.whl'"


@pytest.mark.parametrize(
    "filename", ["a-1-py3-none-any-cu126.zip", "a-1.tar.gz", "a-1-variants.json", ""]
)
def test_file_that_is_no_wheel_has_no_label(filename: str) -> None:
    """Only wheels have labels, however many dashes another name has."""
    assert label_of(filename) is None


@pytest.mark.parametrize(
    "filename",
    [
        "torch-2.8.0-cp311-cp311-linux_x86_64-cu129.whl",
        "torch-2.8.0-1-cp311-cp311-linux_x86_64-cu129.whl",
        "torch-2.8.0-cp311-cp311-linux_x86_64.whl",
    ],
)
def test_metadata_filename_has_project_and_version_of_wheel(filename: str) -> None:
    """The index-level metadata file has the name and the version of the wheel."""
    assert metadata_filename(filename) == "torch-2.8.0-variants.json"


part = st.from_regex(r"[a-z][a-z0-9_.]{0,8}", fullmatch=True)
build = st.none() | st.from_regex(r"[0-9][a-z0-9_]{0,4}", fullmatch=True)
labels = st.none() | st.from_regex(r"[0-9a-z_.]{1,20}", fullmatch=True)


@given(st.tuples(part, part), build, st.tuples(part, part, part), labels)
def test_any_name_joined_from_parts_splits_again(
    front: tuple[str, str], tag: str | None, tags: tuple[str, str, str], label: str | None
) -> None:
    """Any name made of valid parts gives back its label and its plain name."""
    plain = "-".join([*front, *([tag] if tag else []), *tags])
    stem = plain if label is None else f"{plain}-{label}"
    assert split_label(stem) == (plain, label)


@given(st.text(max_size=60))
def test_arbitrary_text_never_breaks_the_parser(text: str) -> None:
    """Any text is a name, with or without a label, or a FilenameError; never another error."""
    label = label_of(f"{text}.whl")
    assert label is None or f"-{label}.whl" in f"{text}.whl"
