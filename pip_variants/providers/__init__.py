"""What this machine supports: resolution per namespace, built-in providers, plugins.

A built-in provider is a thin reader of the machine and a pure ``detect(facts)``.
"""
