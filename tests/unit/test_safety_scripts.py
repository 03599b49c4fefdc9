"""Names of scripts as distlib writes them, refused unless they are names of files."""

from __future__ import annotations

import pytest
from pip._internal.exceptions import InstallationError

from patches.common._safety.scripts import check_scripts, reading_entry_points

WHEEL = "/downloads/evil-1.0-py3-none-any.whl"
NOT_A_FILE = (
    "evil-1.0-py3-none-any.whl has a script named {!r}, which is not the name of a file;"
    " nothing is written outside the scripts directory."
)
OTHER_NAME = (
    "evil-1.0-py3-none-any.whl has a script named {!r} whose reference names it {!r}, which is not"
    " the name of a file."
)
UNPRINTABLE = (
    "evil-1.0-py3-none-any.whl has a script named {!r} with the reference {!r}, which cannot be"
    " printed."
)
NO_REFERENCE = "evil-1.0-py3-none-any.whl has a script named {!r} with the invalid reference {!r}."

GOOD = {
    "plain": ("evil", "evil:main"),
    "attribute of an attribute": ("evil", "evil.sub:Class.method"),
    "extras": ("evil", "evil:main [gui,x]"),
    "without function": ("evil", "evil"),
    "dots and dashes": ("evil-1.0_x", "evil:main"),
    "colon": ("evil:x", "evil:main"),
    "space": ("two words", "evil:main"),
    "not ASCII": ("\u00e9vil", "evil:main"),
}
REFUSED = {
    "parent folder": ("../evil", "evil:main", NOT_A_FILE.format("../evil")),
    "absolute path": ("/etc/evil", "evil:main", NOT_A_FILE.format("/etc/evil")),
    "folder": ("sub/evil", "evil:main", NOT_A_FILE.format("sub/evil")),
    "backslash": ("..\\evil", "evil:main", NOT_A_FILE.format("..\\evil")),
    "dot": (".", "evil:main", NOT_A_FILE.format(".")),
    "dots": ("..", "evil:main", NOT_A_FILE.format("..")),
    "empty": ("", "evil:main", NOT_A_FILE.format("")),
    "null character": ("a\0", "evil:main", NOT_A_FILE.format("a\0")),
    "path in the reference": ("a", "../x = b:c", OTHER_NAME.format("a", " ../x")),
    "absolute path in the reference": ("a", "/x=b:c", OTHER_NAME.format("a", " /x")),
    "escape": ("a\x1b[2J", "b:c", UNPRINTABLE.format("a\x1b[2J", "b:c")),
    "line feed": ("a\nb", "b:c", UNPRINTABLE.format("a\nb", "b:c")),
    "bidirectional": ("a\u202eb", "b:c", UNPRINTABLE.format("a\u202eb", "b:c")),
    "tab in the reference": ("a", "b:c\t", UNPRINTABLE.format("a", "b:c\t")),
    "no reference": ("a", "", NO_REFERENCE.format("a", "")),
    "reference that is none": ("a", "!", NO_REFERENCE.format("a", "!")),
    "brackets": ("a", "b:c [[", NO_REFERENCE.format("a", "b:c [[")),
    "brackets in the name": ("[a", "b:c", NO_REFERENCE.format("[a", "b:c")),
    "two colons": ("a", "b:c:d", NO_REFERENCE.format("a", "b:c:d")),
}


@pytest.mark.parametrize(("name", "reference"), GOOD.values(), ids=GOOD)
def test_script_with_the_name_of_a_file_passes(name: str, reference: str) -> None:
    """Unusual names that stay in the folder are accepted."""
    check_scripts(WHEEL, {name: reference}, {})
    check_scripts(WHEEL, {}, {name: reference})


@pytest.mark.parametrize(("name", "reference", "error"), REFUSED.values(), ids=REFUSED)
def test_script_that_is_no_file_name_is_refused(name: str, reference: str, error: str) -> None:
    """The error names wheel and script, in both groups and after good scripts."""
    scripts = {"ok": "a:b", name: reference}
    for console, gui in ((scripts, {}), ({}, scripts)):
        with pytest.raises(InstallationError) as caught:
            check_scripts(WHEEL, console, gui)
        assert str(caught.value) == error


@pytest.mark.parametrize("error", [TypeError("x"), ValueError("x"), AttributeError("x")])
def test_entry_points_that_cannot_be_read_are_one_sentence(error: Exception) -> None:
    """What importlib.metadata raises depends on the release of Python."""
    with pytest.raises(InstallationError) as caught, reading_entry_points(WHEEL):
        raise error
    name = "evil-1.0-py3-none-any.whl"
    assert str(caught.value) == f"{name} has an entry_points.txt that is not valid."
