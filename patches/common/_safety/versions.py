"""Name and version in METADATA and in the name of its folder, which may be none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from pip._internal.exceptions import MetadataInvalid
from pip._internal.metadata import BaseDistribution
from pip._internal.metadata.importlib._compat import BadMetadata
from pip._vendor.packaging.version import InvalidVersion, Version, parse

if TYPE_CHECKING:
    from email.message import Message
    from importlib.metadata import Distribution

    from pip._internal.req.req_install import InstallRequirement


def name_of(dist: BaseDistribution) -> str:
    """Return the normalized name of a distribution, or the text in its place."""
    try:
        return dist.canonical_name
    except BadMetadata:
        return str(dist.metadata["Name"])


def version_of(dist: BaseDistribution) -> Version | str:
    """Return the version of a distribution, or the text in its place if that is no version."""
    try:
        return dist.version
    except (InvalidVersion, TypeError, BadMetadata):
        return str(dist.metadata["Version"])


def check_version(req: InstallRequirement, dist: BaseDistribution) -> None:
    """Raise pip's MetadataInvalid if the METADATA of a requirement has no valid version."""
    version = version_of(dist)
    if isinstance(version, str):
        raise MetadataInvalid(req, f"Invalid version: {version!r}")


def folder_version(text: str, dist: Distribution) -> Version:
    """Return the version in the name of a metadata folder, or that of METADATA if it is none.

    Raise InvalidVersion if that is none either, or missing.
    """
    try:
        return parse(text)
    except InvalidVersion:
        return parse(str(cast("Message", dist.metadata).get("Version")))


def metadata_version_of(dist: BaseDistribution) -> str:
    """Return the version of the METADATA of a distribution, "0" if it has no valid one."""
    text = str(dist.metadata_version)
    return text if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})*", text) else "0"
