"""The build hook: puts a patched pip and the other vendored modules into the wheel.

Which upstream files, which patches: data, in the `series.toml` of the folder that the option
`series` of pyproject.toml names. Every upstream file is fetched through pip itself, by version and
sha256, as a wheel, so that a build runs no code of it. A patch applies by unique context or the
build stops.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.core import load_toml


class BuildError(Exception):
    """The wheel cannot be built; the text is one sentence for the person who builds."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One `[[vendor]]` entry: a wheel of the index, and what of it is vendored."""

    name: str
    version: str
    sha256: str
    unpack: str | None = None
    """A folder (`pip/`) or a module (`pynvml.py`) of the wheel; None: only its licences."""
    licenses: str | None = None
    """A folder below the wheel's `licenses/` with one folder per library; None: its own."""

    @property
    def requirement(self) -> str:
        """The requirement that names exactly this release."""
        return f"{self.name}=={self.version}"


class VendorHook(BuildHookInterface[BuilderConfig]):
    """Adds `pip_variants/_vendor/` to the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out the vendored files in a temporary folder and map it to the wheel's root."""
        if version == "editable":
            self.app.abort(
                "An editable install of pep_xxx_wheel_variants cannot carry the patched pip;"
                " run `pip install .` instead."
            )
        self._work = tempfile.TemporaryDirectory(prefix="pip-variants-build-")
        try:
            tree = assemble(Path(self.root, self.config["series"]), Path(self._work.name))
        except BuildError as error:
            self._work.cleanup()
            self.app.abort(str(error))
        build_data["force_include"][str(tree)] = "/"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 (hatchling's signature)
        """Remove the temporary folder."""
        self._work.cleanup()


def assemble(series: Path, work: Path) -> Path:
    """Return a folder, below *work*, that holds what the series adds to the wheel's root.

    Raise BuildError when a file cannot be fetched, is not the pinned one, or a patch does not fit.
    """
    config = load_toml(str(series / "series.toml"))
    tree = work / "tree"
    vendor = tree / "pip_variants" / "_vendor"
    for entry in config["vendor"]:
        pin = Pin(**entry)
        unpack(fetch(pin, work), pin, vendor)
    for target, source in config["pip"]["add"].items():
        _copy_modules(series / source, vendor / "pip" / target)
    for name in config["pip"]["patches"]:
        apply_patch(Path(name).name, _read(series / name).decode(), vendor / "pip")
    return tree


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
            archive.extractall(vendor, names)
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
        _, inside, path = name.partition(".dist-info/licenses/")
        if inside and path.startswith(pin.licenses or ""):
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


def apply_patch(name: str, text: str, root: Path) -> None:
    """Apply the diff *text*, called *name*, to the files below *root*.

    It opens with its reasons; then come, per file, `--- a/FILE`, `+++ b/FILE` and hunks. A hunk
    begins with a line `@@` and has no line numbers: its context and removed lines must occur in the
    file exactly once. Line endings and a missing final newline are preserved. Raise BuildError,
    before the file is changed, with the line of the patch that does not fit.
    """
    lines = text.removesuffix("\n").split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("--- a/")]
    if not starts or not "".join(lines[: starts[0]]).strip():
        raise BuildError(f"{name} must open with its reasons and then change at least one file.")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        path = lines[start].removeprefix("--- a/")
        target = root / path
        if lines[start + 1 : start + 2] != [f"+++ b/{path}"] or not target.is_file():
            raise BuildError(
                f"{name}, line {start + 1}: {path} is not a file of the unpacked release."
            )
        source = target.read_bytes().decode()
        newline = "\r\n" if "\r\n" in source else "\n"
        changed = source.split(newline)
        for number, old, new in _hunks(name, lines, start + 2, end):
            positions = _occurrences(old, changed)
            if len(positions) != 1:
                found = "gone from" if not positions else f"ambiguous ({len(positions)} times) in"
                raise BuildError(f"{name}, line {number}: the context is {found} {path}.")
            changed[positions[0] : positions[0] + len(old)] = new
        target.write_bytes(newline.join(changed).encode())


def _hunks(
    name: str, lines: Sequence[str], start: int, end: int
) -> Iterator[tuple[int, list[str], list[str]]]:
    """Yield, for each hunk, its line in the patch, its old lines and its new lines.

    Raise BuildError for a line that does not belong into a hunk, and for one without effect.
    """
    headers = [i for i in range(start, end) if lines[i] == "@@"]
    if headers[:1] != [start]:
        raise BuildError(f"{name}, line {start + 1}: {lines[start : start + 1]} is not a hunk.")
    for first, last in zip(headers, [*headers[1:], end], strict=True):
        old: list[str] = []
        new: list[str] = []
        for i in range(first + 1, last):
            mark, line = lines[i][:1], lines[i][1:]
            if mark not in {" ", "-", "+"}:
                raise BuildError(f"{name}, line {i + 1}: {lines[i]!r} is not part of a hunk.")
            if mark != "+":
                old.append(line)
            if mark != "-":
                new.append(line)
        if not old or old == new:
            raise BuildError(f"{name}, line {first + 1}: the hunk has no context or no effect.")
        yield first + 1, old, new


def _occurrences(block: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Return every index of *lines* at which *block* begins."""
    last = len(lines) - len(block)
    return [i for i in range(last + 1) if lines[i : i + len(block)] == block]
