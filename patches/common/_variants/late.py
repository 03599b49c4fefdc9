"""The modules that are used after pip has removed or installed files, imported before that."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OURS = "pep-xxx-wheel-variants"


def late_modules(projects: Iterable[str | None]) -> tuple[str, ...]:
    """Return their names; all of ours if this wheel is among the projects that are changed."""
    if _is_among(projects):
        return tuple(_all_modules())
    safety = (
        *("changes", "direct_urls", "documents", "failures", "fields", "installed"),
        *("installer_files", "recorded", "recovery", "requirement_texts", "scripts", "temporary"),
        *("uninstall", "urls", "versions", "wheels"),
    )
    names = (f"pip._safety.{name}" for name in safety)
    wheels = "pip._internal.operations.install.wheel"
    own = (wheels, f"{__package__}.files", f"{__package__}.reports", *names)
    run = current()
    if not run.has_state:
        return own
    from pip_variants.pip_adapter import late_modules as engine

    return (*own, f"{__package__}.signals", *engine.late_modules(run.state()))


def import_late_modules(projects: Iterable[str | None]) -> tuple[str, ...]:
    """Import these modules, while they are there, and return their names; raise as imports do."""
    from importlib import import_module

    names = late_modules(projects)
    for name in names:
        import_module(name)
    return names


def import_if_ours(projects: Iterable[str | None]) -> None:
    """Import all modules of this wheel if it is among the projects that are uninstalled."""
    if _is_among(projects):
        import_late_modules((OURS,))


def _is_among(projects: Iterable[str | None]) -> bool:
    from pip._vendor.packaging.utils import canonicalize_name

    return any(canonicalize_name(name or "") == OURS for name in projects)


def _all_modules() -> Iterator[str]:
    """Import and yield all modules of pip and of the engine that can be imported here.

    Of the libraries in pip it is the one that it imports when it prints something.
    """
    from contextlib import redirect_stderr, redirect_stdout, suppress
    from importlib import import_module
    from io import StringIO
    from pathlib import Path

    from .engine import find

    find()
    import pip

    import pip_variants

    vendored = Path(pip.__path__[0])
    parts = (
        *(
            (vendored, "pip", part)
            for part in ("_internal", "_safety", "_variants", "_vendor/rich")
        ),
        (Path(pip_variants.__path__[0]), "pip_variants", "*"),
    )
    for root, package, pattern in parts:
        for path in sorted(root.glob(f"{pattern}/**/*.py")):
            names = path.relative_to(root).with_suffix("").parts
            if (names[0] == "_vendor" and package == "pip_variants") or "__main__" in names:
                continue
            name = ".".join((package, *names)).removesuffix(".__init__")
            # Some are for another system, or are run and not imported.
            with suppress(Exception), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                import_module(name)
                yield name
