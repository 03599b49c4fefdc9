"""The one door between pip and its variant engine, copied into pip as ``pip/_variants.py``.

Each function serves one seam. As long as no variant wheel is in sight it gives back what it was
given and the engine is not even imported. Decisions are made behind it, in ``pip_variants.hooks``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from optparse import Values
    from typing import Any

    from pip._internal.cli.base_command import Command
    from pip._internal.index.package_finder import BestCandidateResult, PackageFinder
    from pip._internal.metadata import BaseDistribution
    from pip._internal.models.candidate import InstallationCandidate
    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.utils.hashes import Hashes
    from pip._vendor.packaging.markers import Marker

    from pip_variants.hooks import Arranged, Info

_JSON = "-variants.json"
_DASHES = 4
"""Dashes in the name of a plain wheel without a build tag; a build tag or a label adds one."""
_COMMANDS = ("install", "download", "wheel", "lock", "index", "variants")

_loaded: Any = None
_off = False
_begun: list[Values] = []
"""The options of the command that runs, once they are parsed."""
_labels: set[str] = set()
"""Those that are known to be well formed."""
_names: dict[str, Any] = {}
"""What is in the names of wheels whose label has been taken off."""
_taken: list[BaseDistribution] = []
"""What pip has taken so far: builds of one project can depend on the version of another."""


def add_options(command: Command) -> None:
    """Give the commands that look for packages the options about variants, before the general."""
    if command.name in _COMMANDS:
        from pip._variants_options import group

        command.parser.insert_option_group(len(command.parser.option_groups) - 1, group(command))


def begin(options: Values) -> None:
    """Take note of all options of the command that is about to run; raise pip's CommandError."""
    _begun.append(options)
    if _loaded:
        _loaded.process.begin(options)
    elif hasattr(options, "variants_command"):
        engine()
    platform = getattr(options, "variant_platform", None)
    if platform:
        behind = engine()
        try:
            behind.describe(platform)
        except behind.RequestError as error:
            from pip._internal.exceptions import CommandError

            raise CommandError(f"--variant-platform: {error}") from None


def end(status: int) -> int:
    """Say which options had no effect on a command that succeeded; return its exit status."""
    if _loaded and not status:
        _loaded.unmet()
    return status


def cached_files(options: Values) -> list[str]:
    """Return the files in which something about variants or providers is remembered."""
    from pathlib import Path

    from pip._internal.utils.filesystem import find_files

    return find_files(str(Path(options.cache_dir, "variants")), "*")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class
    """Return the command class of ``pip variants``, which pip looks up here."""
    if name != "VariantsCommand":
        raise AttributeError(name)
    from pip._variants_engine import find

    find()
    from pip_variants.commands.command import VariantsCommand

    return VariantsCommand


def switch_off(off: bool) -> None:
    """Let variants not exist, or let them exist again."""
    global _off  # noqa: PLW0603 - see engine
    _off = off
    _labels.clear()


def engine() -> Any:  # noqa: ANN401 - a module
    """Return the engine that lies around this pip, also when another interpreter runs it."""
    global _loaded  # noqa: PLW0603 - one engine a process, loaded when first needed
    if _loaded is None:
        from pip._variants_engine import load

        _loaded = load()
        _loaded.process.taken = _taken
        for options in _begun:
            _loaded.process.begin(options)
    return _loaded


def parsed(stem: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 - a tuple of packaging's
    """Return what ``parse`` reads in the name of a variant wheel, without suffix, or None: plain.

    Wheels that differ by their label alone are one for pip, so their name is parsed once.
    """
    plain = _without_label(stem)
    if plain == stem:
        return None
    if plain not in _names:
        _names[plain] = parse(f"{plain}.whl")
    return _names[plain]


def _without_label(stem: str) -> str:
    parts = stem.split("-")
    if parts[2][:1].isdigit() != (len(parts) == _DASHES + 3):
        return stem
    # Large pages have thousands of names, and few labels.
    if parts[-1] in _labels:
        return stem[: -len(parts[-1]) - 1]
    from pip._vendor.packaging.utils import InvalidWheelFilename

    if _off:
        raise InvalidWheelFilename(f"{stem}.whl is a variant wheel, and --no-variants is given")
    behind = engine()
    try:
        plain, label = behind.split_label(stem)
    except behind.FilenameError as error:
        raise InvalidWheelFilename(str(error)) from None
    if label is not None:
        _labels.add(label)
    return str(plain)


def remember(link: Link) -> None:
    """Take note of a link that is no archive, in case it is the metadata of variants."""
    if link.path.endswith(_JSON) and not _off:
        engine().note(link)


def arranged(
    get_infos: Callable[[], Iterator[Info]], finder: PackageFinder, hashes: Hashes
) -> Callable[[], Iterator[Info | Arranged]]:
    """Return ``get_infos`` with the variants of each version ranked when they are wanted."""

    def infos() -> Iterator[Info | Arranged]:
        run: list[Info] = []
        for info in get_infos():
            if run and info[0] != run[0][0]:
                yield from _ranked(run, finder, hashes)
                run = []
            run.append(info)
        if run:
            yield from _ranked(run, finder, hashes)

    return infos


def introduce(req: InstallRequirement, finder: PackageFinder) -> None:
    """Say which variant is about to be fetched; raise pip's UnsupportedWheel if it does not fit."""
    if _loaded or (req.link is not None and _has_label(req.link)):
        engine().introduce(req, finder)


def suffix(name: str | None, reqs: list[InstallRequirement]) -> str:
    """Return the label of what was chosen for ``name``, as it ends a line of pip's: ``-cu129``."""
    for req in reqs:
        if req.name == name and req.link is not None and _has_label(req.link):
            label = engine().label_of(req.link.filename)
            return f"-{label}" if label else ""
    return ""


def replaced(
    dist: BaseDistribution,
    reqs: list[InstallRequirement],
    prefers_installed: bool,
    finder: PackageFinder,
    *among: Any,  # noqa: ANN401 - the specifier and the hashes of what pip looks for
) -> bool:
    """Return whether another build of the same version shall take the place of an installed one."""
    if not (_loaded or is_variant(dist)) and (prefers_installed or _off):
        return False
    named = any(req.user_supplied for req in reqs)
    if _off:
        return named and is_variant(dist)
    looking = engine().Looking(finder, *among)
    found = engine().replaced(dist, looking, named=named, prefers_installed=prefers_installed)
    return bool(found)


def differs(dist: BaseDistribution, link: Link | None) -> bool:
    """Return whether a file is another build than the installed one, of the same version."""
    if link is None or not (_loaded or _has_label(link) or is_variant(dist)):
        return False
    return bool(engine().differs(dist, link))


def is_variant(dist: BaseDistribution) -> bool:
    """Return whether an installed distribution says that it is a variant."""
    try:
        return dist.is_file("variant.json")
    except (OSError, ValueError):  # not to be read, or no UTF-8: then it says nothing
        return False


def why_not(project: str | None) -> str:
    """Return why none of a project's variants fits, to end the error with which pip gives up."""
    return str(engine().why_not(project)) if _loaded and project else ""


def wanted(project: str, candidates: list[InstallationCandidate]) -> list[InstallationCandidate]:
    """Return those of a project's files that have the label which the user wants of it."""
    return list(engine().wanted(project, candidates)) if _loaded else candidates


def preferred(
    found: BestCandidateResult, finder: PackageFinder, hashes: Hashes
) -> InstallationCandidate | None:
    """Return what the legacy resolver takes: pip's own choice, or the best variant."""
    if _loaded or any(_has_label(candidate.link) for candidate in found.applicable_candidates):
        best: InstallationCandidate | None = engine().preferred(found, finder, hashes)
        return best
    return found.best_candidate


def examine(req: InstallRequirement, dist: BaseDistribution) -> BaseDistribution:
    """Return ``dist``, which came of ``req``, once it is known which variant it is."""
    _taken.append(dist)
    if _loaded or (req.link is not None and _has_label(req.link)):
        engine().examine(req, dist)
    return dist


def bind(dist: Any, requirement: str) -> str:  # noqa: ANN401 - of importlib.metadata or pkg_resources
    """Return a dependency of ``dist`` with its markers about variants decided."""
    return str(engine().bind(dist, requirement)) if "variant_" in requirement else requirement


def without_wish(requirement: str, marker: Marker | None, source: str | None) -> str:
    """Return a requirement that a user typed without its ``#LABEL``; raise InstallationError.

    ``source`` says where it stands, if that is a file.
    """
    front = requirement.partition("#")[0]
    if front == requirement or "@" in front or "/" in front:
        return requirement
    behind = engine()
    try:
        return str(behind.without_wish(requirement, marker))
    except behind.RequestError as error:
        from pip._internal.exceptions import InstallationError

        where = f" (from {source})" if source else ""
        text = f"Invalid requirement: {requirement!r}: {error}{where}"
        raise InstallationError(text) from None


def report_entry(req: InstallRequirement) -> dict[str, object]:
    """Return what ``--report`` says of a variant: an entry to add, or none."""
    return dict(engine().report_entry(req)) if _loaded else {}


def _ranked(
    run: list[Info], finder: PackageFinder, hashes: Hashes
) -> list[Info] | Iterator[Arranged]:
    if _loaded or any(_has_label(info[1].keywords["link"]) for info in run):
        found: Iterator[Arranged] = engine().arranged(run, finder, hashes)
        return found
    return run


def _has_label(link: Link) -> bool:
    """Return whether this may be a variant wheel, by the number of parts of its name."""
    if not link.is_wheel:
        return False
    name = link.filename
    return name.count("-") > _DASHES and not _has_build_tag_alone(name)


def _has_build_tag_alone(name: str) -> bool:
    """Return whether a name has one part more than a plain one, and that is a build tag."""
    parts = name.split("-")
    return len(parts) == _DASHES + 2 and parts[2][:1].isdigit()
