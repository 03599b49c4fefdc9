"""Edges that ask this machine what it supports: a thin reader and a pure ``detect`` each."""
