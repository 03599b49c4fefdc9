"""What pip prints and logs: nothing that controls a terminal, and no password.

Pages, wheels and servers supply the names, versions and reasons that pip shows. Every record that
is logged passes ``shown``, from wherever; what is printed past the log passes ``one_line``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from logging import INFO, WARNING, LogRecord

from pip._vendor.rich.segment import Segment

_SUSPECT = re.compile(r"[^\n\t\x20-\x7e]")
# Other spaces, which str.isprintable excludes, and which people have in the names of folders.
_SPACES = frozenset("\xa0\u1680\u202f\u205f\u3000").union(map(chr, range(0x2000, 0x200B)))

# Marks that are drawn above or below a character; more of them reach into other lines. This and
# the URLs below are compiled when they are needed, which most runs do not.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = f"({_MARK}{{8}}){_MARK}+"

_BUILDS = "pip.subprocessor"
_SUSPECT_IN_BUILDS = re.compile(rf"\x1b\[[0-9;]*m|{_SUSPECT.pattern}")  # compilers have colours

_DATA = "pip._internal.utils.misc"
"""What a command was started for, such as a value of the configuration, is printed by this one."""
_DOCUMENTS = (_DATA, "pip_variants.output")
_VENDORED = "pip._vendor."

LONGEST_ARGUMENT = 4000
"""Characters of one argument of a warning or an error; what is wrong with it comes after it."""
LONGEST_LINE = 8000
"""Characters of a line, but for what a command was started for, and what builds print."""
_LONGEST_SHOWN = 200

_CREDENTIALS = r"""(?xi)
    (?<![a-z0-9+.-])
    (?P<scheme>
        [a-z+][a-z0-9+.-]{0,30}://                  # +http://: what a lock with a wrong type yields
    |   (?<!:) (?:[a-z]{1,9}\+)? https?:[/\\]{0,8}         # http:/x, and http:\\x in quotes
    |   (?<!:)//
    )
    (?:
        (?P<user>[^\s/?\#:@\[]{0,999}):
        (?: [^\s/\\?\#]{0,9999}@                    # where RFC 3986 has it
        | (?! \d* (?: [/?\#\s"'<>)\]] | $ ) )   # no port
          [^\s"'<>]{0,999}@                         # a password that ought to be quoted
        )
    | [^\s/?\#:@\[]{1,999}@                         # a token, or a name
    )"""
# A name and a password in one part of what may be an address or a path, also percent-encoded. What
# follows a scheme such as mailto: is no password.
_PAIRS = r"""(?xi)
    (?<! [^\s"'<>/\\?\#] )
    (?! (?:mailto|file|pkg): )
    ( [^\s"'<>/\\?\#:@%]* (?: % (?!3a|40) [^\s"'<>/\\?\#:@%]* ){0,999} (?: : | %3a ) )
    [^\s"'<>/\\?\#]* ( @ | %40 )"""
_WEB = ("http", "https")


def shown(record: LogRecord, formatted: Callable[[LogRecord], str]) -> str:
    """Return what a formatter makes of a record: printable, short, and without passwords.

    Line feeds and tabs remain, but those in what a message is about, which is in its arguments. A
    library in pip has no traceback: what it warns of was not pip's fault, and did not end it.
    """
    if isinstance(record.args, tuple) and record.args and str(record.msg) != "%s":
        is_bounded = record.levelno >= WARNING
        record.args = tuple(_argument(value, is_bounded=is_bounded) for value in record.args)
    if str(record.name).startswith(_VENDORED):  # a record may have no name
        record.exc_info = record.exc_text = None
    text = formatted(record)
    if not (text.isascii() and text.isprintable()):
        suspect = _SUSPECT_IN_BUILDS if record.name == _BUILDS else _SUSPECT
        text = _printable(text, suspect)
    is_info = record.levelno == INFO
    if not (record.name == _DATA and is_info):
        text = without_passwords(text)
    is_whole = record.name == _BUILDS or (record.name in _DOCUMENTS and is_info)
    return text if is_whole else _with_short_lines(text)


def _argument(value: object, *, is_bounded: bool) -> object:
    """Return what an argument of a message is, if it has one line that is short enough."""
    if isinstance(value, int | float):
        return value
    text = str(value)
    if "\n" in text:
        value = text = _sentence(text) if isinstance(value, Exception) else one_line(text)
    if is_bounded and len(text) > LONGEST_ARGUMENT:
        value = _cut(without_passwords(text), LONGEST_ARGUMENT)
    return value


def _sentence(text: str) -> str:
    """Return the text of an error on one line, without what packaging underlines."""
    lines = [line.strip() for line in text.splitlines()]
    return one_line(": ".join(line for line in lines if line.strip("~^")))


def _with_short_lines(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    return "\n".join(_cut(line, LONGEST_LINE) for line in text.split("\n"))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."


def one_line(text: str) -> str:
    """Return text as one printable line."""
    if text.isprintable() and text.isascii():
        return text
    return _printable(text, _SUSPECT).replace("\n", "\\n").replace("\t", "\\t")


def printable_lines(text: str) -> str:
    """Return text whose lines are those of pip, each of them printable."""
    return "\n".join(map(one_line, text.split("\n")))


def quoted(text: str) -> str:
    """Return foreign text as one short word without control characters and passwords."""
    return ascii(_cut(without_passwords(text), _LONGEST_SHOWN))  # before an @ may be cut off


def printable(text: str) -> str:
    """Return foreign text in one line, shortened, without passwords."""
    text = without_passwords(text)
    shown = "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)
    return _cut(shown, _LONGEST_SHOWN)


def segments(rendered: Iterable[Segment]) -> Iterator[Segment]:
    """Yield what rich has rendered, its texts likewise; what rich adds for colours comes later."""
    for segment in rendered:
        if segment.control:
            yield segment
        else:
            text = without_passwords(_printable(segment.text, _SUSPECT))
            yield segment._replace(text=_with_short_lines(text))


def _printable(text: str, suspect: re.Pattern[str]) -> str:
    return re.sub(_STACKED, r"\1...", suspect.sub(_escaped, text.replace("\r\n", "\n")))


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) > 1 or found.isprintable() or found in _SPACES:
        return found
    return ascii(found)[1:-1]  # no codec, which would be imported, perhaps after the installation


def without_passwords(text: str) -> str:
    """Return text with the credentials in its addresses hidden as pip does.

    Also in those that are no valid URLs: of others what is before an @ is hidden after a colon.
    """
    if "@" in text:
        text = re.sub(_CREDENTIALS, _hidden, text)
    return re.sub(_PAIRS, r"\1****\2", text) if "@" in text or "%40" in text else text


def _hidden(match: re.Match[str]) -> str:
    scheme, user = match["scheme"], match["user"]
    if user is not None:
        return f"{scheme}{user}:****@"
    # A name alone is a token on the web; elsewhere it is the "git" of git@github.com.
    name = scheme.lower().partition(":")[0].rpartition("+")[2]
    return f"{scheme}****@" if name in _WEB else match[0]


def toml_for_terminal(text: str) -> str:
    """Return a TOML document, all of whose strings are basic ones, in printable ASCII."""
    return re.sub(r"[^\n\x20-\x7e]", _toml_escaped, text)


def _toml_escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - 16 bits
