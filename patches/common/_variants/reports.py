"""Variants in the reports of pip: of `install`, `list`, `show`, `inspect` and `check`."""

from __future__ import annotations

from pip._internal.metadata import get_default_environment

from . import has_label, is_variant
from .engine import filenames, find
from .run import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pip._internal.metadata import BaseDistribution, BaseEnvironment
    from pip._internal.req.req_install import InstallRequirement


def label_suffix(name: str | None, reqs: list[InstallRequirement]) -> str:
    """Return ``-LABEL`` for the file that is installed for ``name``, or an empty string."""
    for req in reqs:
        if req.name == name and req.link is not None and has_label(req.link):
            return f"-{filenames().label_of(req.link.filename)}"
    return ""


def installed_suffix(env: BaseEnvironment, name: str) -> str:
    """Return ``-LABEL`` for a distribution that has been installed, or an empty string."""
    dist = env.get_distribution(name)
    label = label_entry(dist).get("variant") if dist is not None else None
    return f"-{label}" if label else ""


def report_entry(req: InstallRequirement) -> dict[str, object]:
    """Return what ``--report`` adds about a variant: an entry, or nothing."""
    run = current()
    if not run.has_state:
        return {}
    from pip_variants.pip_adapter import prepare

    return prepare.report_entry(req)


def add_column(dists: Sequence[BaseDistribution], data: list[list[str]], header: list[str]) -> None:
    """Add the labels to the table of `pip list`, after the versions, if there are any."""
    if any(is_variant(dist) for dist in dists):
        find()
        from pip_variants.pip_adapter import installed

        installed.add_column(dists, data, header)


def label_entry(dist: BaseDistribution) -> dict[str, str]:
    """Return what `pip list --format=json` adds to the entry of a variant."""
    if not is_variant(dist):
        return {}
    find()
    from pip_variants.pip_adapter import installed

    return installed.label_entry(dist)


def label_fragment(dist: BaseDistribution) -> str:
    """Return ``#LABEL`` for a variant, if `pip freeze` is to name labels, or an empty string."""
    if not getattr(current().options, "freeze_variants", False):
        return ""
    label = label_entry(dist).get("variant")
    return f"#{label}" if label else ""


def inspect_entry(dist: BaseDistribution) -> dict[str, object]:
    """Return what `pip inspect` adds to the entry of a variant."""
    if not is_variant(dist):
        return {}
    find()
    from pip_variants.pip_adapter import installed

    return installed.inspect_entry(dist)


def show_lines(name: str) -> list[str]:
    """Return what `pip show` adds about a variant."""
    dist = get_default_environment().get_distribution(name)
    if dist is None or not is_variant(dist):
        return []
    find()
    from pip_variants.pip_adapter import installed

    return installed.show_lines(dist)


def print_misfits() -> bool:
    """Print the variants that do not fit this machine; return whether there are any."""
    if current().without_variants:
        return False
    dists = get_default_environment().iter_installed_distributions()
    variants = [dist for dist in dists if is_variant(dist)]
    if not variants:
        return False
    state = current().state()
    from pip_variants.pip_adapter import installed

    return installed.print_misfits(state, variants)
