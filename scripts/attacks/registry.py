"""The families of the suite, in the order in which they run."""

from __future__ import annotations

from .kills.kill import Kill
from .kills.together import Together
from .readers.choices import Choices
from .readers.headers import ServerReplies
from .readers.json_documents import JsonDocuments
from .readers.markers import Markers
from .readers.names import Names
from .readers.pages import Pages
from .readers.probes import Probes
from .readers.toml_files import TomlFiles
from .readers.zip_archives import ZipArchives
from .runner import Entry
from .runs.families import Damage, Options, Plugin, Server, Wheel

IN_PROCESS: tuple[Entry, ...] = (
    Entry(JsonDocuments),
    Entry(Choices),
    Entry(TomlFiles),
    Entry(ZipArchives),
    Entry(Names),
    Entry(Markers),
    Entry(Pages),
    Entry(ServerReplies),
    Entry(Probes),
)
"""Readers of foreign text, in a process with the engine."""

WHOLE_RUNS: tuple[Entry, ...] = (
    Entry(Server, limit=60),
    Entry(Wheel, limit=60),
    Entry(Plugin, limit=90),
    Entry(Damage, limit=60),
    Entry(Options, limit=60),
)
"""Whole runs of pip."""

KILLED: tuple[Entry, ...] = (
    Entry(Kill, limit=300, processes=1),
    Entry(Together, limit=300, processes=1),
)
"""Pips that are ended at any moment, and several at once."""

FAMILIES = (*IN_PROCESS, *WHOLE_RUNS, *KILLED)
