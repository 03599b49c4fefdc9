"""Options of pip's commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pip._internal.cli.base_command import Command

if TYPE_CHECKING:
    from optparse import Values


def add_lookup_options(command: Command) -> None:
    """Give a command pip's options that decide which files are found."""
    from pip._internal.cli import cmdoptions

    cmdoptions.add_target_python_options(command.cmd_opts)
    command.cmd_opts.add_option(cmdoptions.constraints())
    command.cmd_opts.add_option(cmdoptions.ignore_requires_python())
    selection = getattr(cmdoptions, "package_selection_group", None)
    if selection is not None:  # from 26.0
        group = cmdoptions.make_option_group(selection, command.parser)
        command.parser.insert_option_group(0, group)
    else:
        command.cmd_opts.add_option(cmdoptions.pre())
        for option in (cmdoptions.no_binary, cmdoptions.only_binary, cmdoptions.prefer_binary):
            command.cmd_opts.add_option(option())
    index = cmdoptions.make_option_group(cmdoptions.index_group, command.parser)
    command.parser.insert_option_group(0, index)


def add_requirement_options(command: Command) -> None:
    """Give a command pip's options about what is required besides its arguments."""
    from pip._internal.cli import cmdoptions

    for option in (cmdoptions.requirements, cmdoptions.no_deps, cmdoptions.require_hashes):
        command.cmd_opts.add_option(option())


def json_option(command: Command) -> None:
    """Give a command pip's ``--json``."""
    from pip._internal.cli import cmdoptions

    command.cmd_opts.add_option(cmdoptions.json())


def path_option(command: Command) -> None:
    """Give a command pip's ``--path``."""
    from pip._internal.cli import cmdoptions

    command.cmd_opts.add_option(cmdoptions.list_path())


def with_index_options(options: Values) -> Values:
    """Return options with those of `pip install` about indexes, for a command that has none."""
    return options if hasattr(options, "index_url") else with_options_of("install", options)


def with_options_of(name: str, options: Values) -> Values:
    """Return options with those that only another command of pip has.

    They are as the environment and configuration files have them.
    """
    from optparse import Values as OwnValues

    from pip._internal.commands import create_command

    other = create_command(name, isolated=options.isolated_mode)
    return OwnValues({**vars(other.parser.get_default_values()), **vars(options)})


def configured_options(options: Values, name: str) -> Sequence[Any]:
    """Return the values of a repeatable option, or none if the command does not have it."""
    return getattr(options, name, None) or ()
