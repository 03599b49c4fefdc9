"""The build hook: puts a patched pip and the other vendored modules into the wheel.

Which upstream files, which patches, which versions: data, in `patches/*/series.toml`, one folder an
upstream release. `PIP_VARIANTS_UPSTREAM` selects one. Every upstream file is fetched through pip
itself, by version and sha256, as a wheel, so that a build runs no code of it. A patch applies by
unique context or the build stops.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

# The build backend runs this file without the checkout on the path.
sys.path.insert(0, str(Path(__file__).parent))

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.core import load_toml
from hatchling.metadata.plugin.interface import MetadataHookInterface
from pip._vendor.packaging.version import Version

from patches.apply import BuildError, apply_patch
from patches.bom import advisories, bill_of_materials, components, open_advisories

__all__ = ["BuildError", "apply_patch"]

UPSTREAM_VARIABLE = "PIP_VARIANTS_UPSTREAM"
"""The environment variable that selects an upstream release."""

OVERRIDE = "_pip_variants_override.py"
"""The start-up hook in the wheel."""

PTH = "pep_xxx_wheel_variants.pth"
"""What imports it."""

STAMPED = "pip_variants/_vendor/pip/__main__.py"
"""The file of the wheel that ends with the stamp of the build, which the start-up hook has too."""

_BOUNDS = ("FIRST_PYTHON", "ENDS_BEFORE_PYTHON")

# Older wheels have it beside METADATA.
_is_license = re.compile(r"[^/]+\.dist-info/(?:licenses/(.+)|(LICENSE[^/]*))").fullmatch


@dataclass(frozen=True, slots=True)
class Pin:
    """One `[[vendor]]` entry: a wheel of the index, and what of it is vendored."""

    name: str
    version: str
    sha256: str
    unpack: str | None = None
    """A folder (`pip/`) or a file (`pynvml.py`) of the wheel; None: only its licences."""
    licenses: str | None = None
    """A folder below the wheel's `licenses/` with one folder per library; None: its own."""
    into: str = ""
    """The folder of `_vendor/` into which `unpack` goes; a file that is there is replaced."""

    @property
    def requirement(self) -> str:
        """The requirement that names exactly this release."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Release:
    """An upstream release of pip that can be patched: one folder of `patches/`."""

    folder: Path
    config: dict[str, Any]

    @property
    def upstream(self) -> str:
        """The version of upstream's pip."""
        return str(self.config["release"]["upstream"])

    @property
    def wheel_version(self) -> str:
        """The version of our wheel."""
        return str(self.config["release"]["wheel_version"])

    @property
    def pip_version(self) -> str:
        """What `pip --version` prints."""
        return str(self.config["release"]["pip_version"])

    @property
    def python(self) -> tuple[str, str]:
        """The first version of Python that is supported, and the first that no longer is."""
        first, end = self.config["release"]["python"]
        return str(first), str(end)

    @property
    def requires_python(self) -> str:
        """The same as a version specifier."""
        first, end = self.python
        return f">={first},<{end}"


def releases(root: Path) -> list[Release]:
    """Return the releases that can be patched, the oldest first."""
    found = [
        Release(path.parent, load_toml(str(path)))
        for path in (root / "patches").glob("*/series.toml")
    ]
    return sorted(found, key=lambda release: Version(release.upstream))


def find_release(root: Path, upstream: str | None = None) -> Release:
    """Return the release with this upstream version, by default the one marked so.

    Raise BuildError if there is none.
    """
    found = releases(root)
    for release in found:
        if release.upstream == upstream or (
            not upstream and release.config["release"].get("default")
        ):
            return release
    known = ", ".join(release.upstream for release in found)
    raise BuildError(f"There are no patches for pip {upstream}, only for {known}.")


def _selected_release(root: str) -> Release:
    return find_release(Path(root), os.environ.get(UPSTREAM_VARIABLE))


class ReleaseHook(MetadataHookInterface):
    """Sets what depends on the upstream release in the metadata of the wheel."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the version and the Python bounds."""
        try:
            release = _selected_release(self.root)
        except BuildError as error:
            raise SystemExit(f"ERROR: {error}") from None
        metadata["version"] = release.wheel_version
        metadata["requires-python"] = release.requires_python


class VendorHook(BuildHookInterface[BuilderConfig]):
    """Adds the start-up hook and `pip_variants/_vendor/` to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out the vendored files in a temporary folder and map it to the wheel's root."""
        if version == "editable":
            self.app.abort(
                "An editable install of pep_xxx_wheel_variants cannot carry the patched pip;"
                " run `pip install .` instead."
            )
        self._work = tempfile.TemporaryDirectory(prefix="pip-variants-build-")
        try:
            tree = assemble(_selected_release(self.root), Path(self._work.name))
        except BuildError as error:
            self._work.cleanup()
            self.app.abort(str(error))
        build_data["force_include"][str(tree)] = "/"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's signature)
        """Put the files of the wheel in order; remove the temporary folder."""
        self._work.cleanup()
        sort_members(Path(artifact_path))


def assemble(release: Release, work: Path) -> Path:
    """Return a folder, below *work*, that holds what the release adds to the wheel's root.

    Raise BuildError when a file cannot be fetched, is not the pinned one, or a patch does not fit.
    """
    series, config = release.folder, release.config
    tree = work / "tree"
    vendor = tree / "pip_variants" / "_vendor"
    for entry in config["vendor"]:
        pin = Pin(**entry)
        unpack(fetch(pin, work), pin, vendor)
    for target, source in config["pip"]["add"].items():
        _copy_modules(series / source, vendor / "pip" / target)
    _set_version(vendor / "pip" / "__init__.py", release)
    _write_bill_of_materials(vendor, release)
    for name in config["pip"]["patches"]:
        apply_patch(Path(name).name, _read(series / name).decode(), vendor / "pip")
    package = series.parents[1] / "pip_variants"
    override = package / "_override.py"
    if override.is_file():
        stamp = f"# build {_hash_of(package, vendor)}\n"
        with (tree / STAMPED).open("ab") as file:
            file.write(stamp.encode())
        text = _with_python_bounds(override.read_text(encoding="utf-8"), release)
        (tree / OVERRIDE).write_text(_with_stamp(text, stamp), encoding="utf-8")
    return tree


def _hash_of(*folders: Path) -> str:
    """Return what tells one content of these folders from another."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(folder).as_posix()
                digest.update(f"{name}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _with_stamp(text: str, stamp: str) -> str:
    """Return the start-up hook with the stamp of its build."""
    old = 'STAMP = ""\n'
    if text.count(old) != 1:
        raise BuildError("The start-up hook does not set STAMP once.")
    return text.replace(old, f"STAMP = {stamp!r}\n")


def sort_members(wheel: Path) -> None:
    """Sort the members of a wheel as installers are to write them.

    The file with the stamp comes first, and behind all other modules what makes Python import them:
    where an installation stops in between, the start-up hook is missing or has another stamp.
    """
    last = (OVERRIDE, PTH)

    def position(name: str) -> int:
        if name == STAMPED:
            return 0
        if name.partition("/")[0].endswith(".dist-info"):
            return 3
        return 2 if name in last else 1

    with zipfile.ZipFile(wheel) as archive:
        members = sorted(archive.infolist(), key=lambda member: position(member.filename))
        contents = [(member, archive.read(member)) for member in members]
    with zipfile.ZipFile(wheel, "w") as archive:
        for member, content in contents:
            archive.writestr(member, content)


def _set_version(module: Path, release: Release) -> None:
    """Set what `pip --version` prints."""
    _replace_once(
        module, f'__version__ = "{release.upstream}"', f'__version__ = "{release.pip_version}"'
    )


def _write_bill_of_materials(vendor: Path, release: Release) -> None:
    """List everything vendored, and how each advisory about it is answered."""
    listed = (vendor / "pip" / "_vendor" / "vendor.txt").read_text(encoding="utf-8")
    found = components(release.config["vendor"], listed)
    known = advisories(load_toml(str(release.folder.parent / "advisories.toml"))["advisory"])
    patches = [Path(name).name for name in release.config["pip"]["patches"]]
    for component, advisory in open_advisories(found, known, patches):
        raise BuildError(
            f"{advisory.id} about {component.name} {component.version} has neither a patch in the"
            " series nor an explanation."
        )
    text = bill_of_materials(release.wheel_version, found, known)
    (vendor / "bom.cdx.json").write_text(text, encoding="utf-8")


def _replace_once(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode()
    if text.count(old) != 1:
        raise BuildError(f"{path.name} of the unpacked release does not have {old!r} once.")
    path.write_bytes(text.replace(old, new).encode())


def _with_python_bounds(text: str, release: Release) -> str:
    """Return the start-up hook for the versions of Python of a release."""
    for name, version in zip(_BOUNDS, release.python, strict=True):
        text, number = re.subn(
            rf"^{name} = .*$", f"{name} = ({version.replace('.', ', ')})", text, flags=re.MULTILINE
        )
        if number != 1:
            raise BuildError(f"The start-up hook does not set {name} once.")
    return text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BuildError(f"The series names {path.name}, and there is no such file.") from None


def _copy_modules(source: Path, target: Path) -> None:
    modules = sorted(source.glob("*.py"))
    if not modules:
        raise BuildError(f"The series names the folder {source.name}, and it has no modules.")
    target.mkdir()
    for module in modules:
        (target / module.name).write_bytes(module.read_bytes())


def fetch(pin: Pin, work: Path) -> Path:
    """Return the path of the pinned wheel, downloaded below *work*.

    Raise BuildError if the index has no such file or cannot be reached, and if the hash differs.
    """
    known = next((work / pin.requirement).glob("*.whl"), None)
    if known is not None:  # of which something else is vendored as well
        _check_hash(known, pin)
        return known
    failure = _pip_download(f"{pin.requirement} --hash=sha256:{pin.sha256}", work / pin.requirement)
    if not failure:
        wheel = next((work / pin.requirement).glob("*.whl"))
        _check_hash(wheel, pin)
        return wheel
    # If it was the hash, pip's own text fills a paragraph: look at the file itself.
    unpinned = work / f"unpinned-{pin.requirement}"
    if not _pip_download(pin.requirement, unpinned):
        _check_hash(next(unpinned.glob("*.whl")), pin)
    raise BuildError(f"pip could not fetch {pin.requirement} from the package index: {failure}.")


def _check_hash(wheel: Path, pin: Pin) -> None:
    actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if actual != pin.sha256:
        raise BuildError(
            f"{wheel.name} from the package index has the sha256 {actual},"
            f" but the series pins {pin.sha256}."
        )


def _pip_download(requirement: str, dest: Path) -> str:
    """Return "" if one wheel is now in *dest*, else the last line of pip's error."""
    dest.mkdir()
    requirements = dest / "requirements.txt"
    requirements.write_text(requirement + "\n")
    done = subprocess.run(
        (
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download"),
            *("--quiet", "--no-deps", "--only-binary=:all:"),
            # The wheel is for every Python; which one builds it must not matter.
            "--ignore-requires-python",
            *(("--require-hashes",) if "--hash" in requirement else ()),
            *("--dest", str(dest), "--requirement", str(requirements)),
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"pip exited with {done.returncode}"]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines)[-1].removeprefix("ERROR: ").replace(str(requirements), "the series")


def unpack(wheel: Path, pin: Pin, vendor: Path) -> None:
    """Write what *pin* selects of *wheel*, and its licences, below *vendor*.

    Raise BuildError if the wheel has no such files or no licence.
    """
    with zipfile.ZipFile(wheel) as archive:
        if pin.unpack:
            names = [
                name
                for name in archive.namelist()
                if name == pin.unpack or (pin.unpack.endswith("/") and name.startswith(pin.unpack))
            ]
            if not names:
                raise BuildError(f"{wheel.name} has no {pin.unpack}.")
            archive.extractall(vendor / pin.into, names)
        licenses = dict(_licenses(archive, pin))
    if not licenses:
        raise BuildError(f"{wheel.name} has no licence that could go into the wheel.")
    for name, text in licenses.items():
        target = vendor / "licenses" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def _licenses(archive: zipfile.ZipFile, pin: Pin) -> Iterator[tuple[str, bytes]]:
    """Yield (path below `licenses/`, text): the wheel's files, else its module's header."""
    found = False
    for name in archive.namelist():
        match = _is_license(name)
        path = (match[1] or match[2]) if match else ""
        if match and path.startswith(pin.licenses or ""):
            found = True
            own = path.removeprefix(pin.licenses) if pin.licenses else f"{pin.name}/{path}"
            yield own, archive.read(name)
    if not found and pin.unpack and pin.unpack.endswith(".py"):
        header = takewhile(
            lambda line: line.startswith("#"), archive.read(pin.unpack).decode().splitlines()
        )
        text = "\n".join(line.lstrip("#").removeprefix(" ") for line in header).strip()
        if "copyright" in text.lower():
            yield f"{pin.name}/LICENSE", f"{text}\n".encode()
