"""Declares every operation: importing this imports each file of this folder."""

from importlib import import_module
from pkgutil import iter_modules

from hearth import actions
from hearth.core.operations import OPERATIONS

_FILES = [
    import_module(f"{actions.__name__}.{file.name}")
    for file in iter_modules(actions.__path__)
    if file.name != "all"
]
_DECLARING = {operation.verb.__module__ for operation in OPERATIONS.values()}

MODULES = tuple(file for file in _FILES if file.__name__ in _DECLARING)
"""The files that have operations, by name."""
