"""Explanations on pip's console."""

from __future__ import annotations

import logging

from pip_variants.explain.model import Explanation
from pip_variants.explain.table import render

logger = logging.getLogger(__name__)


def log_explanation(explanation: Explanation, level: int = logging.INFO) -> None:
    """Log an explanation as a table, in the way of pip's own rich output."""
    logger.log(level, "[present-rich] %s", render(explanation), extra={"rich": True})
