"""``pip variants make``: a variant of a finished wheel, or the plain wheel of a variant."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pip_variants.core.errors import RequestError, VariantError, printable, quoted
from pip_variants.core.limits import MAX_BYTES
from pip_variants.core.metadata import VariantMetadata
from pip_variants.core.properties import (
    NULL_LABEL,
    Feature,
    FeatureRequirement,
    Label,
    Namespace,
    Property,
    Value,
    Variant,
    is_label,
)
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.lint.findings import Finding
from pip_variants.lint.variant_table import TABLE, read_variant_table
from pip_variants.lint.wheel import check_wheel
from pip_variants.pip_adapter.compat import CommandError
from pip_variants.pip_adapter.display import print_line
from pip_variants.providers.registry import known_features
from pip_variants.publish.make_wheel import (
    NewWheel,
    SourceWheel,
    plan_wheel,
    read_source,
    write_wheel,
)
from pip_variants.publish.requirements import check_requirement

from .progress import spinning

if TYPE_CHECKING:
    from pip_variants.pip_adapter.compat import Values

    from .command import VariantsCommand

logger = logging.getLogger(__name__)

_PROJECT_FILE = "pyproject.toml"
# The other variants of a version may have what this one does not.
_ABOUT_OTHERS = "static-feature-without-variant"
_OF_VARIANTS = f"{VARIANT_JSON}:variants"


@dataclass(frozen=True, slots=True)
class _Request:
    """What each wheel becomes.

    ``variant`` is None for a plain wheel; its requirements are None if a wheel keeps its own.
    """

    label: Label | None
    requirements: tuple[FeatureRequirement, ...] | None
    declared: VariantMetadata | None
    dependencies: tuple[str, ...]


def run(_: VariantsCommand, options: Values, args: list[str]) -> int:
    """Make what the options say of each wheel in ``args``; write nothing if one cannot be made.

    Return 1 if there is an error in a wheel, else 0; raise CommandError or VariantError.
    """
    if not args:
        raise CommandError("Need a wheel.")
    request = _request(options)
    plans = [_plan(Path(arg), request) for arg in args]
    if None in plans:
        return 1
    for plan in plans:
        if plan is not None:
            _write(plan, options.dest)
    return 0


def _request(options: Values) -> _Request:
    label: str | None = options.label
    if options.null:
        if options.property or label not in (None, NULL_LABEL):
            raise CommandError("--null is without properties, and its label is null.")
        label = NULL_LABEL
    elif label == NULL_LABEL:
        raise CommandError("The label null is that of --null.")
    if options.plain:
        others = (label, options.property, options.config, options.requires_dist_variant)
        if any(others):
            raise CommandError("--plain removes the variant; no other option goes with it.")
        return _Request(None, None, None, ())
    if label is None:
        raise CommandError("Need --label and what the wheel was built for, or --null, or --plain.")
    if not is_label(label):
        raise RequestError(f"{quoted(label)} is not a label of a-z, 0-9, _ and .")
    for text in options.requires_dist_variant:
        check_requirement(text)
    requirements = () if options.null else _requirements(options.property) or None
    declared = _read_config(options.config) if options.config else None
    return _Request(label, requirements, declared, tuple(options.requires_dist_variant))


def _requirements(properties: Sequence[str]) -> tuple[FeatureRequirement, ...]:
    """Return the properties by feature; raise PropertyError."""
    found: dict[tuple[Namespace, Feature], set[Value]] = {}
    for item in map(Property.parse, properties):
        found.setdefault((item.namespace, item.feature), set()).add(item.value)
    return tuple(FeatureRequirement(*name, frozenset(values)) for name, values in found.items())


def _read_config(file: str) -> VariantMetadata:
    declared = _read_declared(Path(file))
    if declared is None:
        raise RequestError(f"{quoted(file)} has no table [{TABLE}]")
    return declared


def _read_declared(path: Path) -> VariantMetadata | None:
    """Return what the table ``[variant]`` of a file declares, or None; raise RequestError."""
    from pip._vendor import tomli

    name = printable(path.as_posix())
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise RequestError(f"{name} is too large")
        return read_variant_table(tomli.loads(text.decode("utf-8-sig")), name)
    except OSError as error:
        raise RequestError(f"{name} cannot be read: {error.strerror}") from None
    # tomli.TOMLDecodeError, text that is not UTF-8, numbers and nesting beyond Python's limits.
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name}: {quoted(str(error))}") from None


def _plan(path: Path, request: _Request) -> NewWheel | None:
    """Return the wheel to write, or log all that is wrong with it and return None."""
    shown = printable(path.as_posix())
    try:
        source = read_source(path)
        if not source.content.is_complete:
            return _checked(None, check_wheel(path.as_posix(), source.content).findings)
        metadata = None if request.label is None else _metadata(source, request.label, request)
        plan = plan_wheel(source, metadata, request.dependencies)
    except VariantError as error:
        raise CommandError(f"{shown}: {str(error).removeprefix(f'{path.name}: ')}") from None
    findings = check_wheel(plan.name, plan.content, known_features).findings
    if request.requirements:  # what the user states must be right, what a wheel has only of use
        findings = tuple(_as_error(item) for item in findings)
    return _checked(plan, findings)


def _as_error(item: Finding) -> Finding:
    """Return a finding that is an error if it is about one of several values of a variant."""
    about_value = item.kind == "never-reported" and item.path.startswith(_OF_VARIANTS)
    return replace(item, severity="error") if about_value else item


def _metadata(source: SourceWheel, label: Label, request: _Request) -> VariantMetadata:
    """Return the metadata of a variant; raise VariantError.

    What --config declares counts first, then what the wheel does, then ``pyproject.toml``.
    """
    requirements, declared = request.requirements, request.declared
    if requirements is None:
        own = source.metadata
        if own is None:
            raise RequestError("need a property (-p): this wheel has none of its own")
        requirements = own.variants[0].requirements
        declared = declared or own
    elif declared is None:
        declared = source.metadata
    if declared is None and Path(_PROJECT_FILE).is_file():
        declared = _read_declared(Path(_PROJECT_FILE))
    if declared is None:
        where = f"[{TABLE}] in {_PROJECT_FILE} or in the file of --config"
        raise RequestError(f"need the namespaces and the providers of the variants: {where}")
    return replace(declared, variants=(Variant(label, requirements),))


def _checked(plan: NewWheel | None, findings: Sequence[Finding]) -> NewWheel | None:
    """Log the errors and warnings; return the plan if there are no errors."""
    errors = [item for item in findings if item.severity == "error"]
    for item in errors:
        logger.error("%s", item.text)
    for item in findings:
        if item.severity == "warning" and item.kind != _ABOUT_OTHERS:
            logger.warning("%s", item.text)
    return None if errors else plan


def _write(plan: NewWheel, dest: str | None) -> None:
    path = plan.source.path
    folder = Path(dest) if dest else path.parent
    for warning in _warnings(plan):
        logger.warning("%s: %s", plan.name, warning)
    try:
        with spinning(f"Copying {path.name}") as progress:
            is_new = write_wheel(plan, folder, progress)
    except VariantError as error:
        raise CommandError(f"{printable(path.as_posix())}: {error}") from None
    except OSError as error:
        target = printable((folder / plan.name).as_posix())
        raise CommandError(f"{target}: not written: {error.strerror or error}") from None
    verb = "wrote" if is_new else "unchanged"
    print_line(f"{verb} {printable((folder / plan.name).as_posix())}")


def _warnings(plan: NewWheel) -> Iterator[str]:
    for name in plan.unsigned:
        yield f"left out {quoted(name)}, which signs the old RECORD"
    if plan.is_plain_with_markers:
        yield "its dependencies have markers about variants, which other installers refuse"
    elif plan.former_label is not None:
        yield f"its dependencies have markers about the label {plan.former_label}, which it had"
