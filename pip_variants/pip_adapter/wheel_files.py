"""The METADATA of wheels on servers without a download, and what a download would cost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pip._vendor.packaging.utils import canonicalize_name

from pip_variants.core.errors import VariantError, is_about_content
from pip_variants.explain import downloads as texts
from pip_variants.explain import locks
from pip_variants.formats.wheel_archive import local_members
from pip_variants.remote.prefetch import Prefetch
from pip_variants.remote.transport import RemoteFile
from pip_variants.remote.wheel_metadata import METADATA

from .compat import (
    BaseDistribution,
    InstallationError,
    Link,
    MetadataInconsistent,
    add_downloaded,
    distribution_of_metadata,
    format_size,
    impatient,
    indent_log,
)
from .kept_wheels import url_with_size
from .links import is_remote_wheel, remote_file
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import InstallRequirement, RequirementPreparer

logger = logging.getLogger(__name__)


def use_arrived(state: RunState, req: InstallRequirement, preparer: RequirementPreparer) -> bool:
    """Make a wheel that has come whole the file of a requirement; return whether it has.

    So is one that is on this machine already, if METADATA alone is not enough.
    """
    if req.link is None:
        return False
    file = remote_file(req.link)
    path = state.wheels.arrived.get(file.url)
    if path is None and preparer.require_hashes and req.link.is_wheel:
        path = state.wheels.find(file)
    if path is None:
        return False
    add_downloaded(preparer, req.link, path)
    return True


def metadata_distribution(
    state: RunState, req: InstallRequirement, preparer: RequirementPreparer
) -> BaseDistribution | None:
    """Return the distribution that the METADATA of a wheel on a server describes.

    It is None if the wheel has to be downloaded for it, or has come whole already.
    Raise pip's MetadataInconsistent if the METADATA is of another project, or what describes a
    variant is beyond what is read.
    """
    link, requirement = req.link, req.req
    if link is None or requirement is None or not is_remote_wheel(link):
        return None
    wheel = remote_file(link)
    transport = state.use_finder(preparer.finder)
    try:
        content = state.wheels.members(wheel, transport).get(METADATA)
    except VariantError as error:
        if wheel.label is not None and is_about_content(error):
            raise MetadataInconsistent(req, "variant", wheel.label, str(error)) from None
        logger.debug("METADATA cannot be read without a download: %s", error)
        content = None
    if use_arrived(state, req, preparer) or content is None:
        return None
    dist = distribution_of_metadata(content, link.filename, requirement.name)
    name = str(dist.metadata["Name"])
    if canonicalize_name(name) != canonicalize_name(requirement.name):
        raise MetadataInconsistent(req, "Name", requirement.name, name)
    return dist


def check_metadata(state: RunState, req: InstallRequirement, link: Link) -> None:
    """Raise InstallationError if a wheel that is there has another METADATA than was read of it."""
    read = state.wheels.known(remote_file(link).url).get(METADATA)
    path = req.local_file_path
    if read is None or path is None or not link.is_wheel:
        return
    try:
        own = local_members(Path(path), (METADATA,)).get(METADATA)
    except VariantError:
        return  # pip reads it next, and reports what is wrong
    if own != read:
        raise InstallationError(texts.other_metadata(link.filename))


def needed_files(reqs: Sequence[InstallRequirement], *, is_lock: bool) -> list[InstallRequirement]:
    """Return the requirements whose file a dry run needs, or a lock.

    Both know from METADATA what would be installed; a lock needs a hash besides, and a line says
    so of each wheel.
    """
    found = [
        req
        for req in reqs
        if req.link is None or not req.link.is_wheel or (is_lock and not req.link.has_hash)
    ]
    for req in found:
        if req.link is not None and req.link.is_wheel:
            logger.info("%s", locks.downloaded_for_hash(req.link.filename))
    return found


def log_would_download(state: RunState, reqs: Sequence[InstallRequirement]) -> None:
    """Log what an installation would download, a line each, and the sum."""
    files = []
    for req in reqs:
        if req.link is None or not is_remote_wheel(req.link):
            continue
        file = remote_file(req.link)
        if req.local_file_path is not None:
            state.wheels.sizes[file.url] = Path(req.local_file_path).stat().st_size
        if file.url in state.wheels.arrived or not _is_cached(state, file):
            files.append(file)
    if not files:
        return
    sizes = _sizes(state, files)
    with indent_log():
        for file, size in zip(files, sizes, strict=True):
            logger.info("Would download %s", url_with_size(file.shown_url, size))
    known = [size for size in sizes if size is not None]
    logger.info("%s", texts.would_download(len(files), format_size(sum(known)), len(known)))


def _is_cached(state: RunState, file: RemoteFile) -> bool:
    body = state.transport.open_cached(file.url) if state.transport is not None else None
    if body is not None:
        body.close()
    return body is not None


def _sizes(state: RunState, files: Sequence[RemoteFile]) -> list[int | None]:
    """Return the bytes of each file, requested from its server unless they are known."""
    sizes = state.wheels.sizes
    for file in files:
        if file.size is not None:
            sizes.setdefault(file.url, file.size)
    transport = state.transport
    if transport is not None:
        with impatient(transport.session):
            requested = {
                file.url: Prefetch(partial(transport.size, file.url), state.ahead.workers)
                for file in files
                if file.url not in sizes
            }
            found = {url: prefetch.result() for url, prefetch in requested.items()}
        sizes.update((url, size) for url, size in found.items() if size is not None)
    return [sizes.get(file.url) for file in files]
