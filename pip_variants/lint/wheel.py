"""One wheel: its file name against its ``variant.json``, its fields and its archive."""

from __future__ import annotations

from pip._vendor.packaging.utils import parse_wheel_filename

from pip_variants.core.errors import quoted
from pip_variants.core.filenames import label_of, split_label
from pip_variants.core.properties import Label
from pip_variants.formats.variant_json import VARIANT_JSON
from pip_variants.formats.wheel_content import ENTRY_POINTS, METADATA, WHEEL, WheelContent

from .archive import check_archive
from .document import Document, check_document
from .fields import check_entry_points, check_metadata, check_wheel_file, parse_fields
from .findings import Finding, finding
from .known import KnownFeatures


def check_wheel(
    file: str,
    content: WheelContent,
    known: KnownFeatures = lambda _: None,
    filename: str | None = None,
) -> Document:
    """Return the findings about a wheel and, if it is a variant, its own metadata.

    ``filename`` is valid for a wheel; without it that is the last part of ``file``, which the user
    knows. ``known`` is as for ``check_document``.
    """
    filename = filename or file.rpartition("/")[2]
    stem = split_label(filename.removesuffix(".whl"))[0]
    project, version, build, tags = parse_wheel_filename(f"{stem}.whl")
    name = (project, version)
    found = _own_metadata(file, label_of(filename), content, known)
    findings = [*check_archive(file, name, content), *found.findings]
    metadata = content.file(METADATA)
    if metadata is not None:
        findings += check_metadata(file, name, parse_fields(metadata))
    wheel = content.file(WHEEL)
    if wheel is not None:
        number = "".join(map(str, build))
        findings += check_wheel_file(file, number, tags, parse_fields(wheel))
    entry_points = content.file(ENTRY_POINTS)
    if entry_points is not None:
        findings += check_entry_points(file, entry_points)
    return Document(file, found.metadata, tuple(findings))


def _own_metadata(
    file: str, label: Label | None, content: WheelContent, known: KnownFeatures
) -> Document:
    """Return the findings about the ``variant.json`` of a wheel, and what it describes."""
    text = content.file(VARIANT_JSON)
    if label is None:
        return Document(file, None, () if text is None else (_label_lost(file, text),))
    if text is None:
        if not content.files:
            return Document(file, None, ())
        message = (
            f"the name has the label {quoted(label)}, but there is no {VARIANT_JSON} in the wheel"
        )
        return Document(file, None, (finding("own-metadata", file, "", message),))
    found = check_document(file, text, prefix=f"{VARIANT_JSON}:", known=known)
    metadata = found.metadata
    if metadata is None:
        return found
    labels = [variant.label for variant in metadata.variants]
    if labels == [label]:
        return found
    listed = ", ".join(map(quoted, labels[:3])) or "none"
    message = f"expected just the label of the name, {quoted(label)}, found {listed}"
    wrong = finding("own-metadata", file, f"{VARIANT_JSON}:variants", message)
    return Document(file, None, (*found.findings, wrong))


def _label_lost(file: str, text: bytes) -> Finding:
    """Return the finding about the ``variant.json`` of a wheel without a label in its name."""
    metadata = check_document(file, text).metadata
    labels = [variant.label for variant in metadata.variants] if metadata is not None else []
    message = "a wheel without a label in its name must not have one"
    if len(labels) == 1:
        message = f"describes the label {quoted(labels[0])}, which the file name does not have"
    return finding("own-metadata", file, VARIANT_JSON, message)
