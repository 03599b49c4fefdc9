"""Names: of wheels and metadata files, labels, properties, versions, and requirements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pip_variants.core.conditions import newest_first, open_features, prefixes, project_of
from pip_variants.core.errors import FilenameError, PropertyError, RequestError
from pip_variants.core.filenames import (
    LONGEST_FILENAME,
    METADATA_SUFFIX,
    label_of,
    metadata_filename,
    split_label,
)
from pip_variants.core.properties import (
    Feature,
    FeatureRequirement,
    Label,
    Namespace,
    Property,
    Value,
    Variant,
    is_label,
    split_parts,
)
from pip_variants.core.target_markers import parse_requirement, requirement_applies
from pip_variants.explain.nearest import nearest
from pip_variants.formats.wheel_content import WheelContent
from pip_variants.lint.platform_tags import platform_tags, python_problem, tag_problem, targets
from pip_variants.lint.release import Release, check_release
from pip_variants.lint.wheel import check_wheel
from pip_variants.publish.release_files import LocalFile, group_by_version, is_published, is_sdist
from pip_variants.publish.requirements import check_requirement, with_requirements
from pip_variants.remote.release_metadata import MetadataReader
from pip_variants.remote.transport import RemoteFile
from pip_variants.remote.wheel_metadata import WheelReader

from .guard import Case, InProcess, check_text, outcome, promise
from .mutations import TEXTS, edited_text, text

_PROJECTS = ("x", "torch", "my_project", "A.b-C", "x" * 120)
_VERSIONS = ("1.0", "2.8.0+cu129", "1!2.0rc1", "2024.1.post1.dev2", "1")
_BUILDS = ("", "-1", "-1a_b")
_PYTHONS = ("py3", "cp313", "py2.py3", "pp310", "cp39")
_ABIS = ("none", "cp313t", "abi3", "cp39")
_PLATFORMS = (
    "any",
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "macosx_11_0_universal2",
    "win_amd64",
    "linux_x86_64_v3",
)
_LABELS = ("cu129", "null", "a.b_c", "0", "x" * 100)
_REQUIREMENTS = (
    "x",
    "torch[a,b]>=1.0,<3,!=2.0; python_version >= '3.8' and extra == 'gpu'",
    "x @ https://host/x-1.0-py3-none-any.whl ; os_name == 'posix'",
    "x; 'gpu :: arch :: 1' in variant_properties",
    "x==1.*; variant_label == 'cu129' or variant_label != ''",
)


class Names(InProcess):
    """Names that pages, wheels, documents and users have."""

    name = "names"

    def draw(self, rng: Random) -> Case:
        """Return a name, or several of files that lie beside each other."""
        make: Callable[[Random], Case] = rng.choice(
            (
                _valid_wheel,
                _wheel,
                _wheel,
                _files,
                _property,
                _version,
                _requirement,
                _requirement,
            )
        )
        return make(rng)


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


def _stem(rng: Random) -> str:
    project = rng.choice(_PROJECTS).replace("-", "_")
    start = f"{project}-{rng.choice(_VERSIONS)}{rng.choice(_BUILDS)}"
    return f"{start}-{rng.choice(_PYTHONS)}-{rng.choice(_ABIS)}-{rng.choice(_PLATFORMS)}"


def _valid_wheel(rng: Random) -> Case:
    """Return the name of a wheel with a label, which is found again."""
    stem, label = _stem(rng), rng.choice(_LABELS)
    name = f"{stem}-{label}.whl"

    def check() -> None:
        promise(split_label(name[:-4]) == (stem, label), "a label is not found in a name")
        promise(label_of(name) == label, "a label is not found in a file name")
        promise(label_of(f"{stem}.whl") is None, "a plain wheel has a label")
        _check_wheel(name)

    return Case(name, check)


def _file_name(rng: Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return f"{rng.choice(_PROJECTS)}-{rng.choice(_VERSIONS)}{METADATA_SUFFIX}"
    if kind == 1:
        return f"{rng.choice(_PROJECTS)}-{rng.choice(_VERSIONS)}.tar.gz"
    return f"{_stem(rng)}-{rng.choice(_LABELS)}.whl" if kind == 2 else f"{_stem(rng)}.whl"


def _mutated_name(rng: Random) -> str:
    name = _file_name(rng)
    if rng.random() < 0.4:
        parts = name.split("-")
        parts[rng.randrange(len(parts))] = rng.choice((text(rng), "1" * 5000, rng.choice(parts)))
        name = "-".join(parts)
    return edited_text(rng, name, rng.choice((0, 1, 1, 3)))


def _wheel(rng: Random) -> Case:
    name = _mutated_name(rng)
    return Case(name, lambda: _check_wheel(name))


def _check_wheel(name: str) -> None:
    """Raise BrokenPromiseError unless all that reads the name of a wheel agrees."""
    split = outcome(lambda: split_label(name.removesuffix(".whl")), FilenameError)
    label = label_of(name)
    promise(label is None or is_label(label), "an invalid label is found in a name")
    if name.endswith(".whl"):
        expected = None if isinstance(split, Exception) else split[1]
        promise(label == expected, "label_of differs from split_label")
    for tag in platform_tags(name):
        check_text(tag_problem(tag) or "", "a problem of a tag")
    check_text(python_problem(name) or "", "a problem of tags")
    targets(name)
    releases, invalid = group_by_version([_Name(name)])
    promise(len(releases) + len(invalid) == 1, "a name is grouped twice, or not at all")
    for _, error in invalid:
        check_text(str(error), "the error about a name")
    _check_listed(name)
    if any(item.wheels for item in releases.values()) and name.isprintable() and "/" not in name:
        metadata_filename(name)
        for finding in check_wheel(name, WheelContent(())).findings:
            check_text(finding.line, "a finding of lint")


def _check_listed(name: str) -> None:
    """Raise BrokenPromiseError unless a page may have a file of this name."""
    reader = MetadataReader(WheelReader())
    file = RemoteFile(name, f"https://host/{name}", f"https://host/{name}", "https://host/")
    if name.endswith(METADATA_SUFFIX):
        reader.add_listed(file)
    if len(name) <= LONGEST_FILENAME:
        check_text(LocalFile(Path("folder") / name).shown, "a shown path")


def _files(rng: Random) -> Case:
    """Return the names of files of one folder, whose order does not matter."""
    names = [_mutated_name(rng) for _ in range(rng.randint(1, 12))]
    names = [name for name in names if is_published(name) or is_sdist(name)]
    again = rng.sample(names, len(names))

    def check() -> None:
        groups = []
        for order in (names, again):
            releases, invalid = group_by_version(map(_Name, order))
            total = sum(
                len(item.wheels) + len(item.documents) + len(item.sdists)
                for item in releases.values()
            )
            promise(total + len(invalid) == len(names), "a file of a folder is lost")
            groups.append({key: sorted(map(str, item.wheels)) for key, item in releases.items()})
            for files in releases.values():
                wheels = tuple(sorted(LocalFile(Path(item.name)).shown for item in files.wheels))
                for finding in check_release(Release(wheels, None)):
                    check_text(finding.line, "a finding about a version")
        promise(groups[0] == groups[1], "the order of files changes their versions")

    return Case(names, check)


def _property(rng: Random) -> Case:
    parts = [rng.choice(("gpu", "a_1", text(rng))) for _ in range(rng.choice((3, 3, 3, 1, 4)))]
    written = rng.choice((" :: ", "::", " ::  ")).join(parts)
    written = edited_text(rng, written, rng.choice((0, 0, 1)))

    def check() -> None:
        found = outcome(lambda: Property.parse(written), PropertyError)
        if isinstance(found, Property):
            promise(Property.parse(str(found)) == found, "a property is not read as it is written")
            promise(len(split_parts(written)) == 3, "a property has more than three parts")
            names = [found.namespace, found.feature, "gpu", "nvidia"]
            nearest(found.value, names)

    return Case(written, check)


def _version(rng: Random) -> Case:
    """Return versions, and values of ``abi_dependency``."""
    versions = [edited_text(rng, rng.choice(_VERSIONS), rng.choice((0, 1))) for _ in range(3)]
    versions.append(rng.choice(TEXTS))
    values = [
        Value("".join(rng.choices("0123456789._ab", k=rng.choice((1, 3, 8))))) for _ in range(5)
    ]
    if rng.random() < 0.05:
        values.append(Value("9" * rng.choice((100, 5000))))

    def check() -> None:
        for version in versions:
            for prefix in prefixes(version):
                promise(len(prefix.split(".")) <= 3, "a prefix has more than three parts")
            project_of(version)
        ordered = newest_first(values)
        promise(sorted(ordered) == sorted(values), "values are lost when they are ordered")
        promise(newest_first(reversed(values)) == newest_first(ordered), "an order is not total")
        requirement = FeatureRequirement(Namespace("n"), Feature("x_y"), frozenset(values))
        open_features([Variant(Label("a"), (requirement,))], ["x-y"])

    return Case((versions, values), check)


def _requirement(rng: Random) -> Case:
    """Return a requirement of a provider, or of a new wheel."""
    written = edited_text(rng, rng.choice(_REQUIREMENTS), rng.choice((0, 1, 1, 2)))
    if rng.random() < 0.1:
        written = rng.choice(TEXTS)
    metadata = b"Metadata-Version: 2.1\nName: x\nRequires-Dist: torch>=1\n\nText\n"

    def check() -> None:
        parsed = _parsed(written)
        promise(parsed or not _applies(written), "an invalid requirement applies")
        valid = outcome(lambda: check_requirement(written), RequestError)
        if not isinstance(valid, Exception):
            found = with_requirements(metadata, [written])
            promise(found.endswith(b"\n\nText\n"), "the text of METADATA changed")
            promise(with_requirements(found, [written]) == found, "a dependency is added twice")

    return Case(written, check)


def _applies(written: str) -> bool:
    try:
        return requirement_applies(written, {})
    except ValueError:
        return False


def _parsed(written: str) -> bool:
    try:
        parse_requirement(written)
    except ValueError:
        return False
    return True
