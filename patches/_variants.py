"""The one door between pip and its variant engine, copied into pip as ``pip/_variants.py``.

Each function serves one seam. As long as no variant wheel is in sight it gives back what it was
given and the engine is not even imported. Decisions are made behind it, in ``pip_variants.hooks``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_install import InstallRequirement
    from pip._internal.utils.hashes import Hashes

    from pip_variants.hooks import Arranged, Info

_JSON = "-variants.json"
_DASHES = 4
"""Dashes in the name of a plain wheel without a build tag; a build tag or a label adds one."""

_loaded: Any = None


def without_label(stem: str) -> str:
    """Return the name of a wheel, without its suffix, as if it had no variant label."""
    engine = _loaded or _engine()
    try:
        return str(engine.split_label(stem)[0])
    except engine.FilenameError as error:
        from pip._vendor.packaging.utils import InvalidWheelFilename

        raise InvalidWheelFilename(str(error)) from None


def remember(link: Link) -> None:
    """Take note of a link that is no archive, in case it is the metadata of variants."""
    if link.path.endswith(_JSON):
        _engine().note(link)


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
        yield from _ranked(run, finder, hashes)

    return infos


def introduce(req: InstallRequirement, session: PipSession) -> None:
    """Say which variant is about to be fetched; raise pip's UnsupportedWheel if it does not fit."""
    if _loaded or (req.link is not None and _has_label(req.link)):
        _engine().introduce(req, session)


def suffix(name: str | None, reqs: list[InstallRequirement]) -> str:
    """Return the label of what was chosen for ``name``, as it ends a line of pip's: ``-cu129``."""
    for req in reqs:
        if req.name == name and req.link is not None and _has_label(req.link):
            label = _engine().label_of(req.link.filename)
            return f"-{label}" if label else ""
    return ""


def _ranked(
    run: list[Info], finder: PackageFinder, hashes: Hashes
) -> list[Info] | Iterator[Arranged]:
    if any(_has_label(info[1].keywords["link"]) for info in run):
        found: Iterator[Arranged] = _engine().arranged(run, finder, hashes)
        return found
    return run


def _has_label(link: Link) -> bool:
    """Return whether this may be a variant wheel; a plain one with a build tag is looked at too."""
    return link.is_wheel and link.filename.count("-") > _DASHES


def _engine() -> Any:  # noqa: ANN401 - a module
    """Return the engine that lies around this pip, also when another interpreter runs it."""
    global _loaded  # noqa: PLW0603 - one engine a process, loaded when first needed
    if _loaded is None:
        _loaded = _load()
    return _loaded


def _load() -> Any:  # noqa: ANN401 - a module
    import importlib.util
    import sys
    from pathlib import Path

    if "pip_variants" not in sys.modules:
        package = Path(__file__).absolute().parents[2]
        spec = importlib.util.spec_from_file_location(
            "pip_variants", package / "__init__.py", submodule_search_locations=[str(package)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"the variant engine is missing in {package}")
        module = importlib.util.module_from_spec(spec)
        sys.modules["pip_variants"] = module
        spec.loader.exec_module(module)
    from pip_variants import hooks

    return hooks
