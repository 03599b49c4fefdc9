"""Readers of foreign text, in a process with the engine."""
