"""``pip variants`` as a command of pip: its options, and which module does what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from pip_variants.core.errors import VariantError
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.compat import Command, CommandError
from pip_variants.pip_adapter.run_state import RunState

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import PackageFinder, PipSession, Values

_ACTIONS = {
    "explain": ("json",),
    "list": ("json",),
    "platform": ("json",),
    "check": ("json",),
    "index": ("check",),
}
"""Each action, and which of the options below it takes."""


class VariantsCommand(Command):
    """Show which variants fit this machine and why; write and check variant metadata."""

    # The network is imported when an action needs it: `pip help variants` does not.
    _session: PipSession | None = None

    ignore_require_venv = True
    usage = """
      %prog [options] explain [--json] <requirement>
      %prog [options] list [--json]
      %prog [options] platform [--json] [namespace] ...
      %prog [options] check [--json] <path or url> ...
      %prog [options] index [--check] <dir>"""

    def add_options(self) -> None:
        """Add pip's options that decide which files are found, and those of the actions."""
        compat.json_option(self)
        self.cmd_opts.add_option(
            "--check",
            action="store_true",
            help="With index: write nothing, show what would change, and fail if anything would.",
        )
        compat.add_lookup_options(self)
        self.parser.insert_option_group(0, self.cmd_opts)

    def handle_pip_version_check(self, options: Values) -> None:
        """Do nothing; pip expects this only of commands without index options (before 26.2)."""

    @contextlib.contextmanager
    def pip_version_check(self, options: Values, args: list[str]) -> Iterator[None]:  # noqa: ARG002 - pip's signature
        """Do nothing, likewise."""
        yield

    def state(self) -> RunState:
        """Return the state of this run; the patched pip overrides this."""
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
        """Run the action that ``args`` name; return the exit status or raise CommandError."""
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
