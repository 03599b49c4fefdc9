"""What a command reports about variants when it ends or gives up."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import Version

from pip_variants.core.difference import different_builds
from pip_variants.explain import notes
from pip_variants.explain import requests as messages
from pip_variants.explain.nearest import TYPING_ERROR, nearest
from pip_variants.providers.registry import BUILT_INS, features_of

from .candidates import labels_of_public
from .compat import configured_options, finds_packages, get_default_environment
from .distributions import variant_of
from .evaluator import why_nothing_fits
from .links import choice_of, link_of
from .options import OptionValue
from .run_state import RunState

if TYPE_CHECKING:
    from .compat import InstallationCandidate, InstallRequirement


@dataclass(frozen=True, slots=True)
class _Unmatched:
    """A name in an option that matches none of those that were there, and why that is known."""

    option: str
    why: str
    name: str
    known: AbstractSet[str]
    is_default: bool


def warn_of_unused_requests(state: RunState) -> None:
    """Warn of names in options that match nothing.

    What the environment, a configuration or a platform file has may be meant for other commands:
    of that only typing errors count. In a report a name may also be that of something installed.
    """
    if not finds_packages(state.options):
        _record_installed(state)
    for item in _unmatched(state):
        if item.is_default and nearest(item.name, item.known, TYPING_ERROR) is None:
            continue
        text = messages.without_effect(item.option, item.why, item.name, item.known)
        state.log.once(logging.WARNING, text)


def log_different_builds(state: RunState, reqs: Iterable[InstallRequirement]) -> None:
    """Log the features in which packages of one run take builds that have no value in common."""
    variants = {}
    for req in reqs:
        link = link_of(req)
        choice = choice_of(link) if link is not None else None
        if choice is not None and choice.selected is not None:
            variants[choice.project] = choice.selected.variant
    for found in different_builds(variants):
        state.log.once(logging.INFO, notes.different_builds(found))


def error_suffix(
    state: RunState, project: str, requirement: str, candidates: Sequence[InstallationCandidate]
) -> str:
    """Return why nothing of a project fits, as the end of pip's error, or an empty string.

    ``candidates`` are all files of the project, also those that the requirement excludes.
    """
    reason = why_nothing_fits(state, canonicalize_name(project))
    if reason is None:
        reason = _why_not_local(requirement, candidates)
    return f": {reason}" if reason is not None else ""


def _record_installed(state: RunState) -> None:
    """Record what is installed as what the command has looked for."""
    for dist in get_default_environment().iter_all_distributions():
        state.requests.mark_used(dist.canonical_name)
        selected = variant_of(dist)
        if selected is not None:
            state.resolver.record(selected.variant.namespaces, selected.metadata.providers)


def _unmatched(state: RunState) -> Iterator[_Unmatched]:
    requests = state.requests
    for request in requests.unused():
        option = f"--variant {request.project}={request.text}"
        why = messages.not_looked_for(request.project, is_report=not finds_packages(state.options))
        close = nearest(request.project, requests.projects)
        known = {close} if close is not None else set()
        yield _Unmatched(option, why, request.project, known, request.is_default)
    for request in requests.not_found():
        option = f"--variant {request.project}={request.text}"
        why = messages.label_not_found(request.project)
        yield _Unmatched(option, why, request.label, requests.labels_of(request.project), False)
    yield from _unmatched_providers(state)
    yield from _unmatched_consistent(state)


def _unmatched_consistent(state: RunState) -> Iterator[_Unmatched]:
    """Yield the namespaces in which builds must agree that no variant has, or that do not count."""
    namespaces = state.resolver.namespaces
    for value in configured_options(state.options, "consistent_namespaces"):
        option = f"--variant-consistent {value.text}"
        if value.text not in namespaces:
            why = messages.NAMESPACE_UNUSED
            yield _Unmatched(option, why, value.text, namespaces, value.is_default)
        elif state.is_legacy:
            yield _Unmatched(option, messages.LEGACY_RESOLVER, value.text, set(), False)


def _unmatched_providers(state: RunState) -> Iterator[_Unmatched]:
    """Yield the namespaces and the packages of providers that no variant has named."""
    resolver = state.resolver
    namespaces = {*resolver.namespaces, *(item.name for item in BUILT_INS)}
    for value in configured_options(state.options, "variant_provider_switches"):
        if value.text not in namespaces:
            word = "enable" if value.enable else "disable"
            option = f"--{word}-variant-provider {value.text}"
            why = messages.NAMESPACE_UNUSED
            yield _Unmatched(option, why, value.text, namespaces, value.is_default)
    published = (known.package for item in BUILT_INS for known in item.published)
    packages = {*resolver.packages(), *published}
    trusted: list[OptionValue] = [*configured_options(state.options, "trusted_variant_providers")]
    for value in trusted:
        name = canonicalize_name(value.text)
        if name not in packages:
            option = f"--trust-variant-provider {name}"
            yield _Unmatched(option, messages.PACKAGE_UNUSED, name, packages, value.is_default)
    platform = resolver.settings.platform
    for namespace, features in platform.features if platform is not None else ():
        if namespace not in namespaces:
            option = messages.platform_entry(namespace)
            yield _Unmatched(option, messages.NAMESPACE_UNUSED, namespace, namespaces, True)
        reported = {feature for feature, _ in features_of(namespace) or ()}
        for feature, _ in features:
            if reported and feature not in reported:
                option = messages.platform_entry(f"{namespace}.{feature}")
                yield _Unmatched(option, messages.FEATURE_UNUSED, feature, reported, True)


def _why_not_local(requirement: str, candidates: Sequence[InstallationCandidate]) -> str | None:
    """Return which variants there are of the public part of a local version that is pinned."""
    try:
        pinned = Requirement(requirement)
    except InvalidRequirement:  # a URL
        return None
    files = [(item.version, item.link) for item in candidates]
    for item in pinned.specifier:
        if item.operator == "==" and "+" in item.version:
            version = Version(item.version)
            labels = labels_of_public(version, files)
            if labels:
                return notes.pinned_local(pinned.name, version.public, version.local, labels)
    return None
