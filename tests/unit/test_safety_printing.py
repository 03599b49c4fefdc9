"""What pip prints and logs: printable, on the lines that pip made, and without passwords."""

from __future__ import annotations

import logging
import time
import unicodedata

import pytest
from pip._vendor import tomli
from pip._vendor.rich.segment import ControlType, Segment
from pip._vendor.rich.style import Style

from patches.common._safety.printing import (
    one_line,
    printable_lines,
    segments,
    shown,
    toml_for_terminal,
    without_passwords,
)

CONTROLS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
PRIVATE = "\ue000"
HOSTILE = {
    "escape": ("\x1b[2J", "\\x1b[2J"),
    "C1 control": ("\x9b31m", "\\x9b31m"),
    "bell and backspace": ("\x07\x08", "\\x07\\x08"),
    "carriage return": ("ok\rERROR", "ok\\rERROR"),
    "bidi": ("\u202e\u2066\u200f", "\\u202e\\u2066\\u200f"),
    "zero width": ("\u200b\u200d\ufeff\xad", "\\u200b\\u200d\\ufeff\\xad"),
    "separators": ("\u2028\u2029\x85\x0b\x0c", "\\u2028\\u2029\\x85\\x0b\\x0c"),
    "surrogate": ("\udcff", "\\udcff"),
    "private": (PRIVATE, "\\ue000"),
    "tag": ("\U000e0041", "\\U000e0041"),
    "marks": ("a" + "\u0301" * 5000 + "b", "a" + "\u0301" * 8 + "...b"),
}
UNCHANGED = ("torch", "é ü 漢字 😀", "新しい\u3000フォルダー", "a\xa0b", "e\u0301", "\u2022 item")


def logged(template: str, *args: object, name: str = "pip", level: int = logging.INFO) -> str:
    """Return what is shown of a record."""
    record = logging.LogRecord(name, level, "", 0, template, args, None)
    return shown(record, logging.Formatter().format)


@pytest.mark.parametrize("case", HOSTILE)
def test_characters_that_control_a_terminal_are_escaped(case: str) -> None:
    """In a record from wherever, on one line, and in what rich has rendered."""
    text, expected = HOSTILE[case]
    assert logged("Found %s", text) == f"Found {expected}"
    assert logged(f"Found {text}") == f"Found {expected}"
    assert one_line(text) == expected
    assert [item.text for item in segments([Segment(text)])] == [expected]


@pytest.mark.parametrize("text", UNCHANGED)
def test_text_of_any_script_is_unchanged(text: str) -> None:
    """Also spaces that are not ASCII, which folders have in their names."""
    assert logged("%s", text) == one_line(text) == text


def test_every_character_is_printable_or_escaped() -> None:
    """Of the blocks of Unicode that have such; ends of lines and tabs are those of pip itself."""
    blocks = ((0, 0x3100), (0xD800, 0xE100), (0xFE00, 0x10000), (0xE0000, 0xE0100))
    found = set(one_line("".join(chr(code) for block in blocks for code in range(*block))))
    assert {char for char in found if unicodedata.category(char) in CONTROLS} == set()


LINES = {
    "foreign line in a sentence": (
        ("Skipping %s: %s", "a\nNo findings.", 3),
        "Skipping a\\nNo findings.: 3",
    ),
    "what a command prints": (("%s", "one\ntwo\tthree"), "one\ntwo\tthree"),
    "a block": (("Output:\n%s", "one\ntwo"), "Output:\none\ntwo"),
    "a row of a list": (("  %s", "one\nNo findings."), "  one\\nNo findings."),
    "without arguments": (("one\n\ttwo\n",), "one\n\ttwo\n"),
    "line ends of Windows": (("one\r\ntwo",), "one\ntwo"),
    "a number": (("%d of %05.1f", 1, 2.0), "1 of 002.0"),
}


@pytest.mark.parametrize("case", LINES)
def test_lines_are_those_of_pip(case: str) -> None:
    """What a sentence is about adds none."""
    (template, *args), expected = LINES[case]
    assert logged(str(template), *args) == expected


def test_lines_of_pip_are_printable_one_by_one() -> None:
    """Those of `pip freeze` for an editable."""
    assert printable_lines("# a\x1b\n-e /b\n") == "# a\\x1b\n-e /b\n"


def test_object_with_lines_of_its_own_is_on_one() -> None:
    """A link of pip, which shows what a page says about it, is no string."""

    class Link:
        def __str__(self) -> str:
            return "https://x (requires-python:>=3\nERROR: forged)"

    assert logged("Found link %s", Link()) == (
        "Found link https://x (requires-python:>=3\\nERROR: forged)"
    )


def test_colours_of_compilers_remain_in_the_output_of_builds() -> None:
    """And nothing else that controls a terminal; elsewhere they do not."""
    text = "\x1b[1;31merror\x1b[0m\x1b[2J"
    assert logged(text, name="pip.subprocessor") == "\x1b[1;31merror\x1b[0m\\x1b[2J"
    assert logged(text) == "\\x1b[1;31merror\\x1b[0m\\x1b[2J"


def test_controls_and_styles_of_rich_remain() -> None:
    """They are no text."""
    style = Style(color="red")
    control = Segment("\x1b[?25l", None, [(ControlType.HIDE_CURSOR,)])
    given = [control, Segment("x\x1b", style), Segment("\n")]
    assert list(segments(given)) == [control, Segment("x\\x1b", style), Segment("\n")]


PASSWORDS = {
    "usual": ("at http://user:secret@host/x.", "at http://user:****@host/x."),
    "hidden by pip": ("http://user:****@host/", "http://user:****@host/"),
    "port out of range": ("http://user:secret@host:99999999/x", "http://user:****@host:99999999/x"),
    "invalid IPv6": ("http://user:secret@[::1/x", "http://user:****@[::1/x"),
    "percent-encoded": ("http://user:p%40ss@host/", "http://user:****@host/"),
    "an @ in it": ("http://user:p@ss@host/", "http://user:****@host/"),
    "a slash in it": ("http://user:se/cret@host/x", "http://user:****@host/x"),
    "a question mark": ("http://user:se?cret@host/x", "http://user:****@host/x"),
    "a hash": ("http://user:se#cret@host/x", "http://user:****@host/x"),
    "no user": ("http://:secret@host/", "http://:****@host/"),
    "no host": ("http://user:secret@/x", "http://user:****@/x"),
    "token": ("https://ghp_token@host/x", "https://****@host/x"),
    "token of git": ("git+https://ghp_token@host/x@v1", "git+https://****@host/x@v1"),
    "capitals": ("HTTPS://user:secret@host", "HTTPS://user:****@host"),
    "scheme of a wrong lock": ("'+http://a:b/c@d/'", "'+http://a:****@d/'"),
    "no scheme": ("at user:secret@host/x", "at user:****@host/x"),
    "no scheme, an @ in it": ("user:p@ss@host", "user:****@host"),
    "two slashes": ("'//user:secret@host/x'", "'//user:****@host/x'"),
    "two slashes, a slash in it": ("//user:se/cret@host/x", "//user:****@host/x"),
    "a path": ("/a/user:secret@host/x", "/a/user:****@host/x"),
    "one slash": ("http:/user:se/cret@host/x", "http:/user:****@host/x"),
    "one slash, a token": ("HTTP:/ghp_token@host/x", "HTTP:/****@host/x"),
    "no slash": ("http:user:secret@host/x", "http:****@host/x"),
    "no slash after a name": ("x@http:user:secret@host", "x@http:user:****@host"),
    "backslashes": ("http:\\\\user:secret@host/", "http:\\\\user:****@host/"),
    "quoted backslashes": ("'http:\\\\\\\\a:b@c'", "'http:\\\\\\\\a:****@c'"),
    "four slashes": ("http:////user:secret@host/", "http:////user:****@host/"),
    "a space": ("http://us er:secret@host/", "http://us er:****@host/"),
    "a slash in the name": ("http://us/er:secret@host/", "http://us/er:****@host/"),
    "long name": (f"http://{'u' * 1500}:secret@host/", f"http://{'u' * 1500}:****@host/"),
    "option": ("--proxy=user:secret@host:80", "--proxy=user:****@host:80"),
    "path as a URL": ("file:///user%3Asecret%40host/x", "file:///user%3A****%40host/x"),
    "mail": ("A <a@b.c>, c@d.e", "A <a@b.c>, c@d.e"),
    "URL of mail": ("Contact, mailto:a@b.c", "Contact, mailto:a@b.c"),
    "package": ("pkg:pypi/x@1.0", "pkg:pypi/x@1.0"),
    "requirement without spaces": ("x@https://host:80/y@z", "x@https://host:80/y@z"),
    "path of git": ("git@host:x/y.git@v1", "git@host:x/y.git@v1"),
    "path of Windows": ("C:\\Users\\a@b\\x", "C:\\Users\\a@b\\x"),
    "times": ("10:00:01,5 GET http://a:80/b c@d", "10:00:01,5 GET http://a:80/b c@d"),
    "two": ("http://a:b@c/ http://d:e@f/", "http://a:****@c/ http://d:****@f/"),
    "quoted": ("'http://a:b@c' and x@y", "'http://a:****@c' and x@y"),
    "in JSON": ('["http://a:b/c@d", 1]', '["http://a:****@d", 1]'),
    "user of ssh": ("git+ssh://git@github.com/x", "git+ssh://git@github.com/x"),
    "a port": ("http://host:80/a@b", "http://host:80/a@b"),
    "a revision": ("git+https://host/x.git@v1:2", "git+https://host/x.git@v1:2"),
    "IPv6": ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
    "requirement": ("x @ https://host/x.whl", "x @ https://host/x.whl"),
    "file": ("file:///C:/a@b", "file:///C:/a@b"),
}


@pytest.mark.parametrize("case", PASSWORDS)
def test_credentials_in_urls_are_hidden(case: str) -> None:
    """In each record and where rich renders, as pip hides them, also if the URL is invalid."""
    text, expected = PASSWORDS[case]
    assert without_passwords(text) == expected
    assert without_passwords(expected) == expected
    assert logged("%s", text, level=logging.ERROR) == expected
    assert [item.text for item in segments([Segment(text)])] == [expected]


def test_value_of_the_configuration_is_printed_as_it_is() -> None:
    """`pip config get` is for scripts; at another level it is a message."""
    url, name = "https://user:secret@host/", "pip._internal.utils.misc"
    assert logged("%s", url, name=name) == url
    assert logged("%s", url, name=name, level=logging.WARNING) == "https://user:****@host/"


def test_toml_for_a_terminal_is_the_same_document() -> None:
    """In printable ASCII."""
    text = 'a = "é\u202e\U0001f600"\n'
    found = toml_for_terminal(text)
    assert found == 'a = "\\u00E9\\u202E\\U0001F600"\n'
    assert tomli.loads(found) == tomli.loads(text)


LONG = (
    *("\x1b", "\u0301", "a", "http://", "http://a:", "http://a:b?", "://@", "@ "),
    *("a:", "a:@", "@a:", "=a:", "/a:", "//a:", "%", "%3a", "a:%40", "http:", "http:/", "http:\\"),
)


@pytest.mark.parametrize("part", LONG, ids=ascii)
def test_long_texts_take_linear_time(part: str) -> None:
    """Whatever is repeated; ten times as long takes no hundred times as long."""
    times = []
    for size in (20_000, 200_000):
        text = f"http://x@y {part * (size // len(part))} ://"
        start = time.process_time()
        without_passwords(one_line(text))
        times.append(time.process_time() - start)
    assert times[1] < 50 * times[0] + 0.1
