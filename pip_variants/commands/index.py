"""``pip variants index``: the ``*-variants.json`` of every version in a folder of wheels.

Merging is ``combining``'s and the text the writer's; here wheels are read and files replaced.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pip._internal.cli.spinners import open_spinner
from pip._internal.cli.status_codes import ERROR, SUCCESS
from pip._internal.exceptions import CommandError
from pip._internal.utils.misc import write_output

from pip_variants.archives import local_metadata
from pip_variants.combining import Described, combined
from pip_variants.errors import VariantError, quoted
from pip_variants.filenames import label_of, metadata_filename
from pip_variants.storing import replace_file
from pip_variants.writer import write_text

from .files import File, Key, Shelf, by_version, document_name, folders, listed

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.cli.spinners import SpinnerInterface

    from .command import VariantsCommand

logger = logging.getLogger(__name__)

_PATIENCE = 1.0
"""Seconds before the user is told what takes so long."""


def run(_: VariantsCommand, options: Values, args: list[str]) -> int:
    """Write, or with ``--check`` compare, the combined files of the folder that ``args`` name.

    Return 1 if something is wrong with a version, or would change, else 0.
    """
    if len(args) != 1:
        raise CommandError("Need exactly one folder of wheels.")
    root = Path(args[0])
    try:
        with _progress() as tell:
            plans = [plan for folder in folders(root) for plan in _plans(folder, tell)]
    except (OSError, ValueError) as error:  # also a name with a null character
        raise CommandError(f"Cannot read {quoted(args[0])}: {_reason(error)}") from None
    if not plans:
        write_output("There are no variant wheels in %s.", args[0])
    clean = [_carry_out(plan, write=not options.check) for plan in plans]
    return SUCCESS if all(clean) else ERROR


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the combined file of one version should be, or the problems because of which it is not.

    ``counted`` says in words of how much it is made. A plan without ``text`` and problems is only
    ``warnings``.
    """

    shown: str
    path: Path
    counted: str = ""
    text: bytes | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _plans(folder: Path, tell: Callable[[], None]) -> Iterator[_Plan]:
    """Yield a plan for every version in one folder, every file that is none reported."""
    shelves, bad = by_version(listed(folder))
    for file, error in bad:
        if file.is_wheel:
            yield _Plan(file.shown, folder / file.name, problems=(str(error),))
        else:
            yield _Plan(file.shown, folder / file.name, warnings=(f"ignored: {error}",))
    for key, shelf in shelves.items():
        yield from _plan(folder, key, shelf, tell)


def _plan(folder: Path, key: Key, shelf: Shelf, tell: Callable[[], None]) -> Iterator[_Plan]:
    wheels = [file for file in shelf.wheels if label_of(file.name) is not None]
    # As the wheels spell the name: beside a single wheel it is looked for just so.
    names = {metadata_filename(file.name) for file in wheels}
    path = folder / (names.pop() if len(names) == 1 else document_name(key))
    for file in shelf.documents:
        if not wheels:
            stale = "stale, and left alone: this version has no variant wheels"
            yield _Plan(file.shown, path, warnings=(stale,))
        elif file.name != path.name:
            yield _Plan(file.shown, path, warnings=(f"left alone: its name is not {path.name}",))
    if not wheels:
        return
    shown = File.local(path).shown
    read, problems = _read(wheels, tell)
    if problems:
        yield _Plan(shown, path, problems=tuple(f"not written: {text}" for text in problems))
        return
    try:
        text = write_text(combined(read)).encode()
    except VariantError as error:
        yield _Plan(shown, path, problems=(f"not written: {error}",))
        return
    labels = len({label_of(file.name) for file in wheels})
    counted = f"{_counted(labels, 'label')} of {_counted(len(wheels), 'wheel')}"
    yield _Plan(shown, path, counted, text)


def _read(wheels: Sequence[File], tell: Callable[[], None]) -> tuple[list[Described], list[str]]:
    """Return what the wheels say of themselves, and what is wrong with those that cannot."""
    found = []
    problems = []
    for file in wheels:
        tell()
        try:
            found.append(Described(file.name, local_metadata(Path(file.link.file_path))))
        except VariantError as error:
            problems.append(str(error))
    return found, problems


def _carry_out(plan: _Plan, *, write: bool) -> bool:
    """Do or only say what is planned; return whether all is as it should be then."""
    for warning in plan.warnings:
        logger.warning("%s: %s", plan.shown, warning)
    problems = list(plan.problems)
    if plan.text is not None:
        try:
            same = plan.path.is_file() and plan.path.read_bytes() == plan.text
            if write and not same:
                replace_file(plan.path, plan.text)
        except OSError as error:
            problems.append(f"not written: {_reason(error)}")
        else:
            verb = "unchanged" if same else "wrote" if write else "would write"
            write_output("%s %s (%s)", verb, plan.shown, plan.counted)
            return same or write
    for problem in problems:
        logger.error("%s: %s", plan.shown, problem)
    return not problems


@contextmanager
def _progress() -> Iterator[Callable[[], None]]:
    """Yield what to call now and then; a spinner shows up once it has taken a while."""
    start = time.monotonic()
    spinner: SpinnerInterface | None = None
    with ExitStack() as stack:

        def tell() -> None:
            nonlocal spinner
            if spinner is None and time.monotonic() - start > _PATIENCE:
                spinner = stack.enter_context(open_spinner("Reading the metadata of wheels"))
            if spinner is not None:
                spinner.spin()

        yield tell


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
