"""What pip prints and logs: printable, on the lines that pip made, and without passwords."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import unicodedata
from http.client import HTTPException
from pathlib import Path

import pytest
from pip._vendor import tomli
from pip._vendor.packaging.requirements import InvalidRequirement
from pip._vendor.rich.segment import ControlType, Segment
from pip._vendor.rich.style import Style

from patches.common._safety.printing import (
    LONGEST_ARGUMENT,
    LONGEST_LINE,
    one_line,
    printable_lines,
    segments,
    shown,
    toml_for_terminal,
    without_passwords,
)

ROOT = Path(__file__).parents[2]
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


def test_record_without_a_name_is_shown() -> None:
    """As `logging.makeLogRecord` makes them."""
    record = logging.makeLogRecord({"msg": "Found\x1b"})
    assert shown(record, logging.Formatter().format) == "Found\\x1b"


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
    "an indent": (("  %s", "one\nForged: x"), "  one\\nForged: x"),
    "several lines": (
        ("%s:\n%s\nPlease ask.", "a\nERROR: forged", "b\nERROR: forged"),
        "a\\nERROR: forged:\nb\\nERROR: forged\nPlease ask.",
    ),
    "an error that underlines": (
        ("Invalid metadata: %s", InvalidRequirement("Expected end\n    a 1\n      ~~^")),
        "Invalid metadata: Expected end: a 1",
    ),
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


LONG_TEXT = "x" * 50_000
CUT = f"{LONG_TEXT[:LONGEST_ARGUMENT]}..."
LENGTHS: dict[str, tuple[int, str, tuple[object, ...], str]] = {
    "what a warning is about": (
        logging.WARNING,
        "Could not fetch %s: %s",
        (LONG_TEXT, "refused"),
        f"Could not fetch {CUT}: refused",
    ),
    "an object": (logging.ERROR, "No %s", (HTTPException(LONG_TEXT),), f"No {CUT}"),
    "a password at the end": (
        logging.WARNING,
        "%s: x",
        (f"{'x' * (LONGEST_ARGUMENT - 10)} http://u:{'secret' * 9}@h",),
        f"{'x' * (LONGEST_ARGUMENT - 10)} http://u:...: x",
    ),
    "a line": (logging.ERROR, f"a\n{LONG_TEXT}", (), f"a\n{LONG_TEXT[:LONGEST_LINE]}..."),
    "news": (logging.INFO, "Found %s.", (LONG_TEXT,), f"Found {LONG_TEXT}."[:LONGEST_LINE] + "..."),
    "many lines": (logging.ERROR, "%s", ("x\n" * 50_000,), "x\n" * 50_000),
}


@pytest.mark.parametrize("case", LENGTHS)
def test_what_is_printed_is_short(case: str) -> None:
    """What is wrong with a long text is seen."""
    level, template, args, expected = LENGTHS[case]
    assert logged(template, *args, level=level) == expected


@pytest.mark.parametrize("name", ["pip._internal.utils.misc", "pip_variants.output"])
def test_what_a_command_was_started_for_is_whole(name: str) -> None:
    """Such as JSON, which is on one line; a warning of the same module is short."""
    assert logged("%s", LONG_TEXT, name=name) == LONG_TEXT
    warning = logged("%s", LONG_TEXT, name=name, level=logging.WARNING)
    assert warning == f"{LONG_TEXT[:LONGEST_LINE]}..."


def test_output_of_builds_and_what_rich_renders() -> None:
    """The command line of a compiler is long."""
    assert logged(LONG_TEXT, name="pip.subprocessor") == LONG_TEXT
    assert [item.text for item in segments([Segment(LONG_TEXT)])] == [
        f"{LONG_TEXT[:LONGEST_LINE]}..."
    ]


@pytest.mark.parametrize(
    ("name", "is_shown"), [("pip._vendor.urllib3.connection", False), ("pip._internal.x", True)]
)
def test_library_that_warns_has_no_traceback(name: str, *, is_shown: bool) -> None:
    """Such as urllib3 about headers; pip itself has one for what it did not expect."""
    error = ValueError("no colon")
    record = logging.LogRecord(
        name, logging.WARNING, "", 0, "Failed: %s", (error,), (type(error), error, None)
    )
    text = shown(record, logging.Formatter().format)
    assert text == ("Failed: no colon\nValueError: no colon" if is_shown else "Failed: no colon")


LATE = """\
import logging, sys
from patches.common._safety import failures, printing, streams
from pip_variants.core import errors

class Guard:
    def find_spec(self, name, path=None, target=None):
        sys.exit(f"import of {name}")

sys.meta_path.insert(0, Guard())
sys.addaudithook(lambda event, args: Guard().find_spec(args[0]) if event == "import" else None)
blocks = ((0, 0x3100), (0xD800, 0xE100), (0xFE00, 0x10000), (0xE0000, 0xE0100))
every = "".join(chr(code) for block in blocks for code in range(*block))
url = "http://a:b@c/ http://d@e"
parts = [every, every[::-1], url, "a" + chr(0x301) * 20]
for text in parts:
    assert printing.one_line(text) and errors.one_line(text) and printing.printable(text)
    failures.shown_url(text[:1000]), printing.quoted(text), printing.toml_for_terminal(text)
    for name in ("pip", "pip.subprocessor", "pip._internal.utils.misc"):
        for args in ((text,), (text, OSError(2, text, text))):
            record = logging.LogRecord(name, 30, "", 0, "%s" * len(args), args, None)
            printing.shown(record, logging.Formatter().format)
    list(printing.segments([printing.Segment(text)]))
    for error in (ValueError, OSError, failures.InvalidRequirement, failures.HTTPError):
        failures.in_one_sentence(error(text)), streams.reason(error(text))
print("end")
"""
"""Prints each character while nothing can be imported, as after the start of an installation."""


def test_printing_imports_nothing() -> None:
    """Also no codec, which Python imports when it is used for the first time."""
    done = subprocess.run(
        [sys.executable, "-c", LATE], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("end\n", "")


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
