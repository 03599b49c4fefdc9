"""Stands in for the pip that installs a provider: no child process, no index."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from optparse import Values
from pathlib import Path

from pip_variants.pip_adapter.compat import runnable_pip
from pip_variants.pip_adapter.plugin_env import PluginInstaller

SHA = hashlib.sha256(b"").hexdigest()
Json = dict[str, object]


def reported(name: str, version: str, sha256: str | None = SHA) -> Json:
    """Return an entry of the report of pip."""
    archive = {"archive_info": {"hashes": {"sha256": sha256}}} if sha256 else {}
    return {"metadata": {"name": name, "version": version}, "download_info": archive}


@dataclass
class FakePip:
    """Stands in for the child process: records commands, and writes what pip would write."""

    install: Sequence[Json] = (reported("gpu-provider", "1.0"),)
    status: int | None = 0
    output: str = ""
    commands: list[list[str]] = field(default_factory=list)
    environs: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)

    def run(
        self,
        python: Sequence[str],
        script: Sequence[str],
        time_limit: float,
        *,
        output: Path,
        environ: Mapping[str, str],
        tick: Callable[[], object],
    ) -> int | None:
        """Run pip in a child process, as `system.child` does."""
        words = [*python, *script]
        self.commands.append(words)
        self.environs.append(dict(environ))
        self.limits.append(time_limit)
        self.files.append(Path(words[-1]).read_text("utf-8"))
        tick()
        output.write_text(self.output, "utf-8")
        if "--report" in words:
            report = Path(words[words.index("--report") + 1])
            report.write_text(json.dumps({"install": list(self.install)}), "utf-8")
        if "--target" in words:
            site = Path(words[words.index("--target") + 1])
            info = site / "gpu_provider-1.0.dist-info"
            info.mkdir(parents=True)
            (site / "gpu_provider.py").write_text("SOURCE = 1\n")
            (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpu-provider\n")
            (info / "RECORD").write_text("gpu_provider.py,,\n")
        return self.status


def options(cache: Path | None, **values: object) -> Values:
    """Return the options of a command, of which the child needs some."""
    return Values(
        {
            "cache_dir": str(cache) if cache else False,
            "timeout": 15,
            "retries": 5,
            "cert": None,
            "client_cert": None,
            "keyring_provider": None,
            "trusted_hosts": [],
            "features_enabled": [],
            "deprecated_features_enabled": [],
            "no_index": False,
            "index_url": "https://pypi.org/simple",
            "extra_index_urls": [],
            "find_links": [],
            "proxy": "",
            **values,
        }
    )


def installer(cache: Path | None, **values: object) -> PluginInstaller:
    """Return an installer without a finder."""
    return PluginInstaller(options(cache, **values), None, lambda: None)


def without_paths(command: list[str], cache: Path) -> list[str]:
    """Return the options of pip for resolving, without those that every command has."""
    assert command[:4] == [sys.executable, "-I", runnable_pip(), "install"]
    assert command[4:15] == [
        *("--ignore-installed", "--only-binary", ":all:", "--no-variants", "--no-input"),
        *("--disable-pip-version-check", "--no-color", "--progress-bar", "off", "-q"),
        "--cache-dir",
    ]
    assert command[15] == str(cache)
    end = command.index("--dry-run") if "--dry-run" in command else command.index("--no-deps")
    return command[16:end]
