"""The run of the current command: the only module-level state of facade and engine.

pip hands no state to most of the hooks, which fetch it here with ``current``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from optparse import Values
    from typing import Any

    from pip._internal.exceptions import MetadataInconsistent
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement

    from pip_variants.pip_adapter.run_state import RunState

    from .._safety.changes import Changes  # noqa: TID252 (both are copied into pip)

_OPTIONS = (
    "variants",
    "variant_platform",
    "variant_provider_switches",
    "trusted_variant_providers",
    "consistent_namespaces",
)
_VARIABLE = "PIP_NO_VARIANTS"


class Run:
    """One command of pip, from its command line to its end.

    ``parsed_names`` is by name without label; ``changes`` are those of libraries; ``prepared`` are
    the distributions prepared so far, ``roots`` what the user requires, ``requirement_files`` the
    files of requirements with comments, name and content. ``is_command``: pip runs the command now.
    """

    def __init__(self, options: Values | None = None) -> None:
        self.options = options
        self.without_variants = bool(getattr(options, "no_variants", False))
        self.parsed_names: dict[str, Any] = {}
        self.prepared: list[BaseDistribution] = []
        self.roots: Sequence[InstallRequirement] = ()
        self.requirement_files: list[tuple[str, str]] = []
        self.is_command = False
        self.changes: Changes | None = None
        self.discarded: set[str] = set()
        self._state: RunState | None = None

    @property
    def is_dry(self) -> bool:
        """Whether the command only shows what it would install."""
        return bool(getattr(self.options, "dry_run", False))

    @property
    def is_lock(self) -> bool:
        """Whether the command locks what it would install."""
        return bool(getattr(self.options, "output_file", None))

    @property
    def has_state(self) -> bool:
        """Whether the engine is loaded, because there was something about variants."""
        return self._state is not None

    def discards(self, link: Link) -> bool:
        """Return whether a file turned out to be unusable when it was downloaded."""
        return bool(self.discarded) and link.url.partition("#")[0] in self.discarded

    def begin_again(self, error: MetadataInconsistent) -> bool:
        """Forget all but the files that are not used; return False if the error is final."""
        if self._state is None:
            return False
        from pip_variants.pip_adapter.prepare import discarded_file

        url = discarded_file(self._state, error)
        if url is None:
            return False
        self._state.close()
        self.discarded.add(url)
        self.prepared, self.roots, self.requirement_files, self._state = [], (), [], None
        return True

    def state(self) -> RunState:
        """Return the state of the engine, loading it first; raise pip's CommandError."""
        if self._state is None:
            from .engine import load

            load()
            from pip_variants.core.errors import RequestError
            from pip_variants.pip_adapter.run_state import new_run_state

            options = self.options
            if options is None:  # code that uses pip's internals without a command
                from optparse import Values

                options = Values()
            try:
                self._state = new_run_state(options, self.prepared)
            except RequestError as error:
                from pip._internal.exceptions import CommandError

                raise CommandError(str(error)) from None
            self._state.roots = self._state.together.roots = self.roots
            self._state.comments.files = self.requirement_files
            self._state.discarded = self.discarded
            if self.is_command:
                # Something runs in the background now, which ends in order when a signal comes.
                from .signals import SIGNALS

                SIGNALS.catch()
        return self._state

    def close(self) -> None:
        """End what runs in the background, and the changes, after the command."""
        self.is_command = False
        if self._state is not None:
            from .signals import SIGNALS

            SIGNALS.interrupts = False
            self._state.close()
        if self.changes is not None:
            self.changes.close()


_run = Run()


def current() -> Run:
    """Return the run of the current command."""
    return _run


def begin(options: Values, args: list[str]) -> tuple[Values, list[str]]:
    """Begin the run of a command whose command line has been parsed; return the arguments."""
    global _run  # noqa: PLW0603 - the only place that replaces it
    _run = Run(options)
    return options, args


def run_command(options: Values, command: Callable[[], int]) -> int:
    """Run a command and return its exit status.

    Raise pip's CommandError for invalid options about variants; warn about those without effect.
    """
    if len(getattr(options, "variant_platforms", ())) > 1 and hasattr(options, "lock_variants"):
        from .locks import run_for_each_platform

        return run_for_each_platform(options, lambda: _run_command(options, command))
    return _run_command(options, command)


def end_command() -> None:
    """End a command, whose temporary folders are empty, and the process if a signal has come."""
    from sys import modules

    temporary = modules.get("pip._safety.temporary")
    if temporary is not None:  # something was temporary
        temporary.release()
    signals = modules.get(f"{__package__}.signals")
    if signals is not None:
        signals.SIGNALS.end()


def _run_command(options: Values, command: Callable[[], int]) -> int:
    run = _run
    run.is_command = True
    is_for_all = getattr(options, "lock_variants", "this") == "all"
    names_no_file = getattr(options, "variant_platform", None) == ""
    if is_for_all or names_no_file or any(getattr(options, name, None) for name in _OPTIONS):
        run.state()
    try:
        status = _without_variants(command) if run.without_variants else _until_final(command)
    finally:
        run.close()
    if run.has_state and not status:
        from pip_variants.pip_adapter.reports import warn_of_unused_requests

        warn_of_unused_requests(run.state())
    return status


def _until_final(command: Callable[[], int]) -> int:
    """Run a command, and again if a file has to be discarded that pip has downloaded."""
    from pip._internal.exceptions import MetadataInconsistent

    while True:
        try:
            return command()
        except MetadataInconsistent as error:
            if not _run.begin_again(error):
                raise


class beside:  # noqa: N801 - used as a function; contextlib is not imported here
    """A context with a run of its own, for these options."""

    def __init__(self, options: Values) -> None:
        self._inner = Run(options)

    def __enter__(self) -> Run:
        global _run  # noqa: PLW0603 - see begin
        self._outer = _run
        self._inner.without_variants = _run.without_variants
        _run = self._inner
        return _run

    def __exit__(self, *_: object) -> None:
        global _run  # noqa: PLW0603 - see begin
        _run = self._outer
        self._inner.close()


def build_dependencies() -> beside:
    """Return a context in which build dependencies are resolved, in a run of their own.

    They are for this machine and for an environment of their own: of the options about variants
    only those of the environment and of configuration files apply, as in a process of its own.
    """
    return beside(_build_options(_run.options))


def _build_options(options: Values | None) -> Values:
    from optparse import Values

    inner = Values(vars(options) if options is not None else None)
    for name in _OPTIONS:
        if name == "variant_platform":
            continue
        values = getattr(options, name, None) or ()
        setattr(inner, name, [value for value in values if value.is_default])
    for name in ("variant_platform", "platforms", "abis", "implementation", "python_version"):
        setattr(inner, name, None)
    inner.lock_variants, inner.ignore_installed = "this", True
    inner.variant_jobs, inner.ignore_dependencies = 1, False
    inner.dry_run, inner.output_file = False, None  # a build needs their files
    return inner


def import_command_line() -> None:
    """Import what every command needs; a damaged file is an exception of any kind."""
    from pip._internal.cli.main import main  # noqa: F401 (which a damaged module may not have)


def recover(options: Values) -> None:
    """Sweep what a pip that was killed has left where this one installs."""
    if not getattr(options, "dry_run", False):
        from .._safety.changes import recover  # noqa: TID252 (both are copied into pip)

        recover(use_user_site=bool(getattr(options, "use_user_site", False)))


def damaged() -> list[str]:
    """Return a sentence about each distribution that is damaged since a pip was interrupted."""
    from .._safety.recovery import damaged  # noqa: TID252 (both are copied into pip)

    return damaged()


def status_of_stock() -> int | None:
    """Run the stock pip if ours is damaged and has changed nothing; return its status, or None."""
    import sys

    hook = sys.modules.get("_pip_variants_override")
    if hook is None or (_run.changes is not None and _run.changes.have_begun):
        return None
    if _run.changes is not None:
        _run.changes.close()
    status: int | None = hook.status_of_stock()
    return status


def _without_variants(command: Callable[[], int]) -> int:
    """Run a command in an environment in which isolated builds ignore variants as well."""
    import os

    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = "1"
    try:
        return command()
    finally:
        del os.environ[_VARIABLE]
        if before is not None:
            os.environ[_VARIABLE] = before
