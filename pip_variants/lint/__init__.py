"""What is wrong with published variants: files in, findings out (PEP 825, PEP 850).

Nothing here reads a file or queries a machine.
"""
