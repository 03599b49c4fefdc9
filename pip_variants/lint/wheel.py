"""One wheel: its file name against its ``variant.json``, and the markers in METADATA."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pip_variants.core.errors import quoted
from pip_variants.core.filenames import label_of
from pip_variants.core.markers import PLAIN, bind_markers, variant_comparisons
from pip_variants.core.properties import (
    is_feature,
    is_label,
    is_namespace,
    is_value,
    split_parts,
)
from pip_variants.formats.variant_json import VARIANT_JSON

from .document import Document, check_document
from .findings import Finding, finding
from .markers import is_valid

_has_variant_marker = re.compile(r"\bvariant_(?:label|namespaces|features|properties)\b").search
# The fields of core metadata that have markers, or have had them, besides Requires-Dist.
_OTHER_FIELDS = ("Requires-External", "Provides-Dist", "Obsoletes-Dist", "Requires-Python")


def check_wheel(
    file: str,
    variant_json: bytes | None,
    fields: Sequence[tuple[str, str]],
) -> Document:
    """Return the findings about a wheel and, if it is a variant, its own metadata.

    ``file`` ends with the file name; ``variant_json`` is None if the wheel has none; ``fields`` are
    those of its METADATA.
    """
    label = label_of(file.rpartition("/")[2])
    findings = [*_fields(file, fields)]
    if label is None:
        if variant_json is not None:
            message = "a wheel without a label in its name must not have one"
            findings.append(finding("own-metadata", file, VARIANT_JSON, message))
        return Document(file, None, tuple(findings))
    if variant_json is None:
        message = (
            f"the name has the label {quoted(label)}, but there is no {VARIANT_JSON} in the wheel"
        )
        return Document(file, None, (finding("own-metadata", file, "", message), *findings))
    found = check_document(file, variant_json, prefix=f"{VARIANT_JSON}:")
    findings = [*found.findings, *findings]
    metadata = found.metadata
    if metadata is not None:
        labels = [variant.label for variant in metadata.variants]
        if labels != [label]:
            listed = ", ".join(map(quoted, labels[:3])) or "none"
            message = f"expected just the label of the name, {quoted(label)}, found {listed}"
            findings.append(finding("own-metadata", file, f"{VARIANT_JSON}:variants", message))
            metadata = None
    return Document(file, metadata, tuple(findings))


def _fields(file: str, fields: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    number = -1
    for name, text in fields:
        if name == "Requires-Dist":
            number += 1
            if _has_variant_marker(text):
                path = f"METADATA:Requires-Dist[{number}]"
                for problem in _problems(text):
                    yield finding("marker", file, path, problem)
        elif name in _OTHER_FIELDS and _has_variant_marker(text):
            message = f"markers about variants can only be in Requires-Dist: {quoted(text)}"
            yield finding("marker-elsewhere", file, f"METADATA:{name}", message)


def _problems(requirement: str) -> Iterator[str]:
    """Yield what is wrong with a dependency that has markers about variants."""
    if not is_valid(bind_markers(requirement, PLAIN), requirement=True):
        yield f"{quoted(requirement)} is not a valid requirement"
        return
    for name, text in variant_comparisons(requirement):
        parts = split_parts(text)
        if name == "variant_label":
            valid = not text or is_label(text)
        else:
            checks = _PARTS[name]
            valid = len(parts) == len(checks) and all(
                check(part) for check, part in zip(checks, parts, strict=True)
            )
        if not valid:
            yield f"{quoted(text)} can never be in {name}"


_PARTS: Mapping[str, tuple[Callable[[object], bool], ...]] = {
    "variant_namespaces": (is_namespace,),
    "variant_features": (is_namespace, is_feature),
    "variant_properties": (is_namespace, is_feature, is_value),
}
