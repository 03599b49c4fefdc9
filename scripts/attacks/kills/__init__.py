"""Pips that are ended at any moment, and several at once."""
