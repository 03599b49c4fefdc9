"""Requirements and distributions of pip, and where it installs them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.metadata import (
    BaseDistribution,
    BaseEnvironment,
    get_default_environment,
    get_environment,
)
from pip._internal.models.link import Link

from .commands import configured_options

if TYPE_CHECKING:
    from optparse import Values

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.scheme import Scheme
    from pip._internal.network.session import PipSession
    from pip._internal.operations.prepare import RequirementPreparer
    from pip._internal.req.req_install import InstallRequirement


def inner_distribution(dist: BaseDistribution) -> Any:  # noqa: ANN401
    """Return the distribution of importlib.metadata or pkg_resources that pip's own wraps."""
    return dist._dist  # type: ignore[attr-defined] # noqa: SLF001


def runnable_pip() -> str:
    """Return the path by which another interpreter can run this pip."""
    try:
        from pip._internal.utils.misc import get_runnable_pip  # type: ignore[attr-defined]
    except ImportError:  # before 26.0
        from pip._internal.build_env import get_runnable_pip
    return str(get_runnable_pip())


def temporary_folder(kind: str, parent: Path | None = None) -> Path:
    """Return a new folder that pip removes when it ends; raise OSError."""
    from pip._internal.utils.temp_dir import TempDirectory

    own = None
    if parent is not None:
        own = tempfile.mkdtemp(prefix=f"pip-{kind}-", dir=run_folder(parent))
    return Path(TempDirectory(path=own, delete=True, kind=kind, globally_managed=True).path)


def run_folder(parent: Path) -> Path:
    """Return the folder for what this run puts into another one for a while; raise OSError."""
    patched: Any = sys.modules.get("pip._safety.temporary")  # loaded with pip's first folder
    return parent if patched is None else Path(patched.run_folder(str(parent)))


def installation_scheme(project: str, options: Values) -> Scheme:
    """Return where `pip install` with these options puts the files of a project."""
    from pip._internal.locations import get_scheme

    return get_scheme(
        project,
        user=options.use_user_site,
        root=options.root_path,
        isolated=options.isolated_mode,
        prefix=options.prefix_path,
    )


def prepare_downloaded(
    preparer: RequirementPreparer, req: InstallRequirement, path: Path, *, parallel_builds: bool
) -> None:
    """Prepare a requirement whose wheel has been downloaded, which checks its hash."""
    if req.link is not None:
        req.local_file_path = str(path)
        add_downloaded(preparer, req.link, path)
    preparer._prepare_linked_requirement(req, parallel_builds)  # noqa: SLF001


def add_downloaded(preparer: RequirementPreparer, link: Link, path: Path) -> None:
    """Make ``path`` the file that a preparer has downloaded for a link."""
    preparer._downloaded[link.url] = str(path)  # noqa: SLF001


def distribution_of_metadata(content: bytes, filename: str, project: str) -> BaseDistribution:
    """Return the distribution that the METADATA of a wheel describes."""
    from pip._internal.metadata import get_metadata_distribution

    return get_metadata_distribution(content, filename, project)


def parse_user_requirement(text: str) -> InstallRequirement:
    """Return the requirement that a user typed; raise InstallationError."""
    from pip._internal.req.constructors import install_req_from_line

    return install_req_from_line(text, user_supplied=True)


def parse_constraints(
    session: PipSession, finder: PackageFinder, options: Values
) -> Iterator[InstallRequirement]:
    """Yield the constraints in the files of ``--constraint``."""
    from pip._internal.req.constructors import install_req_from_parsed_requirement
    from pip._internal.req.req_file import parse_requirements

    for filename in options.constraints:
        for parsed in parse_requirements(
            filename, session=session, finder=finder, options=options, constraint=True
        ):
            yield install_req_from_parsed_requirement(parsed, user_supplied=False)


def environment_of(options: Values) -> BaseEnvironment:
    """Return the environment of a command: the folders of ``--path``, or the default one."""
    paths = configured_options(options, "path")
    return get_environment(list(paths)) if paths else get_default_environment()


def resolve_download(
    session: PipSession, finder: PackageFinder, options: Values, args: Sequence[str]
) -> list[InstallRequirement]:
    """Return what `pip download` with these options and arguments would save; raise PipError.

    Of a wheel only METADATA may be there.
    """
    from inspect import signature

    from pip._internal.cli.cmdoptions import check_dist_restriction
    from pip._internal.commands.download import DownloadCommand
    from pip._internal.operations.build.build_tracker import get_build_tracker
    from pip._internal.utils.temp_dir import TempDirectory

    check_dist_restriction(options)
    command = DownloadCommand("download", "", isolated=options.isolated_mode)
    make: Callable[..., RequirementPreparer] = command.make_requirement_preparer
    named = {"allow_editables"} & {*signature(make).parameters}  # since 26.3
    with get_build_tracker() as tracker:
        preparer = make(
            temp_build_dir=TempDirectory(kind="download", globally_managed=True),
            options=options,
            build_tracker=tracker,
            session=session,
            finder=finder,
            use_user_site=False,
            **dict.fromkeys(named, False),
        )
        resolver = command.make_resolver(
            *(preparer, finder, options),
            ignore_requires_python=options.ignore_requires_python,
            py_version_info=options.python_version,
        )
        reqs = command.get_requirements([*args], options, finder, session)
        found = resolver.resolve(reqs, check_supported_wheels=True)
        return [*found.requirements.values()]
