"""Options of pip's commands."""

from __future__ import annotations

from collections.abc import Sequence
from optparse import Option, OptionValueError, Values
from typing import Any, NoReturn

from pip._internal.cli.base_command import Command
from pip._internal.cli.parser import ConfigOptionParser

from pip_variants.core.errors import RequestError


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


class _IndexParser(ConfigOptionParser):
    """A parser that ends nothing if the environment or a configuration file is invalid."""

    def check_default(self, option: Option, key: str, val: Any) -> Any:  # noqa: ANN401 - pip's
        return option.check_value(key, val)

    def error(self, msg: str) -> NoReturn:
        raise OptionValueError(msg)


def with_index_options(options: Values) -> Values:
    """Return options with those of `pip install` about indexes, for a command that has none.

    They are as the environment and configuration files have them; raise RequestError if one of
    them is invalid there.
    """
    from pip._internal.cli import cmdoptions

    if hasattr(options, "index_url"):
        return options
    isolated = options.isolated_mode
    parser = _IndexParser(name="install", isolated=isolated, add_help_option=False)
    parser.add_option_group(cmdoptions.make_option_group(cmdoptions.index_group, parser))
    try:
        configured = parser.get_default_values()
    except OptionValueError as error:
        problem = str(error).removesuffix(".")
        raise RequestError(f"An error occurred during configuration: {problem}") from None
    return Values({**vars(configured), **vars(options)})


def add_options_of(name: str, command: Command, options: Values) -> None:
    """Add what only another command of pip has to the options that a command has parsed.

    They are as the environment and configuration files have them; if one of them is invalid there,
    pip ends as for an option of the command itself.
    """
    from pip._internal.commands import create_command

    parser = create_command(name, isolated=options.isolated_mode).parser
    parser.prog, parser.usage = command.parser.prog, command.parser.usage
    for dest, value in vars(parser.get_default_values()).items():
        vars(options).setdefault(dest, value)


def configured_options(options: Values, name: str) -> Sequence[Any]:
    """Return the values of a repeatable option, or none if the command does not have it."""
    return getattr(options, name, None) or ()
