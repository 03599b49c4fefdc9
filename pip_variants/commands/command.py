"""``pip variants``, a command of pip's like the others: its options, and who does what it says."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pip._internal.cli import cmdoptions
from pip._internal.cli.base_command import Command
from pip._internal.exceptions import CommandError

from pip_variants.errors import VariantError

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.network.session import PipSession

_ACTIONS = {
    "explain": ("json",),
    "list": ("json",),
    "platform": ("json",),
    "check": ("json",),
    "index": ("check",),
}
"""What can be asked for, and which of the options below it takes."""


class VariantsCommand(Command):
    """Say which builds fit this machine and why; write and check what describes them."""

    # What talks to the network is imported when an action needs it: `pip help variants` does not.
    _session: PipSession | None = None

    ignore_require_venv = True
    usage = """
      %prog [options] explain [--json] <requirement>
      %prog [options] list [--json]
      %prog [options] platform [--json] [namespace] ...
      %prog [options] check [--json] <path or url> ...
      %prog [options] index [--check] <dir>"""

    def add_options(self) -> None:
        """Add pip's options that decide what is found, and those of the actions."""
        self.cmd_opts.add_option(cmdoptions.json())
        self.cmd_opts.add_option(
            "--check",
            action="store_true",
            help="With index: write nothing, say what would change, and fail if anything would.",
        )
        cmdoptions.add_target_python_options(self.cmd_opts)
        self.cmd_opts.add_option(cmdoptions.constraints())
        self.cmd_opts.add_option(cmdoptions.pre())
        self.cmd_opts.add_option(cmdoptions.no_binary())
        self.cmd_opts.add_option(cmdoptions.only_binary())
        self.cmd_opts.add_option(cmdoptions.prefer_binary())
        self.cmd_opts.add_option(cmdoptions.ignore_requires_python())
        # By this option the engine is told of the command before it runs.
        self.parser.set_defaults(variants_command=True)
        index = cmdoptions.make_option_group(cmdoptions.index_group, self.parser)
        self.parser.insert_option_group(0, index)
        self.parser.insert_option_group(0, self.cmd_opts)

    def handle_pip_version_check(self, options: Values) -> None:
        """Say nothing about new versions of pip; base commands must not have index options."""

    def session(self, options: Values) -> PipSession:
        """Return the session with the network, as the other commands of pip set it up."""
        from pip._internal.cli.index_command import SessionCommandMixin

        if self._session is None:
            made = SessionCommandMixin()._build_session(options)  # noqa: SLF001 - pip's own way
            self._session = self.enter_context(made)
        return self._session

    def finder(self, options: Values) -> PackageFinder:
        """Return what finds the files of projects as `pip install` with these options would."""
        from pip._internal.index.collector import LinkCollector
        from pip._internal.index.package_finder import PackageFinder
        from pip._internal.models.selection_prefs import SelectionPreferences

        return PackageFinder.create(
            link_collector=LinkCollector.create(self.session(options), options),
            selection_prefs=SelectionPreferences(
                allow_yanked=True,
                format_control=options.format_control,
                allow_all_prereleases=options.pre,
                prefer_binary=options.prefer_binary,
                ignore_requires_python=options.ignore_requires_python,
            ),
            target_python=cmdoptions.make_target_python(options),
        )

    def run(self, options: Values, args: list[str]) -> int:
        """Do what the first word of ``args`` says; return the exit status or raise CommandError."""
        if not args or args[0] not in _ACTIONS:
            raise CommandError(f"Need an action ({', '.join(_ACTIONS)}) to perform.")
        for name in ("json", "check"):
            if getattr(options, name) and name not in _ACTIONS[args[0]]:
                raise CommandError(f"The option --{name} is not one of: pip variants {args[0]}")
        action = import_module(f"pip_variants.commands.{args[0]}")
        try:
            return int(action.run(self, options, args[1:]))
        except VariantError as error:
            raise CommandError(str(error)) from None
