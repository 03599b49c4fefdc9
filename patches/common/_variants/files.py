"""The files of a run with variants: what is read of them, downloaded, unpacked and put in place."""

from __future__ import annotations

from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from zipfile import ZipFile

    from pip._internal.metadata import BaseDistribution
    from pip._internal.operations.prepare import RequirementPreparer
    from pip._internal.req.req_install import InstallRequirement


def use_arrived(preparer: RequirementPreparer, req: InstallRequirement) -> bool:
    """Hand pip a wheel that its server has sent whole already; return whether there is one."""
    run = current()
    if not run.has_state:
        return False
    from pip_variants.pip_adapter import wheel_files

    return wheel_files.use_arrived(run.state(), req, preparer)


def metadata_distribution(
    preparer: RequirementPreparer, req: InstallRequirement
) -> BaseDistribution | None:
    """Return what the METADATA of a wheel on a server describes, or None to download the wheel."""
    run = current()
    if not run.has_state:
        return None
    from pip_variants.pip_adapter import wheel_files

    return wheel_files.metadata_distribution(run.state(), req, preparer)


def needed_files(reqs: list[InstallRequirement]) -> list[InstallRequirement]:
    """Return those of the requirements, of which only METADATA is there, whose file is needed."""
    run = current()
    if not run.has_state or not (run.is_dry or run.is_lock):
        return reqs
    from pip_variants.pip_adapter import wheel_files

    return wheel_files.needed_files(reqs, is_lock=run.is_lock)


def prepare_lock(preparer: RequirementPreparer, reqs: Iterable[InstallRequirement]) -> None:
    """Download what a lock needs the hash of."""
    if current().has_state:
        preparer.prepare_linked_requirements_more(reqs)


def complete_lock(text: str, reqs: Iterable[InstallRequirement]) -> str:
    """Return the text of a lock with what belongs to its variants."""
    run = current()
    if not run.has_state:
        return text
    from pip_variants.pip_adapter import lock_file

    return lock_file.with_variants(run.state(), text, reqs)


def complete_wheels(
    preparer: RequirementPreparer, reqs: Iterable[InstallRequirement], parallel_builds: bool
) -> list[InstallRequirement]:
    """Download wheels of which only METADATA is there; return the requirements left to pip."""
    run = current()
    if not run.has_state:
        return list(reqs)
    from pip_variants.pip_adapter import installing

    return installing.complete_wheels(
        run.state(), preparer, list(reqs), parallel_builds=parallel_builds
    )


def unpack_wheels(reqs: Collection[InstallRequirement]) -> None:
    """Begin to unpack the wheels that are about to be installed; log what they differ in."""
    run = current()
    if not run.has_state:
        return
    from pip_variants.pip_adapter import installing, reports

    reports.log_different_builds(run.state(), reqs)
    installing.unpack(run.state(), reqs)


def place_file(archive: ZipFile, name: str, target: str) -> bool:
    """Move a file of a wheel that is unpacked to its place; False: pip is to unpack it."""
    run = current()
    if not run.has_state:
        return False
    from pip_variants.pip_adapter import installing

    return installing.place(run.state(), archive, name, target)


def place_bytecode(source: str, target: str) -> bool:
    """Move the bytecode of an installed file to its place; False: pip is to compile it."""
    run = current()
    state = run.state() if run.has_state else None
    if state is None or state.unpacked is None:
        return False
    return state.unpacked.place_bytecode(source, target)


def log_would_download(reqs: Sequence[InstallRequirement]) -> None:
    """Log what an installation would download and what differs, in a run with variants."""
    run = current()
    if run.has_state:
        from pip_variants.pip_adapter import reports, wheel_files

        reports.log_different_builds(run.state(), reqs)
        wheel_files.log_would_download(run.state(), reqs)


def explain_hash(req: InstallRequirement, error: Exception) -> None:
    """Log which build a requirement pins, if that is why a file has another hash."""
    run = current()
    if run.has_state:
        from pip_variants.pip_adapter import pinned_build

        pinned_build.explain_hash(run.state(), req, error)
