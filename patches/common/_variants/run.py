"""The run of the current command: the only module-level state of facade and engine.

pip hands no state to most of the hooks, which fetch it here with ``current``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from optparse import Values
    from typing import Any

    from pip._internal.metadata import BaseDistribution
    from pip._internal.req.req_install import InstallRequirement

    from pip_variants.pip_adapter.run_state import RunState

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

    ``parsed_names`` is by name without label; ``prepared`` are the distributions prepared so far,
    ``roots`` what the user requires, ``requirement_files`` the files of requirements with comments,
    name and content.
    """

    def __init__(self, options: Values | None = None) -> None:
        self.options = options
        self.without_variants = bool(getattr(options, "no_variants", False))
        self.parsed_names: dict[str, Any] = {}
        self.prepared: list[BaseDistribution] = []
        self.roots: Sequence[InstallRequirement] = ()
        self.requirement_files: list[tuple[str, str]] = []
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
        return self._state


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


def _run_command(options: Values, command: Callable[[], int]) -> int:
    run = _run
    is_for_all = getattr(options, "lock_variants", "this") == "all"
    if is_for_all or any(getattr(options, name, None) for name in _OPTIONS):
        run.state()
    try:
        status = _without_variants(command) if run.without_variants else command()
    finally:
        if run.has_state:
            run.state().close()
    if run.has_state and not status:
        from pip_variants.pip_adapter.reports import warn_of_unused_requests

        warn_of_unused_requests(run.state())
    return status


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


def late_modules() -> tuple[str, ...]:
    """Return the modules that are used after pip has removed or installed files."""
    safety = ("pip._safety.scripts", "pip._safety.uninstall")
    own = (f"{__package__}.files", f"{__package__}.reports", *safety)
    if not _run.has_state:
        return own
    from pip_variants.pip_adapter import late_modules as engine

    return (*own, *engine.late_modules(_run.state()))


def import_late_modules() -> None:
    """Import these modules, while they are there."""
    from importlib import import_module

    for name in late_modules():
        import_module(name)


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
