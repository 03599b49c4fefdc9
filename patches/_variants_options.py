"""The options about variants, copied into pip as ``pip/_variants_options.py``."""

from __future__ import annotations

import os
from optparse import OptionGroup

from pip._internal.utils.misc import strtobool
from pip._variants import engine, switch_off

TYPE_CHECKING = False
if TYPE_CHECKING:
    from optparse import Option, OptionParser

    from pip._internal.cli.base_command import Command

_OPTIONS = (
    (
        "--variant",
        "variants",
        "NAME=LABEL",
        (
            "Of the project NAME take only the variant LABEL; an error if no wheel with it fits"
            " this machine. NAME#LABEL in a requirement does the same."
        ),
    ),
    (
        "--enable-variant-provider",
        "enabled_variant_providers",
        "NS",
        "Ask the provider of the namespace NS also where it is optional.",
    ),
    (
        "--disable-variant-provider",
        "disabled_variant_providers",
        "NS",
        "Do not ask the provider of the namespace NS: nothing in it is supported.",
    ),
    (
        "--trust-variant-provider",
        "trusted_variant_providers",
        "PACKAGE",
        (
            "Let this provider package be installed in isolation and run, also in place of a"
            " built-in one."
        ),
    ),
)
"""Option, destination, what it takes, and the help."""


def group(command: Command) -> OptionGroup:
    """Return the options about variants.

    Each works by what it does when it is parsed, from the command line, the environment or a
    configuration file, so that nothing has to be handed through.
    """
    found = OptionGroup(command.parser, "Wheel Variant Options")
    found.add_option(
        "--no-variants",
        dest="no_variants",
        action="callback",
        callback=_switch_off,
        help="Ignore variant wheels, as if they did not exist.",
    )
    for name, dest, metavar, text in _OPTIONS:
        found.add_option(
            name,
            dest=dest,
            action="callback",
            callback=_take,
            type="str",
            metavar=metavar,
            help=f"{text} Can be used several times.",
        )
    found.add_option(
        "--variant-platform",
        dest="variant_platform",
        metavar="FILE",
        help="Describe the target machine by a file, as `pip variants platform` writes one, in"
        " place of asking this machine.",
    )
    return found


def _switch_off(_: Option, name: str, value: str | None, parser: OptionParser) -> None:
    try:
        off = value is None or bool(strtobool(value))
    except ValueError:
        parser.error(f"{value} is not a valid value for {name}, please say yes or no")
    switch_off(off)
    # Isolated builds start another pip, which must not see variants either.
    os.environ["PIP_NO_VARIANTS"] = str(int(off))


def _take(option: Option, name: str, value: str, parser: OptionParser) -> None:
    behind = engine()
    # While pip looks through environment and configuration, nothing that was typed is at hand.
    default = parser.rargs is None
    for word in value.split():
        try:
            if option.dest == "variants":
                behind.wish(word, default=default)
            elif option.dest == "trusted_variant_providers":
                behind.trust(word)
            else:
                on = option.dest == "enabled_variant_providers"
                behind.switch(word, on=on, default=default)
        except behind.RequestError as error:
            parser.error(f"option {name}: {error}")
