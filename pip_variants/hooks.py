"""The facade behind ``pip._variants``: every name that the patched pip uses, and where it is.

What a run of pip does not need is not imported: the modules come with the first use of a name.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .process import process

if TYPE_CHECKING:
    from .choosing import Arranged, Info

__all__ = ["Arranged", "Info", "note", "process"]

note = process.sources.note

_MODULES = {
    "choosing": ("arranged", "preferred", "wanted", "why_not"),
    "dependencies": ("bind",),
    "errors": ("FilenameError", "RequestError"),
    "filenames": ("label_of", "split_label"),
    "installed": ("add_column", "label_entry", "misfits", "shown", "variant_entry"),
    "introducing": ("examine", "introduce", "report_entry"),
    "replacing": ("Looking", "differs", "replaced"),
    "steering": ("describe", "switch", "trust"),
    "wishes": ("unmet", "wish", "without_wish"),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Return what stands behind a name of the facade, from now on without this detour."""
    if name not in _PLACES:
        raise AttributeError(name)
    found = getattr(import_module(f"pip_variants.{_PLACES[name]}"), name)
    globals()[name] = found
    return found
