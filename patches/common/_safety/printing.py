"""What pip prints and logs: nothing that controls a terminal, and no password.

Pages, wheels and servers supply the names, versions and reasons that pip shows. Every record that
is logged passes ``shown``, from wherever; what is printed past the log passes ``one_line``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from logging import INFO, LogRecord

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
    """Return what a formatter makes of a record, without passwords and printable.

    Line feeds and tabs remain, but those in what a message is about, which is in its arguments.
    """
    if isinstance(record.args, tuple) and record.args and _is_sentence(str(record.msg)):
        record.args = tuple(map(_argument, record.args))
    text = formatted(record)
    if not (text.isascii() and text.isprintable()):
        suspect = _SUSPECT_IN_BUILDS if record.name == _BUILDS else _SUSPECT
        text = _printable(text, suspect)
    if not (record.name == _DATA and record.levelno == INFO):
        text = without_passwords(text)
    return text


def _is_sentence(template: str) -> bool:
    """Return whether a template is one line that has more than its arguments, if only an indent."""
    return "\n" not in template and re.sub(r"%[-\d.]*[a-z]", "", template) != ""


def _argument(value: object) -> object:
    if isinstance(value, int | float):
        return value
    text = str(value)
    return one_line(text) if "\n" in text else value


def one_line(text: str) -> str:
    """Return text as one printable line."""
    if text.isprintable() and text.isascii():
        return text
    return _printable(text, _SUSPECT).replace("\n", "\\n").replace("\t", "\\t")


def printable_lines(text: str) -> str:
    """Return text whose lines are those of pip, each of them printable."""
    return "\n".join(map(one_line, text.split("\n")))


def segments(rendered: Iterable[Segment]) -> Iterator[Segment]:
    """Yield what rich has rendered, its texts likewise; what rich adds for colours comes later."""
    for segment in rendered:
        if segment.control:
            yield segment
        else:
            yield segment._replace(text=without_passwords(_printable(segment.text, _SUSPECT)))


def _printable(text: str, suspect: re.Pattern[str]) -> str:
    return re.sub(_STACKED, r"\1...", suspect.sub(_escaped, text.replace("\r\n", "\n")))


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) > 1 or found.isprintable() or found in _SPACES:
        return found
    return found.encode("unicode_escape").decode("ascii")


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
