"""What the user says of providers and of the machine: on, off, trusted, described."""

from __future__ import annotations

from pathlib import Path

from pip._vendor import tomli
from pip._vendor.packaging.utils import canonicalize_name, is_normalized_name

from . import platforms
from .errors import RequestError, quoted
from .process import process
from .properties import is_name


def switch(namespace: str, *, on: bool, default: bool = False) -> None:
    """Enable or disable the provider of a namespace; raise RequestError for what is none.

    ``default`` says that it comes from the environment or a configuration file: of those the last
    counts, and what is typed counts more. Typed, it must not be both.
    """
    if not is_name(namespace):
        raise RequestError(f"{quoted(namespace)} is not a namespace (a-z, 0-9 and _)")
    if default:
        process.default_switches[namespace] = on
    elif process.switches.setdefault(namespace, on) != on:
        raise RequestError(f"the provider of {namespace} cannot be both enabled and disabled")


def trust(package: str) -> None:
    """Let a provider package run; raise RequestError for what is not the name of one."""
    name = canonicalize_name(package)
    if not is_normalized_name(name):
        raise RequestError(f"{quoted(package)} is not the name of a package")
    process.trusted.add(name)


def describe(file: str) -> None:
    """Take the description of the target machine; raise RequestError if it cannot be read."""
    name = quoted(file)
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        process.chain.platform = platforms.read(tomli.loads(text), text, name)
    except OSError as error:
        raise RequestError(f"{name} cannot be read: {error.strerror}") from None
    # tomli.TOMLDecodeError, and what is not UTF-8; numbers and nesting that Python itself refuses.
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name}: {quoted(str(error))}") from None
