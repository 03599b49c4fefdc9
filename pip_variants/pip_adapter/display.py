"""Explanations on pip's console."""

from __future__ import annotations

import logging

from pip._vendor.rich.console import RenderableType

from pip_variants.explain.model import Explanation
from pip_variants.explain.table import render

logger = logging.getLogger(__name__)


def log_explanation(explanation: Explanation, level: int = logging.INFO) -> None:
    """Log an explanation as a table."""
    log_table(render(explanation), level)


def log_table(drawn: RenderableType, level: int = logging.INFO) -> None:
    """Log what rich draws, in the way of pip's own rich output."""
    logger.log(level, "[present-rich] %s", drawn, extra={"rich": True})
