"""A folder with an installed plugin of any source, and its result."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

from pip_variants.core.properties import Property
from pip_variants.providers import plugin
from pip_variants.providers.result import ProviderResult

_CONFIG = """\
from collections import namedtuple
Config = namedtuple("Config", "name values")
Config3 = namedtuple("Config3", "name values multi_value")
"""

RETURNS_ARCH = "def get_supported_configs(): return [Config('arch', ['a'])]"
"""The source of a plugin that supports one value."""


class PluginFolder:
    """The folder ``site`` with the installed distribution gpu-provider 1.0."""

    def __init__(self, site: Path) -> None:
        self.site = site
        info = site / "gpu_provider-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gpu-provider\nVersion: 1.0\n")

    def query(
        self,
        source: str,
        plugin_api: str = "gpu",
        known: frozenset[Property] = frozenset(),
        *,
        time_limit: float = plugin.TIME_LIMIT,
        tick: Callable[[], object] | None = None,
    ) -> ProviderResult:
        """Return the result of the plugin whose module ``gpu`` has this source."""
        text = _CONFIG + textwrap.dedent(source).lstrip("\n")
        (self.site / "gpu.py").write_text(text, encoding="utf-8", errors="surrogatepass")
        folder = Path(tempfile.mkdtemp(dir=self.site.parent))
        return plugin.query(self.site, folder, plugin_api, known, time_limit=time_limit, tick=tick)
