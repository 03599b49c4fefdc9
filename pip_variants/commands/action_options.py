"""The options of single actions; those that all take are pip's."""

from __future__ import annotations

from collections.abc import Mapping
from optparse import OptionGroup

_FLAGS = {
    "--outdated": "With list: only variants for which there is a better one, or a newer version.",
    "--refresh": (
        "With platform: query this machine anew, also for the commands that follow, whatever is"
        " cached."
    ),
    "--strict": "With check: fail if there is a warning, not only if there is an error.",
    "--check": ("With index: write nothing, show what would change, and fail if anything would."),
    "--pages": "With index: also write the pages that make the folder an index, HTML and JSON.",
    "--metadata": "With index: also write the METADATA of each wheel beside it.",
    "--all": "With index: --pages and --metadata.",
    "--null": "With make: the null variant, which has no properties.",
    "--plain": "With make: a plain wheel, without label and variant.json.",
}
_VALUES: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("--html",): ("file", "With check --as: write the result as a web page, too."),
    ("--label",): ("label", "With make: the label of the variant."),
    ("--config",): (
        "file",
        (
            "With make: the TOML file whose table [variant] has the namespaces and providers."
            " Default: a variant keeps its own; for other wheels ./pyproject.toml."
        ),
    ),
    ("-d", "--dest"): ("dir", "With make: the folder to write to. Default: that of the wheel."),
}
_LISTS: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("--as",): (
        "machine",
        (
            "With check: show which build this machine would take of each version: all, an example"
            " such as cuda12.8-sm89, or a platform file."
        ),
    ),
    ("-p", "--property"): (
        "property",
        (
            "With make: what the wheel was built for, 'namespace :: feature :: value'. Without it a"
            " variant keeps its properties."
        ),
    ),
    ("--requires-dist-variant",): (
        "requirement",
        (
            "With make: a dependency with a marker about variants, in place of the others on the"
            " same project."
        ),
    ),
}


def add_action_options(group: OptionGroup) -> None:
    """Add the options to the group of the command."""
    for names, (metavar, text) in _LISTS.items():
        text = f"{text} Can be used several times."  # noqa: PLW2901 - the whole text
        group.add_option(*names, action="append", default=[], metavar=metavar, help=text)
    for names, (metavar, text) in _VALUES.items():
        group.add_option(*names, metavar=metavar, help=text)
    for name, text in _FLAGS.items():
        group.add_option(name, action="store_true", default=False, help=text)
