"""What `pip variants platform` shows above the platform file: comments about the machine.

People paste them into bug reports. So they have what a maintainer would ask for, and nothing that
names the host, the user or one device among all; foreign text does not leave its comment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pip_variants.core.errors import quoted, shortened
from pip_variants.core.supported import SupportedProperties

from .messages import namespace_reason

_MOST_LINES = 32
"""Of one namespace; equal lines count once."""

_changes_devices = re.compile(
    "_VISIBLE_[A-Z]+$|AFFINITY_MASK|DEVICE_(?:SELECTOR|FILTER|HIERARCHY|ORDINAL)|HSA_OVERRIDE"
    "|^LD_(?:LIBRARY_PATH|PRELOAD)$"
)
_is_plain = re.compile(r"[A-Za-z0-9_.,:;*!-]{0,60}", re.ASCII).fullmatch
# UUIDs of devices have eight such digits.
_identifies = re.compile("[0-9a-fA-F]{8}").search


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine runs, one line each, with which options, and what must not be shown.

    ``home`` is the user's home folder; ``user`` and ``host`` are names, which paths may have.
    """

    software: tuple[str, ...]
    options: tuple[str, ...] = ()
    home: str = ""
    user: str = ""
    host: str = ""

    def hide(self, text: str) -> str:
        """Return ``text``, which may have quoted paths, without the names of user and host."""
        for home in (self.home, quoted(self.home)[1:-1]):
            if home.strip("/\\"):
                text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text)
        hosts = (self.host, self.host.partition(".")[0])
        for name, shown in ((self.user, "<user>"), *((host, "<host>") for host in hosts)):
            if name:
                text = re.sub(rf"(?<=[/\\]){re.escape(name)}(?![\w.-])", shown, text)
        return text


def comments(
    surroundings: Surroundings,
    environ: Mapping[str, str],
    supported: Sequence[SupportedProperties],
    *,
    with_age: bool,
) -> str:
    """Return the comments, one line each, for what is ``supported``.

    Of ``environ`` the variables count that select devices. ``with_age``: also when it was read.
    """
    lines = [*surroundings.software]
    lines += [f"option: {text}" for text in surroundings.options]
    lines += [f"variable: {text}" for text in _variables(environ)]
    for item in supported:
        texts = [*_hardware(item), *(_age(item) if with_age else ())]
        lines += [f"{item.namespace}: {text}" for text in texts]
    return "".join(f"{comment(surroundings.hide(line))}\n" for line in lines)


def comment(text: str) -> str:
    """Return a comment of one line in printable ASCII, with at most about 200 characters."""
    words = " ".join(text.split())
    is_safe = words.isascii() and words.isprintable()
    return f"# {shortened(words) if is_safe else quoted(words)}"


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the variables that are set; values that are paths or name one device are not shown."""
    for name in sorted(filter(_changes_devices.search, environ)):
        value = environ[name]
        is_shown = _is_plain(value) and not _identifies(value)
        yield f"{name}={value}" if is_shown else f"{name} is set"


def _hardware(supported: SupportedProperties) -> list[str]:
    """Return the lines of the provider, equal ones once with their number, and its reason."""
    counted = Counter(supported.hardware)
    lines = [line if number == 1 else f"{number} x {line}" for line, number in counted.items()]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"{len(lines) - _MOST_LINES} more"]
    reason = namespace_reason(supported)
    return lines if reason is None or reason in counted else [*lines, reason]


def _age(supported: SupportedProperties) -> Iterable[str]:
    """Return when a provider read this, if it was one."""
    if supported.state not in ("built-in", "plugin"):
        return ()
    return (ago(supported.age),)


def ago(age: float | None) -> str:
    """Return when something was read that is ``age`` seconds old; None: in this run."""
    if age is None:
        return "read now"
    number, unit = (age, "second") if age < 60 else (age / 60, "minute")  # noqa: PLR2004
    plural = "" if int(number) == 1 else "s"
    return f"read {int(number)} {unit}{plural} ago; --refresh reads it again"
