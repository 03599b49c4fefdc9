"""``pip variants index``: the ``*-variants.json`` of every version in a folder of wheels."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.errors import quoted
from pip_variants.pip_adapter.compat import (
    CommandError,
    SpinnerInterface,
    open_spinner,
    write_output,
)
from pip_variants.publish.index_json import Plan, plan_folder
from pip_variants.publish.release_files import project_folders

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

logger = logging.getLogger(__name__)

_SPINNER_DELAY = 1.0
"""Seconds."""


def run(_: VariantsCommand, options: Values, args: list[str]) -> int:
    """Write the files of the folder in ``args``, or compare them with ``--check``.

    Return 1 if a version was not written, or would be changed, else 0; raise pip's CommandError.
    """
    if len(args) != 1:
        raise CommandError("Need exactly one folder of wheels.")
    root = Path(args[0])
    try:
        with _progress() as progress:
            plans = [
                plan for folder in project_folders(root) for plan in plan_folder(folder, progress)
            ]
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise CommandError(f"Cannot read {quoted(args[0])}: {_reason(error)}") from None
    if not plans:
        write_output("There are no variant wheels in %s.", args[0])
    clean = [_carry_out(plan, write=not options.check) for plan in plans]
    return 0 if all(clean) else 1


def _carry_out(plan: Plan, *, write: bool) -> bool:
    """Write what is planned, or only report it; return whether the file is then up to date."""
    for warning in plan.warnings:
        logger.warning("%s: %s", plan.file.shown, warning)
    problems = list(plan.problems)
    if plan.content is not None:
        try:
            current = plan.is_current()
            if write and not current:
                plan.write()
        except OSError as error:
            problems.append(f"not written: {_reason(error)}")
        else:
            verb = "unchanged" if current else "wrote" if write else "would write"
            write_output("%s %s (%s)", verb, plan.file.shown, plan.summary)
            return current or write
    for problem in problems:
        logger.error("%s: %s", plan.file.shown, problem)
    return not problems


@contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """Yield what to call for each wheel; a spinner appears if reading takes long."""
    start = time.monotonic()
    spinner: SpinnerInterface | None = None
    with ExitStack() as stack:

        def spin() -> None:
            nonlocal spinner
            if spinner is None and time.monotonic() - start > _SPINNER_DELAY:
                spinner = stack.enter_context(open_spinner("Reading the metadata of wheels"))
            if spinner is not None:
                spinner.spin()

        yield spin


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
