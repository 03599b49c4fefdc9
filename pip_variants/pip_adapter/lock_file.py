"""What `pip lock` writes about variants (PEP 751; PEP 825, "Integration with pylock.toml")."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._vendor import tomli, tomli_w

from pip_variants.core.errors import RequestError, VariantError
from pip_variants.explain import locks as texts
from pip_variants.formats.lock_table import VARIANTS_JSON, lock_table
from pip_variants.formats.reader import parse
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_archive import local_members

from .compat import hash_file
from .every_label import wheels_beside
from .links import Choice, VariantLink, choice_of, link_of, remote_file
from .options import check_regular, locks_every_label, read_platform
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import InstallRequirement, Values

_DEFAULT = "pylock.toml"

Package = dict[str, Any]
"""One of ``packages`` in a lock."""


def with_variants(state: RunState, text: str, reqs: Iterable[InstallRequirement]) -> str:
    """Return the text of a lock with the metadata of the variants in it.

    If every label is locked, each of their versions has all its wheels of which a hash is known.
    """
    lock = tomli.loads(text)
    packages: dict[str, Package] = {package["name"]: package for package in lock["packages"]}
    for req in reqs:
        link = link_of(req)
        choice = choice_of(link) if link is not None else None
        if isinstance(link, VariantLink) and choice is not None and choice.selected is not None:
            _complete(state, packages[choice.project], req, link, choice)
    return tomli_w.dumps(lock)


def _complete(
    state: RunState, package: Package, req: InstallRequirement, link: VariantLink, choice: Choice
) -> None:
    wheels: Sequence[VariantLink] = (link,)
    if locks_every_label(state.options) and choice.decision is not None:
        wheels = _add_wheels(state, package, link, choice)
    labelled = [wheel for wheel in wheels if wheel.label is not None]
    try:
        package[VARIANTS_JSON] = lock_table(
            _documents(state, req, labelled),
            choice.selected.metadata,  # type: ignore[union-attr] # see above
            [wheel.label for wheel in labelled if wheel.label is not None],
        )
    except VariantError as error:
        text = texts.no_table(choice.project, choice.version, error)
        state.log.once(logging.WARNING, text)


def _add_wheels(
    state: RunState, package: Package, link: VariantLink, choice: Choice
) -> list[VariantLink]:
    """Add the wheels of the other labels to a package of the lock; return all that it has then."""
    chosen = package["wheels"][0]
    package["wheels"] = []
    locked: list[VariantLink] = []
    left_out: list[VariantLink] = []
    for wheel, _ in wheels_beside(choice, link):
        hashes = chosen["hashes"] if wheel.url == link.url else _hashes(state, wheel)
        if hashes:
            url = wheel.url.partition("#")[0]
            package["wheels"].append({"name": wheel.filename, "url": url, "hashes": hashes})
        (locked if hashes else left_out).append(wheel)
    project, version = choice.project, choice.version
    if left_out:
        text = texts.without_hash(project, version, [wheel.label for wheel in left_out])
        state.log.once(logging.WARNING, text)
    text = texts.locked_labels(project, version, [wheel.label for wheel in locked])
    state.log.once(logging.INFO, text)
    return locked


def _hashes(state: RunState, wheel: VariantLink) -> dict[str, str]:
    """Return the hashes of a wheel by algorithm, without a download for it."""
    file = remote_file(wheel)
    known = {
        name: value.lower()
        for name, value in file.hashes.items()
        if name in hashlib.algorithms_guaranteed and isinstance(value, str)
    }
    path = file.path or state.wheels.arrived.get(file.url)
    if not known and path is not None:
        known["sha256"] = hash_file(str(path))[0].hexdigest()
    return known


def _documents(
    state: RunState, req: InstallRequirement, wheels: Sequence[VariantLink]
) -> Sequence[object]:
    """Return the documents from which the variants of these wheels are known; raise VariantError.

    A wheel that the user gave, from a server that cannot send parts of it, has its own.
    """
    found = state.metadata.documents([remote_file(wheel) for wheel in wheels])
    path = req.local_file_path
    if not found and path is not None:
        own = local_members(Path(path), (VARIANT_JSON,))
        return tuple(map(parse, own.values()))
    return found


def outputs(options: Values) -> list[tuple[str, str]]:
    """Return each platform file with the path of the lock for it; raise RequestError.

    It is an error as well if one of the files cannot be read, or requirements only once.
    """
    check_regular(options)
    output = Path(options.output_file)
    folder = output if output.is_dir() else output.parent
    if not folder.is_dir() or (folder != output and output.name != _DEFAULT):
        raise RequestError(texts.output_of_several(options.output_file))
    found: dict[str, tuple[str, str]] = {}
    for platform in options.variant_platforms:
        read_platform(platform)
        stem = Path(platform).stem
        name = f"pylock.{stem}.toml"
        if "." in stem:
            raise RequestError(texts.unsuitable_name(platform, name))
        if name.casefold() in found:
            first, _ = found[name.casefold()]
            raise RequestError(texts.same_name(first, platform, name))
        found[name.casefold()] = platform, str(folder / name)
    return [*found.values()]
