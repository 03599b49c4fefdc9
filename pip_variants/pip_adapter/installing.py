"""The files of an installation: downloaded and unpacked side by side, and moved to their places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from pip_variants.remote.transport import RemoteFile

from .compat import HashMismatch, prepare_downloaded
from .downloads import Downloads
from .links import is_remote_wheel, remote_file
from .run_state import RunState
from .unpacked_wheels import UnpackedWheels

if TYPE_CHECKING:
    from .compat import InstallRequirement, RequirementPreparer


def complete_wheels(
    state: RunState,
    preparer: RequirementPreparer,
    reqs: Sequence[InstallRequirement],
    *,
    parallel_builds: bool,
) -> list[InstallRequirement]:
    """Download the wheels of requirements of which only METADATA is there, side by side.

    Return the requirements that are left to pip. Raise InstallationError.
    """
    found = [
        (remote_file(req.link), req)
        for req in reqs
        if req.link is not None and is_remote_wheel(req.link)
    ]
    if state.jobs == 1 or not found:
        return list(reqs)
    downloads = Downloads(
        state.use_finder(preparer.finder),
        state.jobs,
        getattr(state.options, "resume_retries", 0),
        getattr(state.options, "progress_bar", "off"),
    )
    unpacked = _unpacked_wheels(state)
    if unpacked is not None:
        unpacked.downloads = downloads
    wheels = {file.url: req for file, req in found}

    def handle(file: RemoteFile, path: Path) -> None:
        req = wheels[file.url]
        _prepare(preparer, req, path, parallel_builds=parallel_builds)
        if unpacked is None or not unpacked.add(req, is_downloaded=True):
            downloads.release(path)

    sizes = state.wheels.sizes
    downloads.run([(file, sizes.get(file.url, file.size)) for file, _ in found], handle)
    return [req for req in reqs if req not in wheels.values()]


def _prepare(
    preparer: RequirementPreparer, req: InstallRequirement, path: Path, *, parallel_builds: bool
) -> None:
    """Hand pip a wheel that has arrived; it checks the hash."""
    try:
        prepare_downloaded(preparer, req, path, parallel_builds=parallel_builds)
    except HashMismatch as error:
        error.req = req  # pip's text names it
        raise


def unpack(state: RunState, reqs: Iterable[InstallRequirement]) -> None:
    """Begin to unpack the wheels that are about to be installed and have not been begun with."""
    unpacked = _unpacked_wheels(state)
    if unpacked is not None:
        for req in reqs:
            unpacked.add(req)


def place(state: RunState, archive: ZipFile, name: str, target: str) -> bool:
    """Move a file of an archive to its place; return False if pip is to unpack it."""
    filename = archive.filename
    if state.unpacked is None or filename is None:
        return False
    return state.unpacked.place(Path(filename), name, target)


def _unpacked_wheels(state: RunState) -> UnpackedWheels | None:
    """Return what unpacks the wheels of this run, if it installs and may do so side by side."""
    options = state.options
    # Only the command that installs has the option.
    if state.unpacked is None and state.jobs > 1 and not getattr(options, "dry_run", True):
        state.unpacked = UnpackedWheels(options, state.jobs)
    return state.unpacked
