"""What is wrong with published variants: files in, findings out (PEP 825, PEP 850).

Nothing here reads a file or asks a machine: what must be parsed by pip's own parsers is handed in.
"""

from .document import Document, check_document
from .findings import KINDS, Finding, Severity, finding, summary
from .markers import Parsers
from .release import Release, check_release
from .wheel import check_wheel

__all__ = [
    "KINDS",
    "Document",
    "Finding",
    "Parsers",
    "Release",
    "Severity",
    "check_document",
    "check_release",
    "check_wheel",
    "finding",
    "summary",
]
