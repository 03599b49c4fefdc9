"""The options about variants."""

from __future__ import annotations

from optparse import OptionGroup

from .engine import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from optparse import Option, OptionParser

    from pip._internal.cli.base_command import Command

_SEVERAL = {
    "lock": " Several times: write a lock pylock.NAME.toml for each NAME.toml.",
    "variants": " With mirror several times: what each machine needs.",
}
"""What several platform files mean, by command."""
_DISABLE = "--disable-variant-provider"
_LOCKED = ("this", "all")
_LONGEST_SHOWN = 80
_REPEATABLE = (
    (
        "--variant",
        "variants",
        "NAME=LABEL",
        (
            "Of the project NAME take only the variant LABEL; an error if no wheel with it fits"
            " this machine. NAME#LABEL in a requirement does the same. NAME=!LABEL: never take it."
        ),
    ),
    (
        "--enable-variant-provider",
        "variant_provider_switches",
        "NS",
        "Query the provider of the namespace NS even if it is optional.",
    ),
    (
        _DISABLE,
        "variant_provider_switches",
        "NS",
        "Do not query the provider of the namespace NS: nothing in it is supported.",
    ),
    (
        "--variant-consistent",
        "consistent_namespaces",
        "NS",
        (
            "Take only builds that agree in the namespace NS: those of two packages that both have"
            " a feature of it have a value of that feature in common."
        ),
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
"""Option, destination, metavar, help."""


def option_group(command: Command) -> OptionGroup:
    """Return the options about variants; their values are in the options of the command."""
    group = OptionGroup(command.parser, "Wheel Variant Options")
    group.add_option(
        "--no-variants",
        dest="no_variants",
        action="store_true",
        default=False,
        help="Ignore variant wheels, as if they did not exist.",
    )
    for name, dest, metavar, text in _REPEATABLE:
        group.add_option(
            name,
            dest=dest,
            action="callback",
            callback=_add_values,
            type="str",
            metavar=metavar,
            help=f"{text} Can be used several times.",
        )
    group.add_option(
        "--variant-provider-index",
        dest="variant_provider_index",
        metavar="URL",
        help="Install trusted provider packages from this index alone, in place of the one that"
        " lists the project that needs them.",
    )
    _add_platform_option(group, command.name)
    _add_presentation(group)
    if command.name == "lock":
        _add_lock_option(group)
    elif command.name == "freeze":
        _add_freeze_option(group)
    return group


def _add_platform_option(group: OptionGroup, command: str) -> None:
    several = _SEVERAL.get(command, "")
    group.add_option(
        "--variant-platform",
        *(("--platform-file",) if command == "variants" else ()),
        dest="variant_platform",
        metavar="FILE",
        type="str",
        action="callback",
        callback=_set_platform,
        callback_args=(bool(several),),
        help="Describe the target machine by a file, as `pip variants platform` writes one, in"
        f" place of querying this machine.{several}",
    )


def _add_lock_option(group: OptionGroup) -> None:
    # The second name is for PIP_LOCK_VARIANTS: pip takes variables by the names of options.
    group.add_option(
        "--variants",
        "--lock-variants",
        dest="lock_variants",
        metavar="WHICH",
        type="str",
        action="callback",
        callback=_set_locked,
        default="this",
        help="Which variants of a version to lock: this, the one for this machine (default); or"
        " all of them that the tags of this interpreter allow, whatever the machine.",
    )


def _add_freeze_option(group: OptionGroup) -> None:
    group.add_option(
        "--variants",
        "--freeze-variants",
        dest="freeze_variants",
        action="store_true",
        default=False,
        help="Write NAME==VERSION#LABEL for a variant, which no stock pip can install.",
    )


def _add_presentation(group: OptionGroup) -> None:
    """Add the options that do not change what is chosen."""
    group.add_option(
        "--variant-jobs",
        dest="variant_jobs",
        metavar="N",
        type="str",
        action="callback",
        callback=_set_jobs,
        help="How many downloads and unpackings run side by side where there are variants. 1: one"
        " after the other. By default as many as there are CPUs, but 4 to 8.",
    )
    group.add_option(
        "--variant-banner",
        dest="variant_banner",
        metavar="STYLE",
        type="choice",
        choices=("full", "short", "none"),
        default="full",
        help="How a chosen variant is announced: full, with its properties (default); short, one"
        " line; or none.",
    )


def _set_platform(
    option: Option, name: str, file: str, parser: OptionParser, takes_several: bool
) -> None:
    """Set the platform file in the options, and list those of the command line.

    Which variants are locked counts beside it only if that was typed as well.
    """
    values = parser.values
    if values is None or option.dest is None:  # never while options are parsed
        return
    # pip reads the environment and configuration files before there is a command line.
    typed = [*(getattr(values, "variant_platforms", None) or ()), file]
    if parser.rargs is None:
        typed = []
    elif len(typed) > 1 and not takes_several:
        find()
        from pip_variants.explain.requests import SEVERAL_PLATFORMS

        parser.error(f"option {name}: {SEVERAL_PLATFORMS}")
    elif hasattr(values, "lock_variants") and not getattr(values, "has_typed_variants", False):
        values.lock_variants = "this"
    setattr(values, option.dest, file)
    values.variant_platforms = typed


def _set_locked(option: Option, name: str, which: str, parser: OptionParser) -> None:
    """Set which variants are locked, in place of a platform file that is configured."""
    if which not in _LOCKED:
        choices = ", ".join(_LOCKED)
        parser.error(f"option {name}: invalid choice: {_shown(which)} (choose from {choices})")
    values = parser.values
    if values is None or option.dest is None:  # never while options are parsed
        return
    setattr(values, option.dest, which)
    if parser.rargs is not None:
        values.has_typed_variants = True
        if which == "all" and not getattr(values, "variant_platforms", None):
            values.variant_platform = None


def _set_jobs(option: Option, name: str, text: str, parser: OptionParser) -> None:
    """Set the number of jobs in the options."""
    try:
        number = int(text[:_LONGEST_SHOWN])
    except ValueError:
        parser.error(f"option {name}: invalid integer value: {_shown(text)}")
    if number < 1:
        parser.error(f"option {name}: {number} is less than 1")
    if parser.values is not None and option.dest is not None:
        setattr(parser.values, option.dest, number)


def _shown(text: str) -> str:
    """Return a value as an error has it.

    pip does not report what optparse itself finds wrong with a variable or a configuration file.
    """
    return ascii(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")


def _add_values(option: Option, name: str, text: str, parser: OptionParser) -> None:
    """Add the values to the options, and check them; a default may have several."""
    find()
    from pip_variants.core.errors import RequestError
    from pip_variants.pip_adapter.options import OptionValue
    from pip_variants.pip_adapter.requests import check_options

    values, dest = parser.values, option.dest
    if values is None or dest is None:  # never while options are parsed
        return
    # pip reads the environment and configuration files before there is a command line.
    is_default = parser.rargs is None
    # The destination alone does not distinguish the two options about a namespace.
    enable = option.get_opt_string() != _DISABLE
    if not is_default and not text.strip():
        parser.error(f"option {name}: the value is empty")
    new = [OptionValue(word, is_default, enable) for word in text.split()]
    setattr(values, dest, [*(getattr(values, dest, None) or ()), *new])
    try:
        check_options(values)
    except RequestError as error:
        parser.error(f"option {name}: {error}")
