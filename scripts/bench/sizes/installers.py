"""The installers that are compared, and the environments that they install into."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from build import build_wheel, install, make_environment, python_of, releases

UV = "uv"
UV_COMPILING = "uv --compile-bytecode"


@dataclass(frozen=True, slots=True)
class Installer:
    """A command that installs into a copy of its template environment, and its kind of index.

    `program` is empty for the pip of that environment.
    """

    name: str
    kind: str
    template: Path
    program: str = ""
    options: tuple[str, ...] = ()

    def command(
        self, environment: Path, requirement: str, index: str, *, cache: Path | None, dry: bool
    ) -> list[str]:
        """Return the command that installs; without *cache* nothing is cached."""
        python = str(python_of(environment))
        if self.program:
            start = [self.program, "pip", "install", "--python", python]
            no_cache = "--no-cache"
        else:
            # Without TLS pip caches only what comes from a trusted host.
            start = [python, "-m", "pip", "install", "--trusted-host", "127.0.0.1"]
            no_cache = "--no-cache-dir"
        caching = ["--cache-dir", str(cache)] if cache else [no_cache]
        options = ["--index-url", index, *caching, *self.options, *(["--dry-run"] if dry else [])]
        return [*start, *options, requirement]


def make_installers(folder: Path) -> dict[str, Installer]:
    """Build a wheel for each upstream release, make the environments; raise BuildError.

    For each release there are stock pip and ours.
    """
    make_environment(folder / "base")

    def environment(name: str, *requirements: str) -> Path:
        copied = folder / name
        shutil.copytree(folder / "base", copied, symlinks=True)
        install(python_of(copied), *requirements)
        return copied

    installers = []
    for upstream in releases():
        pinned = f"pip=={upstream}"
        stock, ours = (
            environment(f"pip-{upstream}", pinned),
            environment(f"ours-{upstream}", pinned),
        )
        wheel = build_wheel(folder / "dist", upstream=upstream, report=lambda _: None)
        install(python_of(ours), "--no-index", str(wheel))
        installers.append(Installer(f"pip {upstream}", "plain", stock))
        installers.append(Installer(f"ours {wheel.name.split('-')[1]}", "variants", ours))
    python = python_of(environment("uv", "uv"))
    program = str(python.with_name(f"uv{python.suffix}"))
    preview = ("--preview-features", "wheel-variants")
    template = installers[0].template
    installers += [
        Installer(UV, "variants", template, program, preview),
        Installer(UV_COMPILING, "variants", template, program, (*preview, "--compile-bytecode")),
    ]
    return {installer.name: installer for installer in installers}


def stock_name() -> str:
    """Return the name of the installer that the targets refer to."""
    return f"pip {releases()[0]}"


def copy_environment(template: Path, target: Path) -> None:
    """Copy a virtual environment; the files of its packages are shared by hard links."""

    def copy_file(source: str, destination: str) -> None:
        if Path(source).parent.name == "bin" or source.endswith(".cfg"):
            shutil.copy2(source, destination)
        else:
            os.link(source, destination)

    shutil.copytree(template, target, symlinks=True, copy_function=copy_file)


def site_of(environment: Path) -> Path:
    """Return the folder of an environment's packages."""
    return next(environment.glob("lib/python*/site-packages"))
