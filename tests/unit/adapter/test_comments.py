"""Labels that are comments in files of requirements."""

from __future__ import annotations

import logging

import pytest

from pip_variants.core.properties import Label
from pip_variants.pip_adapter.comments import CommentedLabel, CommentedLabels, commented_labels
from pip_variants.pip_adapter.evaluator import decide_release
from pip_variants.pip_adapter.releases import LinkedRelease
from tests.unit.adapter.edge import FakeFinder, logged, run_state, serving, torch_links

# A line of a file, the project, and the requirement and the label that are found in it.
LINES: dict[str, tuple[str, str, str] | None] = {
    "torch #cu126": ("torch", "torch", "cu126"),
    "  Torch_X\t #cu126  ": ("torch-x", "Torch_X", "cu126"),
    "torch\t#cu126": ("torch", "torch", "cu126"),
    "torch==2.8.0 #cuda12.6": ("torch", "torch==2.8.0", "cuda12.6"),
    "torch >= 2, != 2.7 #null": ("torch", "torch >= 2, != 2.7", "null"),
    "torch[gpu] #cu126": ("torch", "torch[gpu]", "cu126"),
    'torch; python_version > "3" #cu126': ("torch", "torch", "cu126"),
    "torch": None,
    "torch#cu126": None,
    "torch#cu126 #fast": None,
    "torch # cu126": None,
    "torch #cu126 of the two": None,
    "torch #CU126": None,
    "#cu126": None,
    " #cu126": None,
    "-r other.txt #cu126": None,
    "./torch #cu126": None,
    "torch @ https://example.org/x.whl #cu126": None,
}


@pytest.mark.parametrize(("line", "expected"), LINES.items(), ids=LINES)
def test_comment_of_one_word_after_a_name_could_be_a_label(
    line: str, expected: tuple[str, str, str] | None
) -> None:
    """The space makes it a comment; longer comments and other lines do not count."""
    found = [*commented_labels("r.txt", f"plain\n{line}\n")]
    if expected is None:
        assert found == []
    else:
        project, requirement, label = expected
        assert found == [(project, CommentedLabel(requirement, Label(label), "r.txt", 2))]


def test_file_on_a_server_is_named_without_its_password() -> None:
    """The name of a file may be a URL with credentials."""
    ((_, found),) = commented_labels("https://user:secret@example.org/r.txt", "torch #cu126")
    assert found.file == "https://user:****@example.org/r.txt"


def _hint(requirement: str) -> str:
    return (
        f"The label {requirement.partition(' #')[2]} of torch is a comment in line 1 of r.txt,"
        f" because of the space before it; {requirement.replace(' ', '')} requests it"
    )


# The file, the options, and whether there is a hint.
HINTS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "label of a wheel": ("torch #fast", (), True),
    "almost a label": ("torch #fastt", (), True),
    "null": ("torch #null", (), True),
    "another word": ("torch #pinned", (), False),
    "another project": ("numpy #fast", (), False),
    "label requested otherwise": ("torch #fast", ("torch=slow",), False),
}


@pytest.mark.parametrize(("content", "options", "is_hint"), HINTS.values(), ids=HINTS)
def test_label_of_a_variant_in_a_comment_is_a_hint(
    caplog: pytest.LogCaptureFixture, content: str, options: tuple[str, ...], *, is_hint: bool
) -> None:
    """A comment that is a label of the project is hardly meant as a comment."""
    state = run_state(requested=options)
    state.comments.files.append(("r.txt", content))
    for labels in (("fast", "slow"), ("slow", "fast")):
        linked = LinkedRelease.of("torch", "2.8.0", torch_links(*labels), FakeFinder(serving()))
        decide_release(state, linked)
    assert logged(caplog, logging.WARNING) == ([("WARNING", _hint(content))] if is_hint else [])


def test_plain_release_has_no_hint() -> None:
    """Where there are no variants a comment is a comment."""
    linked = LinkedRelease.of("torch", "2.8.0", torch_links(None), FakeFinder(serving()))
    comments = CommentedLabels()
    comments.files.append(("r.txt", "torch #null"))
    assert comments.hint(decide_release(run_state(), linked)) is None
