"""Whole runs of pip, forked from one that is imported."""
