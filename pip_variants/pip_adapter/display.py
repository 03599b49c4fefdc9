"""What commands print on pip's console: lines, documents and tables."""

from __future__ import annotations

import logging

from pip._vendor.rich.console import RenderableType

from pip_variants.core.errors import one_line
from pip_variants.explain import messages
from pip_variants.explain.model import Explanation
from pip_variants.explain.table import render

logger = logging.getLogger(__name__)
_output = logging.getLogger("pip_variants.output")


def log_explanation(explanation: Explanation, level: int = logging.INFO) -> None:
    """Log an explanation as a table."""
    log_table(render(explanation), level)


def log_table(drawn: RenderableType, level: int = logging.INFO) -> None:
    """Log what rich draws, in the way of pip's own rich output."""
    logger.log(level, "[present-rich] %s", drawn, extra={"rich": True})


def print_line(text: str) -> None:
    """Print one line of what a command was started for, whatever characters it has."""
    _output.info("%s", one_line(text))


def print_document(text: str) -> None:
    """Print a text in a format of its own, such as JSON, in which foreign text is escaped."""
    _output.info("%s", text)


def warn_not_removed(file: str, error: OSError) -> None:
    """Warn of a file in the cache that cannot be removed."""
    logger.warning("%s", messages.not_removed(file, error.strerror or str(error)))
