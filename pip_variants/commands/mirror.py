"""``pip variants mirror``: what a set of machines needs, in a folder that is an index.

For each machine the requirements are resolved as `pip download` does. Files that are there already
are not fetched again, and nothing is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.filenames import label_of
from pip_variants.explain import mirrors as texts
from pip_variants.pip_adapter import compat
from pip_variants.pip_adapter.compat import (
    CommandError,
    InstallationError,
    format_size,
)
from pip_variants.pip_adapter.display import print_line
from pip_variants.pip_adapter.downloads import Downloads
from pip_variants.pip_adapter.mirror_files import Mirror, NeededFile, needed_files
from pip_variants.pip_adapter.options import check_regular, read_platform
from pip_variants.pip_adapter.reports import warn_of_unused_requests
from pip_variants.pip_adapter.run_state import RunState
from pip_variants.pip_adapter.transport import PipTransport
from pip_variants.publish.known_files import KnownFiles
from pip_variants.publish.release_files import is_sdist

from .index import Parts, alone_in, memory, write_index

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

logger = logging.getLogger(__name__)

_FEWEST = 2
"""A requirement or a file of them, and the folder."""


def run(command: VariantsCommand, options: Values, args: list[str]) -> int:
    """Fetch what is new, and write the index; return 1 if a file of it could not be written.

    Raise pip's errors: then no page names what has been fetched in this run.
    """
    if len(args) + bool(options.requirements) < _FEWEST:
        raise CommandError("Need requirements, and the folder of the mirror as the last argument.")
    *requirements, folder = args
    root = Path(folder)
    kept = memory(options, root)
    mirror = Mirror(root, KnownFiles(root, kept, hashing=True))
    with ExitStack() as stack:
        resolving = _Resolving(command, mirror, requirements, stack)
        for platform in _platforms(options):
            resolving.add(platform, options)
        files = [*resolving.files.values()]
        if files:
            mirror.create()
            stack.enter_context(alone_in(root))
        new = [needed for needed in files if not mirror.has(needed)]
        if new:
            mirror.fetch(new, resolving.downloads())
        resolving.warn()
        mirror.complete(files)
        mirror.known.save()
        is_clean = write_index(folder, kept, Parts(keeps=True)) if files else True
    built = [needed.file.filename for needed in files if is_sdist(needed.file.filename)]
    if built:
        logger.warning("%s", texts.built_from_source(built))
    print_line(texts.done(folder, len(files), mirror.new, format_size(mirror.size)))
    return 0 if is_clean else 1


def _platforms(options: Values) -> list[str | None]:
    """Return the platform files, or only None, which is this machine; raise RequestError."""
    typed = getattr(options, "variant_platforms", None)
    platforms = [*dict.fromkeys(typed or [getattr(options, "variant_platform", None)])]
    if len(platforms) > 1:
        check_regular(options)
    for platform in platforms:
        if platform is not None:
            read_platform(platform)
    return platforms


@dataclass(slots=True)
class _Resolving:
    """What machines need of the requirements, one machine after the other.

    What was read of an index or a wheel, or is being read, is known for all of them: their runs end
    together, with ``stack``. ``files`` are by project and name, each as the first machine takes it.
    """

    command: VariantsCommand
    mirror: Mirror
    requirements: Sequence[str]
    stack: ExitStack
    files: dict[tuple[str, str], NeededFile] = field(default_factory=dict)
    _states: list[RunState] = field(default_factory=list)

    def add(self, platform: str | None, options: Values) -> None:
        """Add what the machine of a platform file needs; raise InstallationError."""
        own = copy(options)
        own.variant_platform = platform
        own.dry_run = own.ignore_installed = True
        own.editables = []
        state = self.stack.enter_context(self.command.state_beside(own))
        self._share(state)
        try:
            found = self._resolve(state, own)
        except InstallationError as error:
            if platform is None:
                raise
            raise InstallationError(texts.fits_nothing(platform, error)) from None
        self._states.append(state)
        for needed in found:
            self.files.setdefault((needed.project, needed.file.filename), needed)
        machine = texts.THIS_MACHINE if platform is None else platform
        variants = [*filter(None, (_variant_name(item.file.filename) for item in found))]
        print_line(texts.needs(machine, len(found), variants))

    def _share(self, state: RunState) -> None:
        """Let a run know what has been read, and the whole command what a run has come across."""
        whole = self.command.state()
        if self._states:
            state.metadata = self._states[0].metadata
        state.wheels.find = self.mirror.find
        state.requests, whole.resolver = whole.requests, state.resolver

    def _resolve(self, state: RunState, options: Values) -> list[NeededFile]:
        finder = self.command.finder(options)
        state.use_finder(finder)
        session = self.command.session(options)
        reqs = compat.resolve_download(session, finder, options, self.requirements)
        return needed_files(state, finder, reqs)

    def downloads(self) -> Downloads:
        """Return downloads as the options have them."""
        state = self._states[-1]
        transport, options = PipTransport(self.command.session(state.options)), state.options
        return Downloads(transport, state.jobs, options.resume_retries, options.progress_bar)

    def warn(self) -> None:
        """Warn once of all that matches nothing on some machine."""
        for state in self._states:
            state.log = self.command.state().log
            warn_of_unused_requests(state)


def _variant_name(filename: str) -> str:
    """Return project, version and label of a variant wheel, else an empty string."""
    label = label_of(filename)
    return "-".join([*filename.split("-")[:2], label]) if label is not None else ""
