"""``pip variants`` as a command of pip: its options, and which module does what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING

from pip_variants.core.errors import VariantError
from pip_variants.explain.requests import SEVERAL_PLATFORMS, no_action
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.compat import Command, CommandError
from pip_variants.pip_adapter.display import print_line
from pip_variants.pip_adapter.run_state import RunState

from .action_options import add_action_options

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import PackageFinder, PipSession, Values

_INSTALLING = ("upgrade", "force_reinstall", "ignore_installed", "target_dir")

_ACTIONS = {
    "explain": ("json", *_INSTALLING),
    "list": ("json", "outdated", "path"),
    "platform": ("json", "refresh"),
    "check": ("json", "strict", "as", "html"),
    "index": ("check", "pages", "metadata", "all"),
    "make": ("label", "property", "null", "plain", "config", "requires_dist_variant", "dest"),
    "mirror": ("requirements", "ignore_dependencies", "require_hashes"),
}
"""Each action, and which of the options below it takes."""

_OTHER_NAMES = {"requirements": "requirement", "ignore_dependencies": "no-deps"}
"""Options that are not named as pip keeps their values."""

_OPTIONS_OF_INSTALL = (
    (("-U", "--upgrade"), "upgrade", "With explain: as pip install with this option."),
    (("--force-reinstall",), "force_reinstall", "With explain: likewise."),
    (("-I", "--ignore-installed"), "ignore_installed", "With explain: likewise."),
)

_SUMMARIES = {
    "explain": "Show which wheel pip install would take, and why.",
    "list": "List the installed variants, and whether they fit this machine.",
    "platform": "Show what this machine supports.",
    "check": "Check wheels, *-variants.json files and folders of both.",
    "index": "Make a folder of wheels an index: their *-variants.json, pages, metadata.",
    "make": "Make a variant of a finished wheel.",
    "mirror": "Fetch what a set of machines needs into a folder that is an index.",
}


class VariantsCommand(Command):
    """Show which variants fit this machine and why; write and check variant metadata."""

    # The network is imported when an action needs it: `pip help variants` does not.
    _session: PipSession | None = None
    _defaults: Values | None = None

    ignore_require_venv = True
    usage = """
      %prog [options] explain [--json] [--upgrade] <requirement>
      %prog [options] list [--json] [--outdated] [--path <dir>]
      %prog [options] platform [--json] [--refresh] [namespace] ...
      %prog [options] check [--json] [--strict] [--as <machine>] [--html <file>] <path or url> ...
      %prog [options] index [--check] [--all|--pages|--metadata] <dir>
      %prog [options] make --label <label> -p <property> ... [--dest <dir>] <wheel> ...
      %prog [options] make {--null|--plain} [--dest <dir>] <wheel> ...
      %prog [options] mirror [-r <file>] [--platform-file <file>] ... <requirement> ... <dir>"""

    def add_options(self) -> None:
        """Add pip's options that decide which files are found, and those of the actions."""
        compat.json_option(self)
        compat.path_option(self)
        add_action_options(self.cmd_opts)
        for names, dest, text in _OPTIONS_OF_INSTALL:
            self.cmd_opts.add_option(
                *names, dest=dest, action="store_true", default=False, help=text
            )
        self.cmd_opts.add_option(
            "-t",
            "--target",
            dest="target_dir",
            metavar="dir",
            help="With explain: as pip install with this option, which ignores what is installed.",
        )
        compat.add_requirement_options(self)
        compat.add_lookup_options(self)
        self.parser.insert_option_group(0, self.cmd_opts)

    def parse_args(self, args: list[str]) -> tuple[Values, list[str]]:
        """Return options and arguments; remember what the environment and configuration set.

        To mirror takes those of `pip download` as well, which cannot be typed.
        """
        # Only before anything is parsed does the parser have these alone.
        self._defaults = self.parser.get_default_values()
        options, rest = super().parse_args(args)
        if rest[:1] == ["mirror"]:
            compat.add_options_of("download", self, options)
        return options, rest

    def handle_pip_version_check(self, options: Values) -> None:
        """Do nothing; pip expects this only of commands without index options (before 26.2)."""

    @contextlib.contextmanager
    def pip_version_check(self, options: Values, args: list[str]) -> Iterator[None]:  # noqa: ARG002 - pip's signature
        """Do nothing, likewise."""
        yield

    def state(self) -> RunState:
        """Return the state of this run; the patched pip overrides this."""
        raise NotImplementedError

    def state_beside(self, options: Values) -> AbstractContextManager[RunState]:
        """Return a context with the state of a run beside this one; see above."""
        raise NotImplementedError

    def session(self, options: Values) -> PipSession:
        """Return a network session as the other commands of pip have it."""
        if self._session is None:
            self._session = self.enter_context(compat.build_session(options))
        return self._session

    def finder(self, options: Values) -> PackageFinder:
        """Return a finder as `pip install` with these options has it."""
        return compat.build_finder(self.session(options), options)

    def run(self, options: Values, args: list[str]) -> int:
        """Run the action that ``args`` name; return the exit status or raise CommandError.

        Without arguments print the list of actions.
        """
        if not args:
            self._print_actions()
            return 0
        if args[0] not in _ACTIONS:
            raise CommandError(no_action(args[0], _ACTIONS))
        self._check_options(options, args[0])
        action = import_module(f"pip_variants.commands.{args[0]}")
        try:
            return int(action.run(self, options, args[1:]))
        except VariantError as error:
            raise CommandError(str(error)) from None

    def _check_options(self, options: Values, action: str) -> None:
        """Raise CommandError for an option that was typed and that an action does not take."""
        for name in dict.fromkeys(name for taken in _ACTIONS.values() for name in taken):
            value = getattr(options, name, None)
            is_typed = value and value != getattr(self._defaults, name, None)
            if is_typed and name not in _ACTIONS[action]:
                option = _OTHER_NAMES.get(name, name.removesuffix("_dir").replace("_", "-"))
                raise CommandError(f"The option --{option} is not one of: pip variants {action}")
        if action != "mirror" and len(getattr(options, "variant_platforms", ())) > 1:
            raise CommandError(f"The option --platform-file: {SEVERAL_PLATFORMS}")

    @staticmethod
    def _print_actions() -> None:
        width = max(map(len, _SUMMARIES))
        for line in ("Usage: pip variants ACTION [options]", "", "Actions:"):
            print_line(line)
        for action, summary in _SUMMARIES.items():
            print_line(f"  {action.ljust(width)}  {summary}")
        for line in ("", "pip variants --help lists the options."):
            print_line(line)
