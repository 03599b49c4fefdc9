"""Paths that stay inside a folder, and names of one file, as each system reads them."""

from __future__ import annotations

import ntpath
import os
import posixpath
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patches.common._safety.paths import check_regular, is_file_name, is_inside

# A folder, a path, and whether the path is inside.
POSIX = {
    "the folder": ("/lib/site", "/lib/site", True),
    "a file in it": ("/lib/site", "/lib/site/f", True),
    "deep in it": ("/lib/site", "/lib/site/a/b/../c", True),
    "a slash at the end": ("/lib/site/", "/lib/site/f", True),
    "begins like it": ("/lib/site", "/lib/site_x/f", False),
    "file that begins like it": ("/lib/site", "/lib/site.pth", False),
    "up and beside": ("/lib/site", "/lib/site/../site_x/f", False),
    "up": ("/lib/site", "/lib/site/..", False),
    "up and down again": ("/lib/site", "/lib/site/../site/f", True),
    "elsewhere": ("/lib/site", "/etc/passwd", False),
    "root contains all": ("/", "/etc/passwd", True),
    "root contains itself": ("/", "/", True),
    "double slash": ("//lib/site", "/lib/site/f", True),
    "double slash in the path": ("/lib/site", "//lib/site/f", True),
    "double slash as root": ("//", "/lib", True),
    "slashes in the middle": ("/lib//site", "/lib/site//f", True),
    "a dot": ("/lib/./site", "/lib/site/./f", True),
    "other case": ("/lib/site", "/lib/SITE/f", False),
    "backslash is a letter": ("/lib/site", "/lib/site\\..\\..\\f", False),
    "backslash in a name": ("/lib/site", "/lib/site/..\\f", True),
}
WINDOWS = {
    "the folder": (r"C:\lib\site", r"C:\lib\site", True),
    "a file in it": (r"C:\lib\site", r"C:\lib\site\f", True),
    "slashes": (r"C:\lib\site", "C:/lib/site/f", True),
    "begins like it": (r"C:\lib\site", r"C:\lib\site_x\f", False),
    "up and beside": (r"C:\lib\site", r"C:\lib\site\..\site_x\f", False),
    "slashes up": (r"C:\lib\site", r"C:\lib\site/../../f", False),
    "other case": (r"C:\Lib\Site", r"c:\LIB\SITE\f", True),
    "drive in another case": (r"c:\lib", r"C:\lib\f", True),
    "another drive": (r"C:\lib\site", r"D:\lib\site\f", False),
    "root of the drive": ("C:\\", r"C:\x", True),
    "root of another drive": ("C:\\", r"D:\x", False),
    "share": (r"\\host\share\lib", r"\\host\share\lib\f", True),
    "another share": (r"\\host\share\lib", r"\\host\share_x\lib\f", False),
    "joined with an absolute member": (r"C:\lib", ntpath.join(r"C:\lib", r"\x"), False),
    "joined with a drive": (r"C:\lib", ntpath.join(r"C:\lib", r"D:x"), False),
    "joined with backslashes": (r"C:\lib", ntpath.join(r"C:\lib", r"a\..\..\x"), False),
}


@pytest.mark.parametrize(("folder", "path", "expected"), POSIX.values(), ids=POSIX)
def test_path_of_posix_is_inside_by_whole_parts(folder: str, path: str, *, expected: bool) -> None:
    """Parts are compared as a whole, after `..` and repeated slashes are resolved."""
    assert is_inside(folder, path, posixpath) is expected


@pytest.mark.parametrize(("folder", "path", "expected"), WINDOWS.values(), ids=WINDOWS)
def test_path_of_windows_is_inside_by_whole_parts(
    folder: str, path: str, *, expected: bool
) -> None:
    """Case and kind of separator do not count; drives and shares do."""
    assert is_inside(folder, path, ntpath) is expected


parts = st.lists(st.sampled_from(["a", "ab", "b", "..", "."]), max_size=6)


@given(parts, parts)
def test_inside_agrees_with_pathlib(first: list[str], second: list[str]) -> None:
    """It is what pathlib finds for the normalised paths."""
    folder, path = (posixpath.normpath("/" + "/".join(items)) for items in (first, second))
    expected = PurePosixPath(path).is_relative_to(folder)
    assert is_inside("/" + "/".join(first), "/" + "/".join(second), posixpath) is expected


# Whether it is the name of a file: on POSIX, on Windows.
NAMES = {
    "pip": (True, True),
    "pip3.11": (True, True),
    "a b": (True, True),
    ".hidden": (True, True),
    "..hidden": (True, True),
    "a..": (True, True),
    "...": (True, False),
    "\u00e9": (True, True),
    "": (False, False),
    ".": (False, False),
    "..": (False, False),
    ".. ": (True, False),
    " ": (True, False),
    "a/b": (False, False),
    "/a": (False, False),
    "a/": (False, False),
    "./a": (False, False),
    "../a": (False, False),
    "a\\b": (False, False),
    "..\\a": (False, False),
    "\\\\host\\share": (False, False),
    "a\0b": (False, False),
    "C:a": (True, False),
    "C:": (True, False),
    "a:stream": (True, False),
    "nul": (True, False),
    "NUL": (True, False),
    "con.txt": (True, False),
    "COM1": (True, False),
    "lpt9.tar.gz": (True, False),
    "nul .txt": (True, False),
    "console": (True, True),
    "com10": (True, True),
}
FLAVOURS: dict[str, tuple[int, ModuleType]] = {"posix": (0, posixpath), "windows": (1, ntpath)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("index", "flavour"), FLAVOURS.values(), ids=FLAVOURS)
def test_name_of_a_file_has_no_part_of_a_path(name: str, index: int, flavour: ModuleType) -> None:
    """Separators of every system count everywhere; what is Windows' own only there."""
    assert is_file_name(name, flavour) is NAMES[name][index]


@given(st.text(max_size=8))
def test_name_of_a_file_stays_in_the_folder_to_which_it_is_joined(name: str) -> None:
    """Whatever the text is: joined to a folder it is a file directly in it."""
    for flavour, folder in ((posixpath, "/lib/site"), (ntpath, r"C:\lib\site")):
        if is_file_name(name, flavour):
            path = flavour.join(folder, name)
            assert is_inside(folder, path, flavour)
            assert flavour.dirname(flavour.normpath(path)) == folder
    assert is_file_name(name) is is_file_name(name, ntpath if os.name == "nt" else posixpath)


@pytest.mark.skipif(os.name != "posix", reason="makes a FIFO")
def test_only_a_regular_file_is_one(tmp_path: Path) -> None:
    """A link to one is; nothing is opened to see it."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link to a fifo").symlink_to("fifo")
    for name in ("file", "link"):
        check_regular(str(tmp_path / name))
    for path in (tmp_path / "fifo", tmp_path / "link to a fifo", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="Not a regular file"):
            check_regular(str(path))
    with pytest.raises(FileNotFoundError):
        check_regular(str(tmp_path / "missing"))
